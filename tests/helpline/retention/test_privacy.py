"""Every field of every model says whether it is kept, blanked or sealed."""

from typing import Any

import pytest
from django.apps import apps
from django.db import models

from helpline.crypto.fields import SealedField
from helpline.retention import privacy
from reports.models import Draft, Message, Report


@pytest.mark.parametrize("model", privacy.own_models(), ids=lambda model: model._meta.label)
def test_every_field_of_every_model_is_classified_once(model: type[models.Model]) -> None:
    assert privacy.gaps(model) == []


def test_our_own_models_are_meant_and_nobody_elses() -> None:
    labels = {model._meta.app_label for model in privacy.own_models()}

    assert labels >= {"accounts", "audit", "cases", "health", "platforms", "reports", "takedowns", "web"}
    assert not labels & {"auth", "contenttypes", "sessions", "account"}


def a_model(name: str, said: type | None, fields: dict[str, Any]) -> type[models.Model]:
    """A model that is in no database; `said` becomes its class Privacy."""
    meta = type("Meta", (), {"app_label": "health", "managed": False})
    body: dict[str, Any] = {"__module__": __name__, "Meta": meta, **fields}
    if said is not None:
        body["Privacy"] = said
    try:
        return type(name, (models.Model,), body)
    finally:
        apps.all_models["health"].pop(name.lower(), None)


def test_a_model_that_says_nothing_is_a_gap() -> None:
    model = a_model("Silent", None, {"name": models.TextField()})

    assert privacy.gaps(model) == ["health.Silent has no class Privacy."]


def test_each_kind_of_gap_is_named() -> None:
    said = type("Privacy", (), {"keep": ("id", "name", "name", "words", "gone"), "sealed": ("open",)})
    model = a_model(
        "Careless",
        said,
        {
            "name": models.TextField(),
            "words": SealedField(),
            "open": models.TextField(),
            "forgotten": models.TextField(),
        },
    )

    assert sorted(privacy.gaps(model)) == [
        "health.Careless.forgotten is not classified.",
        "health.Careless.gone is classified but is no field.",
        "health.Careless.name is classified 2 times.",
        "health.Careless.open is a SealedField and must be classified as sealed, and only those.",
        "health.Careless.words is a SealedField and must be classified as sealed, and only those.",
    ]


def test_blanking_empties_what_is_blanked_and_sealed_and_nothing_else() -> None:
    report = Report(language="fr", staff_key=b"k", code_key=b"k", locator=b"l", story=b"s", school=b"s")

    names = privacy.blank(report)

    said = privacy.classification(Report)
    assert set(names) == set(said.blank) | set(said.sealed)
    assert all(getattr(report, name) is None for name in names)
    assert report.language == "fr"


@pytest.mark.parametrize("model", [Draft, Report, Message])
def test_words_of_young_people_are_sealed(model: type[models.Model]) -> None:
    """No column of theirs holds free text in the clear."""
    free_text = [
        field.name
        for field in model._meta.concrete_fields
        if isinstance(field, models.TextField | models.JSONField)
        or (isinstance(field, models.CharField) and (field.max_length or 0) > 20)
    ]

    assert free_text == []
