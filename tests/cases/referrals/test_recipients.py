"""The data of the recipients: the file that ships holds, and one that does not is named at the start."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from cases.referrals import recipients
from cases.referrals.recipients import BadFile, check_file
from cases.referrals.states import Part, RecipientKind

SHIPPED = json.loads(Path(settings.REFERRALS_FILE).read_text())


def test_the_file_that_ships_holds_and_names_every_kind() -> None:
    assert check_file() == []
    assert set(recipients.current().recipients) == set(RecipientKind.values)


def test_every_article_that_ships_says_that_it_is_to_be_checked() -> None:
    for article in recipients.current().articles.values():
        assert "to check" in article.says["en"].lower()
        assert "à vérifier" in article.says["fr"].lower()


def test_what_leads_to_a_person_is_never_ticked_beforehand() -> None:
    for one in recipients.current().recipients.values():
        assert not recipients.NEVER_TICKED & set(one.ticked)


def _without_a_kind(body: Any) -> None:
    del body["recipients"][0]


def _ticked_story(body: Any) -> None:
    body["recipients"][0]["ticked"].append(Part.STORY)


def _unknown_article(body: Any) -> None:
    body["recipients"][0]["articles"] = ["1-x"]


def _duty_without_article(body: Any) -> None:
    body["recipients"][0]["articles"] = []


def _no_days(body: Any) -> None:
    body["recipients"][0]["follow_up_days"] = 0


def _other_layout(body: Any) -> None:
    body["layout"] = "referrals/9"


def _no_words(body: Any) -> None:
    body["articles"][0]["says"] = {}


@pytest.mark.parametrize(
    "spoil",
    [
        _without_a_kind,
        _ticked_story,
        _unknown_article,
        _duty_without_article,
        _no_days,
        _other_layout,
        _no_words,
    ],
)
def test_a_file_that_does_not_hold_is_named(
    spoil: Callable[[Any], None], tmp_path: Path, settings: Any
) -> None:
    body = json.loads(json.dumps(SHIPPED))
    spoil(body)
    settings.REFERRALS_FILE = str(tmp_path / "mine.json")
    Path(settings.REFERRALS_FILE).write_text(json.dumps(body))
    with pytest.raises(BadFile, match=r"mine\.json"):
        recipients.current()
    [found] = check_file()
    assert found.id == "referrals.E001"


@pytest.mark.parametrize("text", [None, "{", "[]", "7"])
def test_a_file_that_is_none_is_named(text: str | None, tmp_path: Path, settings: Any) -> None:
    settings.REFERRALS_FILE = str(tmp_path / "mine.json")
    if text is not None:
        Path(settings.REFERRALS_FILE).write_text(text)
    with pytest.raises(BadFile):
        recipients.current()


def test_an_operator_decides_what_a_recipient_accepts(tmp_path: Path, settings: Any) -> None:
    body = json.loads(json.dumps(SHIPPED))
    school = next(one for one in body["recipients"] if one["kind"] == "school")
    school |= {"bases": ["legal-duty"], "follow_up_days": 3}
    settings.REFERRALS_FILE = str(tmp_path / "mine.json")
    Path(settings.REFERRALS_FILE).write_text(json.dumps(body))
    assert recipients.of_kind("school").follow_up_days == 3
    assert [str(basis) for basis in recipients.of_kind("school").bases] == ["legal-duty"]
