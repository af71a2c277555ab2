"""A notice that would not hold waits as a draft, says how to mend it, and leaves once it holds."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from cases.models import Case
from cases.takedowns import actions, mending, notices
from cases.takedowns.actions import NoChannel, WeakNotice
from cases.takedowns.models import Notice, Takedown
from cases.takedowns.states import ForbiddenMove, Status
from helpline.accounts.models import Staff
from helpline.audit.models import AuditRow
from helpline.platforms.models import Channel, ChannelKind, Platform
from reports import actions as reports
from reports.actions import LinkFacts
from reports.models import Link
from reports.states import LinkStatus
from tests.cases.takedowns.standing import standing
from tests.cast import NOON

OpenCase = Callable[..., Case]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("chatter")]


@pytest.fixture
def weak(open_case: OpenCase) -> Case:
    """A case with an account name where the address of a post should be."""
    case = open_case(links=(LinkFacts(account="mean", platform="chatter"),))
    Link.objects.update(kind="post")
    return case


def keep(case: Case, by: Staff) -> Takedown:
    links = list(case.report.links.all())
    [row] = actions.request_takedown(case=case, links=links, by=by, at=NOON, keep_draft=True)
    return row


def mend() -> None:
    """The account itself is the matter, and its page is known."""
    box = Case.objects.get().box()
    link = Link.objects.get()
    link.kind, link.url = "post", box.seal(link, "url", "https://chatter.example/p/1")
    link.save()


def test_it_is_kept_with_what_to_mend_and_nobody_is_told_it_is_on_its_way(weak: Case, nour: Staff) -> None:
    row = keep(weak, nour)
    assert (row.status, row.notice.due_at) == (Status.DRAFT, None)
    [event] = row.events.all()
    assert [one["code"] for one in event.detail["findings"]] == ["no_url"]
    assert weak.report.links.get().status == LinkStatus.RECEIVED
    assert not weak.events.filter(what="requested").exists()
    with pytest.raises(actions.AlreadyRequested):
        keep(weak, nour)


def test_without_being_asked_to_nothing_is_kept(weak: Case, nour: Staff) -> None:
    with pytest.raises(WeakNotice):
        actions.request_takedown(case=weak, links=list(weak.report.links.all()), by=nour, at=NOON)
    assert not Notice.objects.exists()


def test_what_holds_leaves_even_if_a_draft_might_have_been_kept(open_case: OpenCase, nour: Staff) -> None:
    assert keep(open_case(), nour).status == Status.QUEUED


def test_checked_again_it_stays_until_it_is_mended_and_then_leaves(weak: Case, nour: Staff) -> None:
    row = keep(weak, nour)
    checked = mending.check_again(takedown=row, by=nour, at=NOON)
    assert (checked.left, [one.code for one in checked.findings]) == (False, ["no_url"])
    assert row.events.count() == 1  # nothing new was found
    mend()
    assert mending.check_again(takedown=row, by=nour, at=NOON).left
    row.refresh_from_db()
    assert (row.status, row.notice.due_at) == (Status.QUEUED, NOON)
    assert weak.report.links.get().status == LinkStatus.IN_PROGRESS
    assert weak.events.filter(what="requested").count() == 1
    with pytest.raises(ForbiddenMove):
        mending.check_again(takedown=row, by=nour, at=NOON)


def test_a_channel_that_is_over_is_replaced_by_the_best_of_today(
    weak: Case, nour: Staff, chatter: Platform, anouk: Staff
) -> None:
    row = keep(weak, nour)
    mend()
    Channel.objects.update(enabled=False)
    with pytest.raises(NoChannel):
        mending.check_again(takedown=row, by=nour, at=NOON)
    form = Channel.objects.create(
        platform=chatter,
        slug="chatter-form",
        kind=ChannelKind.WEB_FORM,
        address="https://chatter.example/form",
        enabled=True,
        approved_at=NOON,
        approved_by=anouk,
    )
    assert mending.check_again(takedown=row, by=nour, at=NOON).left
    row.refresh_from_db()
    assert (row.status, row.notice.channel, row.notice.due_at) == (Status.TO_FILE, form, None)


def test_a_draft_for_what_another_case_asks_for_by_now_gives_way(
    weak: Case, open_case: OpenCase, nour: Staff, sacha: Staff
) -> None:
    row = keep(weak, nour)
    other = open_case(links=(LinkFacts(url="https://chatter.example/p/1"),), by=sacha)
    first = Link.objects.get(report=other.report)
    actions.request_takedown(case=other, links=[first], by=sacha, at=NOON)
    box, link = weak.box(), weak.report.links.get()
    link.url, link.url_index = box.seal(link, "url", "https://chatter.example/p/1"), first.url_index
    link.save()
    assert mending.check_again(takedown=row, by=nour, at=NOON).left
    row.refresh_from_db()
    assert row.status == Status.CANCELLED
    assert weak.takedowns.exclude(pk=row.pk).get().status == Status.QUEUED
    assert Notice.objects.exclude(due_at=None).count() == 1


def test_what_leads_to_somebody_of_another_case_is_said_without_what(
    open_case: OpenCase, nour: Staff, sacha: Staff
) -> None:
    """Given a draft two cases share, when Nour's words name Sacha's young person, then she learns that, and not what."""
    mine, theirs = open_case(), open_case(by=sacha, answers={"handle": "river.kid"})
    [row] = actions.request_takedown(case=mine, links=list(mine.report.links.all()), by=nour, at=NOON)
    [shared] = actions.request_takedown(case=theirs, links=list(theirs.report.links.all()), by=sacha, at=NOON)
    assert shared.notice_id == row.notice_id
    Takedown.objects.update(status=Status.DRAFT)
    Notice.objects.update(due_at=None)

    checked = mending.check_again(takedown=row, by=nour, at=NOON, facts="Look at River Kid’s wall.")

    assert [one.code for one in checked.findings] == ["elsewhere"]
    codes = {
        one.pk: [found["code"] for found in one.events.filter(what=Status.DRAFT).get().detail["findings"]]
        for one in (row, shared)
    }
    assert codes == {row.pk: ["elsewhere"], shared.pk: ["facts_name"]}
    [line] = AuditRow.objects.filter(verb="takedown.stopped")
    assert (line.actor, line.object_id, line.detail) == (
        f"staff:{nour.pk}",
        str(row.pk),
        {"what": "elsewhere"},
    )
    # Whoever works on the other case reads of it in words, and not of Nour's.
    again = mending.check_again(takedown=shared, by=sacha, at=NOON)
    assert [one.code for one in again.findings] == ["facts_name"]
    assert AuditRow.objects.filter(verb="takedown.stopped").count() == 1
    assert mending.check_again(takedown=row, by=nour, at=NOON, facts="At 0:42.").left


def test_withdrawn_while_it_waits(weak: Case, nour: Staff) -> None:
    row = keep(weak, nour)
    reports.withdraw(report=weak.report, links=[row.link], at=NOON)
    actions.follow_withdrawals(at=NOON)
    row.refresh_from_db()
    assert row.status == Status.WITHDRAWN


# --- the pages --------------------------------------------------------------------------------------------


def test_kept_from_the_request_page_and_mended_on_the_desk(
    weak: Case, nour: Staff, desk: Callable[[Staff], Client]
) -> None:
    client, ask = desk(nour), f"/staff/cases/{weak.ref}/takedowns/"
    assert "Keep as a draft" in client.get(ask).content.decode()
    link = weak.report.links.get()
    answer = client.post(ask, {"staying": str(link.pk), "keep": "chatter"}, follow=True)
    assert "Kept as a draft." in answer.content.decode()
    row = Takedown.objects.get()
    assert row.status == Status.DRAFT
    for page in ("/staff/takedowns/?tab=draft", f"/staff/takedowns/{row.pk}/", f"/staff/cases/{weak.ref}/"):
        shown = client.get(page).content.decode()
        assert "Add the address of the post or of the profile page." in shown, page
        assert "Check again" in shown
    said = client.post(f"/staff/takedowns/{row.pk}/check/", {"from": "desk", "tab": "draft"}, follow=True)
    assert "It would still not hold." in said.content.decode()
    mend()
    said = client.post(f"/staff/takedowns/{row.pk}/check/", follow=True)
    assert "It holds now." in said.content.decode()
    said = client.post(f"/staff/takedowns/{row.pk}/check/", follow=True)
    assert "It changed meanwhile" in said.content.decode()


def test_what_was_added_is_mended_where_it_waits(
    open_case: OpenCase, nour: Staff, desk: Callable[[Staff], Client]
) -> None:
    case, client = open_case(answers={"handle": "river.kid"}), desk(nour)
    link = str(case.report.links.get().pk)
    typed = "Look at River Kid’s wall."
    client.post(
        f"/staff/cases/{case.ref}/takedowns/", {"staying": link, "keep": "chatter", "facts-chatter": typed}
    )
    row = Takedown.objects.get()
    assert row.status == Status.DRAFT
    here, field = f"/staff/takedowns/{row.pk}/", f"facts-{row.pk.hex}"
    for page in (here, f"/staff/cases/{case.ref}/"):
        assert typed in client.get(page).content.decode()
    on_desk = client.get("/staff/takedowns/?tab=draft").content.decode()
    assert typed not in on_desk and "Mend it" in on_desk
    again = "It is on River Kid’s wall, at 0:42."
    client.post(f"{here}check/", {field: again})
    row.refresh_from_db()
    assert row.status == Status.DRAFT
    assert again in client.get(here).content.decode()  # nothing typed is lost
    said = client.post(f"{here}check/", {field: "At 0:42."}, follow=True).content.decode()
    assert "It holds now." in said
    row.refresh_from_db()
    assert row.status == Status.QUEUED
    assert notices.content_of(row.notice).facts == "At 0:42."


def test_somebody_elses_draft_is_not_there(
    weak: Case, nour: Staff, sacha: Staff, desk: Callable[[Staff], Client]
) -> None:
    row = keep(weak, nour)
    assert desk(sacha).post(f"/staff/takedowns/{row.pk}/check/").status_code == 404


def test_the_tab_costs_the_same_for_two_drafts_and_for_ten(
    open_case: OpenCase, nour: Staff, desk: Callable[[Staff], Client], django_assert_max_num_queries: Any
) -> None:
    client = desk(nour)

    def more(count: int, start: int) -> None:
        for number in range(start, start + count):
            case = open_case(links=(LinkFacts(url=f"https://chatter.example/d/{number}"),))
            standing(Status.DRAFT, case=case, by=nour, at=NOON)

    more(2, 0)
    with django_assert_max_num_queries(20) as few:
        client.get("/staff/takedowns/?tab=draft")
    more(8, 2)
    with django_assert_max_num_queries(len(few)):
        client.get("/staff/takedowns/?tab=draft")
