"""Who allowed the helpline to sign: kept in the case, needed by one law, never part of a notice."""

from collections.abc import Callable

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client

from cases.letters import actions
from cases.letters.models import Mandate
from cases.letters.states import GivenBy, GivenHow
from cases.letters.writing import text
from cases.models import Case
from cases.takedowns import asking, dispatch, mending, notices, together
from cases.takedowns.actions import WeakNotice, request_takedown, resolve_unknown, retry
from cases.takedowns.connectors import Sent
from cases.takedowns.models import Notice, Takedown
from cases.takedowns.states import Result, Status
from helpline.accounts.models import Staff
from helpline.audit.models import AuditRow
from helpline.crypto.wrapping import WrongKey
from helpline.platforms.models import Channel, ChannelKind, Platform
from reports import actions as reports
from reports.actions import LinkFacts
from tests.at_once import at_once
from tests.cases.takedowns.standing import standing
from tests.cast import NOON

pytestmark = pytest.mark.django_db
Desk = Callable[[Staff], Client]


@pytest.fixture
def case(open_case: Callable[..., Case], chatter: Platform) -> Case:
    return open_case(answers={"handle": "river.kid"})


@pytest.fixture
def us(chatter: Platform) -> None:
    """Chatter takes notices under the law of the United States alone."""
    Channel.objects.filter(platform=chatter).update(regimes=["us-take-it-down"])


def record(case: Case, by: Staff, words: str = "Oui, signez.") -> Mandate:
    return actions.record_mandate(
        case=case,
        given_by=GivenBy.PARENT,
        given_how=GivenHow.ALOUD,
        given_on=NOON.date(),
        words=words,
        by=by,
        at=NOON,
    )


def ask(case: Case, by: Staff) -> None:
    request_takedown(case=case, links=list(case.report.links.all()), by=by, at=NOON)


def test_without_a_mandate_nothing_is_signed_or_sent(us: None, case: Case, nour: Staff) -> None:
    with pytest.raises(WeakNotice) as weak:
        ask(case, nour)
    assert [one.code for one in weak.value.findings] == ["no_signature"]


def test_the_notice_is_signed_and_says_nothing_of_who_allowed_it(us: None, case: Case, nour: Staff) -> None:
    record(case, nour)
    ask(case, nour)
    content = notices.content_of(Notice.objects.get())
    assert content.signature is not None and content.signature["capacity"] == "authorised representative"
    assert "Signed electronically:" in text(content)
    said = notices.to_json(content).lower()
    for private in ("parent", "signez", "river.kid", case.ref.lower()):
        assert private not in said


def test_taken_back_it_counts_no_more_and_can_stand_again(us: None, case: Case, nour: Staff) -> None:
    mandate = record(case, nour)
    actions.revoke_mandate(mandate=mandate, by=nour, at=NOON)
    actions.revoke_mandate(mandate=mandate, by=nour, at=NOON)
    with pytest.raises(WeakNotice):
        ask(case, nour)
    actions.restore_mandate(mandate=mandate, by=nour, at=NOON)
    ask(case, nour)
    assert AuditRow.objects.filter(verb__startswith="mandate.", object_id=str(mandate.pk)).count() == 3


def test_one_stands_at_a_time(case: Case, nour: Staff) -> None:
    first = record(case, nour)
    with pytest.raises(actions.MandateStands):
        record(case, nour)
    actions.revoke_mandate(mandate=first, by=nour, at=NOON)
    record(case, nour)
    with pytest.raises(actions.MandateStands):
        actions.restore_mandate(mandate=first, by=nour, at=NOON)


@pytest.mark.django_db(transaction=True)
def test_two_who_record_at_once_record_one(case: Case, nour: Staff, maud: Staff) -> None:
    answers = at_once(lambda: record(Case.objects.get(), nour), lambda: record(Case.objects.get(), maud))
    assert sum(isinstance(one, actions.MandateStands) for one in answers) == 1
    assert Mandate.objects.count() == 1


def test_a_stranger_records_and_revokes_nothing(case: Case, nour: Staff, sacha: Staff) -> None:
    with pytest.raises(PermissionDenied):
        record(case, sacha)
    with pytest.raises(PermissionDenied):
        actions.revoke_mandate(mandate=record(case, nour), by=sacha, at=NOON)


def test_the_words_are_sealed_and_go_with_the_report(case: Case, nour: Staff) -> None:
    mandate = record(case, nour)
    assert b"signez" not in bytes(mandate.words or b"")
    assert case.box().open(mandate, "words") == "Oui, signez."
    assert actions.follow_erasures() == 0
    reports.erase_report(report=case.report, by="young-person", at=NOON)
    assert actions.follow_erasures() == 1
    assert Mandate.objects.get().words is None
    assert actions.follow_erasures() == 0


def test_nothing_is_recorded_for_an_erased_case(case: Case, nour: Staff) -> None:
    Case.objects.update(key=None)
    with pytest.raises(WrongKey):
        record(case, nour)


def test_on_the_case_page(case: Case, desk: Desk, nour: Staff) -> None:
    client, page = desk(nour), f"/staff/cases/{case.ref}/"
    assert "Nobody has allowed it." in client.get(page).content.decode()
    bad = client.post(f"{page}mandate/", {"mandate-given_by": "parent", "mandate-given_on": "2999-01-01"})
    assert bad.status_code == 422 and "This day is still to come." in bad.content.decode()
    said = {"mandate-given_by": "parent", "mandate-given_how": "aloud", "mandate-given_on": "2026-03-01"}
    assert "A parent allowed it" in client.post(f"{page}mandate/", said, follow=True).content.decode()
    assert "Nothing was recorded twice." in client.post(f"{page}mandate/", said, follow=True).content.decode()
    pk = Mandate.objects.get().pk
    gone = client.post(f"{page}mandate/{pk}/revoke/", follow=True).content.decode()
    assert "Taken back." in gone and f"/mandate/{pk}/restore/" in gone
    assert "It stands again." in client.post(f"{page}mandate/{pk}/restore/", follow=True).content.decode()


# --- facts for the platform


def facts(case: Case, said: str) -> asking.Draft:
    links = list(case.report.links.select_related("platform"))
    [draft] = asking.drafts(case=case, links=links, channels={}, facts={"chatter": said}, at=NOON)
    return draft


def test_facts_are_in_the_text_and_in_what_leaves(case: Case, nour: Staff) -> None:
    draft = facts(case, "At 0:42, and the three posts after it.")
    assert draft.may_leave and "What helps to find it: At 0:42" in draft.text
    asking.ask(case=case, drafted=[draft], by=nour, at=NOON)
    assert "At 0:42" in notices.content_of(Notice.objects.get()).explanation


def test_facts_that_lead_to_them_stop_it(case: Case, nour: Staff) -> None:
    draft = facts(case, "It is River Kid’s picture.")
    assert [one.code for one in draft.findings] == ["facts_name"] and not draft.may_leave
    with pytest.raises(WeakNotice):
        asking.ask(case=case, drafted=[draft], by=nour, at=NOON)
    assert not Notice.objects.exists()


def test_looking_at_the_text_sends_nothing(case: Case, desk: Desk, nour: Staff) -> None:
    page = f"/staff/cases/{case.ref}/takedowns/"
    link = str(case.report.links.get().pk)
    said = {"link": link, "facts-chatter": "At 0:42.", "look": "facts"}
    shown = desk(nour).post(page, said)
    assert shown.status_code == 200 and "What helps to find it: At 0:42." in shown.content.decode()
    assert ">Detail for Chatter</label>" in shown.content.decode()
    assert not Notice.objects.exists()
    desk(nour).post(page, {"link": link, "facts-chatter": "At 0:42."})
    assert "At 0:42." in notices.content_of(Notice.objects.get()).explanation


# --- taken back: what has not left stays here


def signed(case: Case, by: Staff) -> Takedown:
    record(case, by)
    ask(case, by)
    return case.takedowns.get()


@pytest.mark.parametrize("by_hand", [False, True])
def test_what_has_not_left_waits_unsigned(us: None, case: Case, nour: Staff, by_hand: bool) -> None:
    if by_hand:
        Channel.objects.update(kind=ChannelKind.WEB_FORM)
    row = signed(case, nour)
    assert row.status == (Status.TO_FILE if by_hand else Status.QUEUED)
    mandate = Mandate.objects.get()
    assert actions.revoke_mandate(mandate=mandate, by=nour, at=NOON) == 1
    row.refresh_from_db()
    assert (row.status, row.notice.due_at) == (Status.DRAFT, None)
    assert notices.content_of(row.notice).signature is None
    last = row.events.get(what=Status.DRAFT)
    assert (last.by, last.detail["findings"][0]["code"]) == (nour, "no_signature")
    assert not mending.check_again(takedown=row, by=nour, at=NOON).left
    actions.restore_mandate(mandate=mandate, by=nour, at=NOON)
    assert mending.check_again(takedown=row, by=nour, at=NOON).left
    row.refresh_from_db()
    assert row.status == (Status.TO_FILE if by_hand else Status.QUEUED)
    assert notices.content_of(row.notice).signature is not None


def test_under_another_law_it_goes_on(case: Case, nour: Staff) -> None:
    row = signed(case, nour)
    assert actions.revoke_mandate(mandate=Mandate.objects.get(), by=nour, at=NOON) == 0
    row.refresh_from_db()
    assert row.status == Status.QUEUED


def test_what_left_is_not_taken_back(us: None, case: Case, nour: Staff) -> None:
    row = signed(case, nour)
    dispatch.claim(dispatch.routes(["http_api"], now=NOON), limit=10, now=NOON)
    assert actions.revoke_mandate(mandate=Mandate.objects.get(), by=nour, at=NOON) == 0
    row.refresh_from_db()
    assert row.status == Status.SENDING


def test_a_worker_that_holds_it_and_has_not_looked_sends_nothing(us: None, case: Case, nour: Staff) -> None:
    row = signed(case, nour)
    taken = dispatch.take([row.notice.channel_id], limit=10)
    assert [one.id for one in taken] == [row.notice_id]
    assert actions.revoke_mandate(mandate=Mandate.objects.get(), by=nour, at=NOON) == 1
    assert dispatch.prepare(taken, now=NOON) == []
    actions.restore_mandate(mandate=Mandate.objects.get(), by=nour, at=NOON)
    assert mending.check_again(takedown=row, by=nour, at=NOON).left
    assert dispatch.prepare(taken, now=NOON) == []


def test_a_send_that_comes_back_is_taken_back_by_the_sweep(us: None, case: Case, nour: Staff) -> None:
    row = signed(case, nour)
    claims = dispatch.claim(dispatch.routes(["http_api"], now=NOON), limit=10, now=NOON)
    actions.revoke_mandate(mandate=Mandate.objects.get(), by=nour, at=NOON)
    dispatch.finish([(one, Sent(Result.RETRY)) for one in claims], now=NOON)
    row.refresh_from_db()
    assert row.status == Status.QUEUED
    assert mending.follow_revocations(at=NOON) == 1
    row.refresh_from_db()
    assert (row.status, row.notice.due_at) == (Status.DRAFT, None)
    assert mending.follow_revocations(at=NOON) == 0


def test_a_send_that_comes_back_does_not_leave_before_the_sweep_either(
    us: None, case: Case, nour: Staff
) -> None:
    row = signed(case, nour)
    claims = dispatch.claim(dispatch.routes(["http_api"], now=NOON), limit=10, now=NOON)
    actions.revoke_mandate(mandate=Mandate.objects.get(), by=nour, at=NOON)
    dispatch.finish([(one, Sent(Result.RETRY)) for one in claims], now=NOON)
    assert dispatch.claim(dispatch.routes(["http_api"], now=NOON), limit=10, now=NOON) == []
    row.refresh_from_db()
    assert (row.status, row.notice.due_at, row.notice.lease_until) == (Status.DRAFT, None, None)
    [found] = row.events.get(what=Status.DRAFT).detail["findings"]
    assert found["code"] == "no_signature"
    actions.restore_mandate(mandate=Mandate.objects.get(), by=nour, at=NOON)
    assert mending.check_again(takedown=row, by=nour, at=NOON).left


@pytest.mark.parametrize("status", [Status.FAILED, Status.UNKNOWN])
def test_no_old_signature_goes_out_again(us: None, case: Case, nour: Staff, status: Status) -> None:
    record(case, nour)
    row = standing(status, case=case, by=nour, at=NOON)
    actions.revoke_mandate(mandate=Mandate.objects.get(), by=nour, at=NOON)
    if status == Status.FAILED:
        with pytest.raises(WeakNotice):
            retry(takedown=row, by=nour, at=NOON)
    else:
        resolve_unknown(takedown=row, was_sent=False, by=nour, at=NOON)
    row.refresh_from_db()
    assert (row.status, row.notice.due_at) == (Status.FAILED, None)


def test_of_several_in_one_notice_only_theirs_stays(
    us: None, open_case: Callable[..., Case], nour: Staff, chatter: Platform
) -> None:
    Channel.objects.update(max_items=10)
    wall = LinkFacts(url="https://chatter.example/p/wall")
    cases = [open_case(links=(wall, LinkFacts(url=f"https://chatter.example/p/{n}"))) for n in range(2)]
    mandates = [record(one, nour) for one in cases]
    together.request_for_all(cases=cases, links=together.askable(cases), channel=None, by=nour, at=NOON)
    notice = Notice.objects.get()
    assert actions.revoke_mandate(mandate=mandates[0], by=nour, at=NOON) == 1
    assert mending.follow_revocations(at=NOON) == 0  # the wall goes on: the other one allows it
    assert sorted(cases[0].takedowns.values_list("status", flat=True)) == ["draft", "queued"]
    assert set(cases[1].takedowns.values_list("status", flat=True)) == {"queued"}
    draft = cases[0].takedowns.get(status=Status.DRAFT)
    assert draft.notice_id != notice.pk
    assert [one.url for one in notices.content_of(draft.notice).items] == ["https://chatter.example/p/0"]
    [claim] = dispatch.claim(dispatch.routes(["http_api"], now=NOON), limit=10, now=NOON)
    assert sorted(one.url for one in claim.content.items) == [
        "https://chatter.example/p/1",
        "https://chatter.example/p/wall",
    ]
    actions.restore_mandate(mandate=mandates[0], by=nour, at=NOON)
    assert mending.check_again(takedown=draft, by=nour, at=NOON).left


def test_who_shares_what_nobody_allows_any_more_waits_too(
    us: None, case: Case, open_case: Callable[..., Case], nour: Staff, sacha: Staff
) -> None:
    same = LinkFacts(url=case.box().open(case.report.links.get(), "url"))
    row = signed(case, nour)
    theirs = open_case(links=(same,), by=sacha)
    ask(theirs, sacha)
    assert theirs.takedowns.get().notice_id == row.notice_id
    assert actions.revoke_mandate(mandate=Mandate.objects.get(), by=nour, at=NOON) == 1
    shared = theirs.takedowns.get()
    assert shared.status == Status.DRAFT
    assert shared.events.get(what=Status.DRAFT).by is None  # nothing of a colleague of another case
    assert dispatch.claim(dispatch.routes(["http_api"], now=NOON), limit=10, now=NOON) == []


@pytest.mark.django_db(transaction=True)
def test_asked_for_and_taken_back_at_once_nothing_signed_is_left_to_leave(
    us: None, case: Case, nour: Staff
) -> None:
    mandate = record(case, nour)
    at_once(
        lambda: ask(Case.objects.get(), nour),
        lambda: actions.revoke_mandate(mandate=Mandate.objects.get(pk=mandate.pk), by=nour, at=NOON),
    )
    assert not Takedown.objects.exclude(status=Status.DRAFT).exists()


def test_the_page_says_how_many_stay(us: None, case: Case, desk: Desk, nour: Staff) -> None:
    row, client, page = signed(case, nour), desk(nour), f"/staff/cases/{case.ref}/"
    said = client.post(f"{page}mandate/{Mandate.objects.get().pk}/revoke/", follow=True).content.decode()
    assert "1 request that had not left stays here" in said
    assert "They took back that we may sign, so it stays here" in said
    assert "Check again" in client.get(f"/staff/takedowns/{row.pk}/").content.decode()


# --- on the page that asks


def test_the_law_is_chosen_and_the_mandate_recorded_right_there(case: Case, desk: Desk, nour: Staff) -> None:
    Channel.objects.update(regimes=["eu-dsa-16", "us-take-it-down"])
    client, page = desk(nour), f"/staff/cases/{case.ref}/takedowns/"
    link = str(case.report.links.get().pk)
    first = client.get(page).content.decode()
    assert "US: TAKE IT DOWN Act" in first and "Record who allowed it" not in first
    assert "LCEN" not in first  # the channel does not take it
    said = {"staying": link, "law-chatter": "us-take-it-down", "facts-chatter": "At 0:42."}
    chosen = client.post(page, said | {"look": "law"}).content.decode()
    assert "nobody has allowed us to sign" in chosen and "mandate-given_by" in chosen
    wrong = {
        "mandate-given_by": "parent",
        "mandate-given_how": "aloud",
        "mandate-given_on": "2999-01-01",
        "look": "mandate",
    }
    bad = client.post(page, said | wrong)
    assert bad.status_code == 422 and "This day is still to come." in bad.content.decode()
    for _twice in range(2):
        shown = client.post(page, said | wrong | {"mandate-given_on": "2026-03-01"}).content.decode()
        assert "Signed electronically:" in shown and "At 0:42." in shown and "Send the request" in shown
    assert Mandate.objects.count() == 1 and not Notice.objects.exists()
    client.post(page, said | {"link": link, "staying": ""})
    assert Notice.objects.get().regimes == ["us-take-it-down"]
    assert notices.content_of(Notice.objects.get()).signature is not None


def test_a_law_the_channel_does_not_take_is_passed_over(case: Case, nour: Staff) -> None:
    links = list(case.report.links.select_related("platform"))
    [draft] = asking.drafts(case=case, links=links, channels={}, laws={"chatter": "fr-lcen"}, at=NOON)
    assert (draft.regimes, draft.law) == (["eu-dsa-16"], None)
