"""Templates: version by version, with a second person; a notice keeps the words it was written in."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from cases.letters import actions, starting, wording
from cases.letters.approving import ChangeTemplate
from cases.letters.models import NoticeTemplate
from cases.letters.parts import PLACEHOLDERS, parts_of, what_is_wrong
from cases.letters.states import Status
from cases.letters.words import compared
from cases.letters.writing import text
from cases.models import Case
from cases.takedowns import notices
from cases.takedowns.actions import request_takedown
from cases.takedowns.models import Notice
from helpline.accounts.models import Staff
from helpline.approvals import actions as approvals
from helpline.approvals.handlers import CannotBeDone
from helpline.approvals.models import Approval
from helpline.audit.models import AuditRow
from helpline.platforms.models import Platform, Regime
from reports.states import ForbiddenMove, Kind
from tests.at_once import at_once
from tests.cast import NOON

pytestmark = pytest.mark.django_db
Desk = Callable[[Staff], Client]
PAGE = "/staff/letters/eu-dsa-16/fr/"


@pytest.fixture
def library(db: None) -> None:
    starting.make_missing()


def words(**changes: str) -> dict[str, str]:
    return dict(wording.packaged()["eu-dsa-16", "fr", ""].parts) | changes


def propose(by: Staff, **changes: str) -> Approval:
    return actions.propose(
        regime="eu-dsa-16", language="fr", parts=words(**changes), reason="Clearer.", by=by, at=NOON
    )


def grant(asked: Approval, by: Staff) -> None:
    approvals.decide(approval=asked, granted=True, by=by, at=NOON + timedelta(hours=1))


# --- what comes with the program


def test_every_law_in_every_language_is_there_once(library: None) -> None:
    assert NoticeTemplate.objects.in_use().count() == len(Regime.values) * len(wording.LANGUAGES)
    assert starting.make_missing() == "there are some already"
    assert set(NoticeTemplate.objects.values_list("version", flat=True)) == {1}


@pytest.mark.parametrize("slot", list(wording.packaged()))
def test_what_comes_with_the_program_would_be_taken(slot: tuple[str, str, str]) -> None:
    regime, _language, kind = slot
    assert actions.wrong_parts(wording.packaged()[slot].parts, regime=regime, kind=kind) == {}


def test_without_a_row_the_packaged_words_are_used() -> None:
    assert wording.current("eu-dsa-16", "fr").name == "eu-dsa-16/fr/0"
    with pytest.raises(LookupError):
        wording.current("eu-dsa-16", "eo")


# --- placeholders


@pytest.mark.parametrize(
    ("said", "wrong"),
    [
        ("{reference}", []),
        ("", ["This part can’t be empty."]),
        ("No number.", ["{reference} is missing."]),
        ("{reference} {child}", ["There is no placeholder {child}."]),
        ("{reference} {account}", ["{account} has no place here."]),
        (
            "{reference.__class__}",
            ["There is no placeholder {reference.__class__}.", "{reference} is missing."],
        ),
        ("{reference} {", ["A brace stands alone. Placeholders are written like {reference}."]),
    ],
)
def test_a_part_holds_its_placeholders_and_no_others(said: str, wrong: list[str]) -> None:
    subject = next(part for part in parts_of("eu-dsa-16") if part.name == "subject")
    assert what_is_wrong(subject, said) == wrong


def test_what_is_filled_in_is_no_placeholder() -> None:
    from cases.letters.parts import fill

    assert fill("{account} {reference}", account="{reference}", reference="1") == "{reference} 1"
    assert {name for part in parts_of("us-take-it-down") for name in part.holds} == set(PLACEHOLDERS)


def test_only_the_law_that_asks_for_it_has_a_signature() -> None:
    names = {regime: {part.name for part in parts_of(regime)} for regime in Regime.values}
    assert "signature" in names["us-take-it-down"] and "signature" not in names["eu-dsa-16"]
    for_threat = {part.name for part in parts_of("eu-dsa-16", Kind.THREAT)}
    assert "what_threat_minor" in for_threat and "law_threat" in for_threat
    assert not {"what_sent_minor", "law_minor"} & for_threat


# --- two people


def test_another_wording_is_used_once_a_second_person_says_yes(
    library: None, anouk: Staff, maud: Staff
) -> None:
    asked = propose(anouk, closing="Répondez-nous.")
    assert wording.current("eu-dsa-16", "fr").name == "eu-dsa-16/fr/1"
    grant(asked, maud)
    assert wording.current("eu-dsa-16", "fr").parts["closing"] == "Répondez-nous."
    old, new = NoticeTemplate.objects.of("eu-dsa-16", "fr").order_by("version")
    assert (old.status, old.used_until) == (Status.RETIRED, NOON + timedelta(hours=1))
    assert (new.status, new.by, new.based_on, new.wording) == (Status.IN_USE, anouk, 1, "eu-dsa-16/fr/2")
    assert AuditRow.objects.filter(verb="notice_template.used", object_id=str(new.pk)).exists()


def test_whoever_decides_sees_it_part_by_part(library: None, anouk: Staff) -> None:
    asked = propose(anouk, closing="Répondez-nous.")
    row = NoticeTemplate.objects.get(version=2)
    changes = ChangeTemplate().changes(asked, row)
    assert [str(one.label) for one in changes if one.is_new] == ["Last line"]
    assert len(changes) == len(parts_of("eu-dsa-16"))


def test_a_no_keeps_it_to_be_read_and_the_same_can_be_proposed_again(
    library: None, anouk: Staff, maud: Staff
) -> None:
    approvals.decide(approval=propose(anouk, closing="Non."), granted=False, by=maud, at=NOON)
    assert NoticeTemplate.objects.get(version=2).status == Status.DRAFT
    assert wording.current("eu-dsa-16", "fr").name == "eu-dsa-16/fr/1"
    grant(propose(anouk, closing="Non."), maud)
    assert wording.current("eu-dsa-16", "fr").name == "eu-dsa-16/fr/3"


def test_taken_back_it_makes_room(library: None, anouk: Staff) -> None:
    asked = propose(anouk, closing="Non.")
    with pytest.raises(actions.WaitsAlready):
        propose(anouk, closing="Oui.")
    approvals.withdraw(approval=asked, by=anouk, at=NOON)
    propose(anouk, closing="Oui.")


def test_refusals(library: None, anouk: Staff, nour: Staff, maud: Staff) -> None:
    with pytest.raises(PermissionDenied):
        propose(nour, closing="Non.")
    with pytest.raises(PermissionDenied):
        propose(maud, closing="Non.")
    with pytest.raises(actions.NothingNew):
        propose(anouk)
    with pytest.raises(actions.BadParts) as bad:
        propose(anouk, subject="Rien", other="x")
    assert set(bad.value.wrong) == {"subject", "other"}
    asked = propose(anouk, closing="Non.")
    with pytest.raises(approvals.ApprovalRefused):
        grant(asked, anouk)
    assert wording.current("eu-dsa-16", "fr").name == "eu-dsa-16/fr/1"


def test_what_was_changed_meanwhile_is_proposed_again(library: None, anouk: Staff, maud: Staff) -> None:
    asked = propose(anouk, closing="Non.")
    NoticeTemplate.objects.filter(version=2).update(based_on=7)
    with pytest.raises(CannotBeDone):
        grant(asked, maud)


def test_the_database_keeps_one_in_use_and_versions_apart(library: None) -> None:
    row = NoticeTemplate.objects.get(regime="eu-dsa-16", language="fr")
    for version in (1, 2):
        row.pk, row.version = None, version
        with pytest.raises(IntegrityError), transaction.atomic():
            row.save(force_insert=True)
    with pytest.raises(ForbiddenMove):
        row.move(Status.WAITING)


@pytest.mark.django_db(transaction=True)
def test_two_who_propose_at_once_make_one(library: None, anouk: Staff) -> None:
    answers = at_once(lambda: propose(anouk, closing="Un."), lambda: propose(anouk, closing="Deux."))
    assert sum(isinstance(one, actions.WaitsAlready) for one in answers) == 1
    assert NoticeTemplate.objects.filter(status=Status.WAITING).count() == 1


def test_one_kind_may_have_words_of_its_own(library: None, anouk: Staff, maud: Staff) -> None:
    parts = {part.name: words(closing="Vite.")[part.name] for part in parts_of("eu-dsa-16", Kind.THREAT)}
    asked = actions.propose(
        regime="eu-dsa-16", language="fr", kind=Kind.THREAT, parts=parts, reason="x", by=anouk, at=NOON
    )
    changes = ChangeTemplate().changes(asked, NoticeTemplate.objects.get(kind=Kind.THREAT))
    assert [str(one.label) for one in changes if one.is_new] == ["Last line"]
    grant(asked, maud)
    assert wording.current("eu-dsa-16", "fr", Kind.THREAT).name == "eu-dsa-16/fr/threat/1"
    assert wording.current("eu-dsa-16", "fr", Kind.SENT).name == "eu-dsa-16/fr/1"
    assert wording.of("eu-dsa-16/fr/threat/1").parts["closing"] == "Vite."


# --- a notice keeps its words


@pytest.fixture
def case(open_case: Callable[..., Case], chatter: Platform) -> Case:
    return open_case()


def test_a_notice_knows_its_wording_and_is_written_again_from_it(
    library: None, case: Case, nour: Staff, anouk: Staff, maud: Staff
) -> None:
    request_takedown(case=case, links=list(case.report.links.all()), by=nour, at=NOON)
    notice = Notice.objects.get()
    before = notices.content_of(notice)
    asked = actions.propose(
        regime="eu-dsa-16",
        language="en",
        parts=dict(wording.of(notice.wording).parts) | {"closing": "Please answer.", "request": "Remove it."},
        reason="x",
        by=anouk,
        at=NOON,
    )
    grant(asked, maud)
    after = notices.content_of(Notice.objects.get())
    assert notice.wording == before.wording == "eu-dsa-16/en/1"
    assert text(after) == text(before)
    assert notices.rewritten(notice, after) == before
    with pytest.raises(LookupError):
        wording.of("eu-dsa-16/en/9")
    with pytest.raises(LookupError):
        wording.of("nowhere")


def test_a_notice_stored_without_parts_still_reads(library: None, case: Case, nour: Staff) -> None:
    from dataclasses import replace

    request_takedown(case=case, links=list(case.report.links.all()), by=nour, at=NOON)
    content = notices.content_of(Notice.objects.get())
    assert text(replace(content, parts={})) == text(content)


def test_the_words_cost_one_question_and_then_none(library: None) -> None:
    with CaptureQueriesContext(connection) as asked:
        for language in ("fr", "en", "fr"):
            wording.current("eu-dsa-16", language, Kind.SENT)
    assert len(asked) == 1


# --- pages


def test_the_list_names_what_is_used_and_what_waits(
    library: None, desk: Desk, anouk: Staff, nour: Staff
) -> None:
    propose(anouk, closing="Non.")
    page = desk(nour).get("/staff/letters/").content.decode()
    assert "EU: Digital Services Act, article 16" in page and "French" in page
    assert page.count("Version 1") == 6 and "Version 2" in page


def test_the_list_and_a_history_cost_the_same_however_long(
    library: None, desk: Desk, anouk: Staff, maud: Staff
) -> None:
    client = desk(anouk)

    def cost(address: str) -> int:
        client.get(address)
        with CaptureQueriesContext(connection) as asked:
            assert client.get(address).status_code == 200
        return len(asked)

    before = cost("/staff/letters/"), cost(PAGE)
    for number in range(4):
        grant(propose(anouk, closing=f"Non {number}."), maud)
    assert (cost("/staff/letters/"), cost(PAGE)) == before


@pytest.mark.parametrize("kind", list(Kind))
@pytest.mark.parametrize("regime", Regime.values)
def test_a_template_is_shown_with_an_invented_case(
    library: None, desk: Desk, nour: Staff, regime: str, kind: str
) -> None:
    page = desk(nour).get(f"/staff/letters/{regime}/fr/?case_kind={kind}&age=adult").content.decode()
    parts = wording.packaged()[regime, "fr", ""].parts
    assert parts["title"] in page and parts[f"what_{kind}_adult"] in page


def test_from_when_until_when_a_version_was_used_is_said_with_the_moment(
    library: None, desk: Desk, anouk: Staff, maud: Staff
) -> None:
    grant(propose(anouk, closing="Répondez-nous."), maud)
    said = desk(anouk).get(PAGE).content.decode()
    assert said.count("used from <time") == 2 and said.count("until <time") == 1


def test_a_counsellor_reads_and_does_not_change(library: None, desk: Desk, nour: Staff) -> None:
    page = desk(nour).get(PAGE).content.decode()
    assert "/change/" not in page
    assert desk(nour).get(f"{PAGE}change/").status_code == 403


def typed(**changes: str) -> dict[str, str]:
    said = words(**changes) | {"text": "Clearer."}
    return {f"template-{name}": value for name, value in said.items()}


def test_trying_keeps_nothing_and_proposing_asks(library: None, desk: Desk, anouk: Staff) -> None:
    tried = desk(anouk).post(f"{PAGE}change/", typed(closing="Répondez vite.") | {"show": "yes"})
    assert tried.status_code == 200 and "Répondez vite." in tried.content.decode()
    assert not Approval.objects.exists()
    said = desk(anouk).post(f"{PAGE}change/", typed(closing="Répondez vite."), follow=True)
    assert "once a second person says yes" in said.content.decode()
    twice = desk(anouk).post(f"{PAGE}change/", typed(closing="Répondez mieux."))
    assert twice.status_code == 422 and "Répondez mieux." in twice.content.decode()
    assert Approval.objects.count() == 1


def test_what_is_wrong_is_said_beside_the_field(library: None, desk: Desk, anouk: Staff) -> None:
    answer = desk(anouk).post(f"{PAGE}change/", typed(subject="Sans numéro {child}"))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "There is no placeholder {child}." in page and "{reference} is missing." in page
    same = desk(anouk).post(f"{PAGE}change/", typed())
    assert same.status_code == 422 and "That is how it reads already." in same.content.decode()


def test_a_version_shows_its_change_and_can_be_gone_back_to(
    library: None, desk: Desk, anouk: Staff, maud: Staff
) -> None:
    grant(propose(anouk, closing="Merci de répondre vite."), maud)
    new = NoticeTemplate.objects.get(version=2)
    page = desk(anouk).get(f"/staff/letters/versions/{new.pk}/").content.decode()
    assert "<ins>" in page and "<del>" in page and "1 part is another" in page
    old = NoticeTemplate.objects.get(regime="eu-dsa-16", language="fr", version=1)
    desk(anouk).post(f"/staff/letters/versions/{old.pk}/again/")
    grant(Approval.objects.get(status="waiting"), maud)
    assert wording.current("eu-dsa-16", "fr").name == "eu-dsa-16/fr/3"
    assert wording.current("eu-dsa-16", "fr").parts == old.parts


def test_what_is_no_template_is_not_there(library: None, desk: Desk, anouk: Staff) -> None:
    for path in ("nowhere/fr/", "eu-dsa-16/eo/", "eu-dsa-16/fr/nothing/", "eu-dsa-16/fr/nothing/change/"):
        assert desk(anouk).get(f"/staff/letters/{path}").status_code == 404


def test_words_are_compared_one_by_one() -> None:
    runs: Any = compared("We ask you now", "We beg you now please")
    assert [(one.change, one.text.strip()) for one in runs if one.change] == [
        ("out", "ask"),
        ("in", "beg"),
        ("in", "please"),
    ]
