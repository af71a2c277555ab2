"""The cache holds JSON and never runs what it reads."""

import pickle

import pytest
from django.core.cache import cache


def test_it_keeps_what_json_can_say_and_counts() -> None:
    cache.set("a", {"times": [1.5, 2], "who": "é"})
    cache.set("n", 1)
    assert cache.get("a") == {"times": [1.5, 2], "who": "é"}
    assert cache.incr("n") == 2


def test_a_pickle_that_somebody_wrote_there_is_not_opened() -> None:
    client = cache._cache.get_client(write=True)  # type: ignore[attr-defined]
    client.set(cache.make_key("harm"), pickle.dumps({"a": 1}))
    with pytest.raises(ValueError):
        cache.get("harm")
