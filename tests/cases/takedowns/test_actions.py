"""Asking, learning, deciding."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, InternalError, transaction

from cases.ladder import clock
from cases.models import Case
from cases.takedowns import actions, desk, notices
from cases.takedowns.models import Attempt, Event, Notice, Takedown
from cases.takedowns.states import ForbiddenMove, Outcome, Result, Source, Status
from helpline.accounts.models import Staff
from helpline.audit.models import AuditRow
from helpline.platforms.models import Platform
from reports import actions as reports
from reports.actions import LinkFacts
from reports.models import Link, Update
from reports.states import LinkStatus, News

pytestmark = pytest.mark.django_db
MINUTE = timedelta(minutes=1)


@pytest.fixture
def case(open_case: Callable[..., Case], chatter: Platform) -> Case:
    return open_case(school="Collège des Dunes", answers={"handle": "river.kid"})


@pytest.fixture
def asked(case: Case, nour: Staff, noon: datetime) -> Takedown:
    [takedown] = actions.request_takedown(case=case, links=list(case.report.links.all()), by=nour, at=noon)
    return takedown


@pytest.fixture
def sent(asked: Takedown, noon: datetime) -> Takedown:
    """It left at noon."""
    asked.status = Status.SENDING
    actions.mark_sent(asked, at=noon, started_at=noon)
    asked.save()
    return asked


def link_of(takedown: Takedown) -> Link:
    return Link.objects.get(pk=takedown.link_id)


def news(takedown: Takedown) -> list[str]:
    return list(
        Update.objects.filter(link=takedown.link_id).order_by("at", "id").values_list("what", flat=True)
    )


def learn(takedown: Takedown, outcome: Outcome, at: datetime, **more: Any) -> bool:
    return actions.record_outcome(
        takedown=takedown, outcome=outcome, source=Source.CALLBACK, at=at, recorded_at=at, **more
    )


# --- asking


def test_asking_writes_a_due_row_tells_and_leaves_a_trace(asked: Takedown, noon: datetime) -> None:
    assert asked.status == Status.QUEUED
    assert (asked.notice.due_at, asked.notice.tries) == (noon, 0)
    assert link_of(asked).status == LinkStatus.IN_PROGRESS
    assert news(asked) == [News.IN_PROGRESS]
    assert AuditRow.objects.filter(verb="takedown.requested", object_id=str(asked.pk)).exists()


def test_the_notice_names_place_law_and_helpline_and_never_the_young_person(
    asked: Takedown, case: Case
) -> None:
    content = notices.content_of(asked.notice)
    assert [item.url for item in content.items] == ["https://chatter.example/p/1"]
    assert content.notifier["email"] and content.good_faith and "227-23" in content.explanation
    said = notices.to_json(content).lower()
    for private in ("dunes", "river.kid", case.ref.lower(), str(case.report_id), "15-17"):
        assert private not in said


def test_the_notice_is_sealed(asked: Takedown) -> None:
    assert b"chatter.example" not in bytes(asked.notice.content or b"")


def test_the_same_link_is_not_asked_for_twice(
    asked: Takedown, case: Case, nour: Staff, noon: datetime
) -> None:
    with pytest.raises(actions.AlreadyRequested):
        actions.request_takedown(case=case, links=list(case.report.links.all()), by=nour, at=noon)
    assert Notice.objects.count() == 1


def test_the_database_refuses_a_second_leaving_of_one_link(asked: Takedown) -> None:
    asked.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        Takedown.objects.create(
            notice=asked.notice,
            case=asked.case,
            link=asked.link,
            platform=asked.platform,
            status_at=asked.status_at,
            requested_at=asked.requested_at,
        )


def test_a_platform_without_a_channel_is_said_by_name(case: Case, nour: Staff, noon: datetime) -> None:
    case.report.links.get().platform.channels.update(enabled=False)
    with pytest.raises(actions.NoChannel) as error:
        actions.request_takedown(case=case, links=list(case.report.links.all()), by=nour, at=noon)
    assert error.value.platform.slug == "chatter"


def test_a_colleague_of_another_team_may_not_ask(case: Case, sacha: Staff, noon: datetime) -> None:
    with pytest.raises(PermissionDenied):
        actions.request_takedown(case=case, links=list(case.report.links.all()), by=sacha, at=noon)


def test_an_account_name_alone_is_not_enough_for_a_post(
    open_case: Any, chatter: Platform, nour: Staff, noon: datetime
) -> None:
    case = open_case(links=(LinkFacts(account="@somebody", platform="chatter"),))
    case.report.links.update(kind="post")
    with pytest.raises(actions.WeakNotice) as error:
        actions.request_takedown(case=case, links=list(case.report.links.all()), by=nour, at=noon)
    assert [finding.code for finding in error.value.findings] == ["no_url"]


def test_items_are_grouped_as_the_channel_takes_them(
    open_case: Any, chatter: Platform, nour: Staff, noon: datetime
) -> None:
    chatter.channels.update(max_items=2)
    urls = tuple(LinkFacts(url=f"https://chatter.example/p/{n}") for n in range(5))
    case = open_case(links=urls)
    takedowns = actions.request_takedown(case=case, links=list(case.report.links.all()), by=nour, at=noon)
    assert len(takedowns) == 5
    assert sorted(notice.takedowns.count() for notice in Notice.objects.all()) == [1, 2, 2]


def test_a_web_form_becomes_a_to_do(open_case: Any, snaproom: Platform, nour: Staff, noon: datetime) -> None:
    case = open_case(links=(LinkFacts(url="https://snaproom.example/s/1"),))
    [takedown] = actions.request_takedown(case=case, links=list(case.report.links.all()), by=nour, at=noon)
    assert (takedown.status, takedown.notice.due_at) == (Status.TO_FILE, None)
    actions.mark_filed(takedown=takedown, reference=" SN-42 ", by=nour, at=noon + MINUTE)
    assert (takedown.status, takedown.sent_at) == (Status.SENT, noon + MINUTE)
    assert Notice.objects.get().reference == "SN-42"
    assert link_of(takedown).status == LinkStatus.SENT
    with pytest.raises(ForbiddenMove):
        actions.mark_filed(takedown=takedown, reference="", by=nour, at=noon)


# --- learning


@pytest.mark.parametrize(
    ("outcome", "status", "shown"),
    [
        (Outcome.ACKNOWLEDGED, Status.ACKNOWLEDGED, LinkStatus.SENT),
        (Outcome.UNDER_REVIEW, Status.UNDER_REVIEW, LinkStatus.SENT),
        (Outcome.REMOVED, Status.REMOVED, LinkStatus.SAID_REMOVED),
        (Outcome.DISABLED, Status.DISABLED, LinkStatus.SENT),
        (Outcome.ACCOUNT_REMOVED, Status.ACCOUNT_REMOVED, LinkStatus.SAID_REMOVED),
        (Outcome.PARTLY_REMOVED, Status.PARTLY_REMOVED, LinkStatus.SENT),
        (Outcome.ALREADY_GONE, Status.ALREADY_GONE, LinkStatus.SAID_REMOVED),
        (Outcome.REFUSED, Status.REFUSED, LinkStatus.REFUSED),
        (Outcome.MORE_INFORMATION, Status.MORE_INFORMATION, LinkStatus.SENT),
        (Outcome.NOT_FOUND, Status.NOT_FOUND, LinkStatus.REFUSED),
        (Outcome.SEEN_GONE, Status.GONE, LinkStatus.GONE),
    ],
)
def test_each_outcome_moves_the_takedown_and_tells(
    sent: Takedown, noon: datetime, outcome: Outcome, status: Status, shown: LinkStatus
) -> None:
    Link.objects.filter(pk=sent.link_id).update(status=LinkStatus.SENT)
    assert learn(sent, outcome, noon + MINUTE)
    assert sent.status == status
    assert link_of(sent).status == shown
    assert sent.events.filter(what=outcome).exists()


def test_a_replayed_event_has_no_effect(sent: Takedown, noon: datetime) -> None:
    assert learn(sent, Outcome.REMOVED, noon + MINUTE, event_key="chatter:1:x")
    before = (Event.objects.count(), Update.objects.count())
    assert not learn(sent, Outcome.REFUSED, noon + 2 * MINUTE, event_key="chatter:1:x")
    assert (Event.objects.count(), Update.objects.count()) == before
    assert sent.status == Status.REMOVED


def test_an_older_word_joins_the_timeline_and_changes_nothing(sent: Takedown, noon: datetime) -> None:
    learn(sent, Outcome.REMOVED, noon + 10 * MINUTE)
    learn(sent, Outcome.UNDER_REVIEW, noon + 5 * MINUTE)
    assert (sent.status, sent.platform_says) == (Status.REMOVED, Outcome.REMOVED)
    assert sent.events.count() == 3


def test_said_removed_is_not_seen_gone(sent: Takedown, noon: datetime) -> None:
    learn(sent, Outcome.REMOVED, noon + MINUTE)
    assert (sent.platform_says, sent.observed, sent.gone_at) == (Outcome.REMOVED, "", None)
    assert sent.acted_at == noon + MINUTE
    learn(sent, Outcome.SEEN_THERE, noon + 2 * MINUTE)
    assert sent.status == Status.REMOVED
    assert news(sent)[-1] == News.STILL_THERE
    learn(sent, Outcome.SEEN_GONE, noon + 3 * MINUTE)
    assert (sent.status, sent.gone_at, sent.acted_at) == (Status.GONE, noon + 3 * MINUTE, noon + MINUTE)


@pytest.mark.parametrize(
    ("outcome", "told"),
    [(Outcome.PARTLY_REMOVED, News.SAID_PARTLY), (Outcome.DISABLED, News.SAID_BLOCKED)],
)
def test_some_is_not_all(sent: Takedown, nour: Staff, noon: datetime, outcome: Outcome, told: News) -> None:
    """The young person is told what was done and no more, and a colleague is asked what is left."""
    learn(sent, outcome, noon + MINUTE)
    assert news(sent)[-1] == told
    assert list(desk.under_tab(nour, "partly")) == [sent]
    assert list(desk.needing_a_person(nour)) == [sent]
    assert not desk.under_tab(nour, "progress").exists()
    learn(sent, Outcome.SEEN_GONE, noon + 2 * MINUTE)
    assert not desk.under_tab(nour, "partly").exists()


def test_what_was_answered_is_awaited_again(sent: Takedown, nour: Staff, noon: datetime) -> None:
    clock.set_clocks()
    learn(sent, Outcome.MORE_INFORMATION, noon + MINUTE)
    before = news(sent)

    actions.note_answered(takedown=sent, by=nour, at=noon + timedelta(days=5))

    assert (sent.status, sent.platform_says) == (Status.UNDER_REVIEW, Outcome.MORE_INFORMATION)
    assert Notice.objects.get().poll_at is not None  # and asked about, should no callback come
    assert news(sent) == before  # nothing that the young person would have to know
    assert not desk.under_tab(nour, "more").exists()
    clock.set_clocks()
    assert clock.note_silence(at=noon + timedelta(days=5, minutes=1)) == 0  # it has its hours once more
    assert clock.note_silence(at=noon + timedelta(days=60)) == 1
    with pytest.raises(ForbiddenMove):
        actions.note_answered(takedown=sent, by=nour, at=noon + timedelta(days=61))


@pytest.mark.parametrize(
    "change",
    [
        {"what": "removed"},
        {"at": datetime(2020, 1, 1, tzinfo=UTC)},
        {"detail": {"x": 1}},
        {"words": b"other"},
    ],
    ids=["what", "when", "detail", "words"],
)
def test_a_line_of_the_timeline_is_never_rewritten(
    sent: Takedown, noon: datetime, change: dict[str, Any]
) -> None:
    learn(sent, Outcome.REFUSED, noon + MINUTE, words="Not against our rules.")
    row = sent.events.filter(what="refused")
    with pytest.raises(InternalError, match="Cannot update rows"), transaction.atomic():
        row.update(**change)
    assert row.update(words=None) == 1  # erased: that may be


def test_what_comes_back_reopens(sent: Takedown, noon: datetime) -> None:
    learn(sent, Outcome.SEEN_GONE, noon + MINUTE)
    learn(sent, Outcome.SEEN_THERE, noon + 2 * MINUTE)
    assert (sent.status, sent.gone_at, sent.reappeared_at) == (Status.REAPPEARED, None, noon + 2 * MINUTE)
    assert link_of(sent).status == LinkStatus.REAPPEARED


def test_a_refusal_keeps_its_words_sealed_and_its_deadline(sent: Takedown, noon: datetime) -> None:
    learn(sent, Outcome.REFUSED, noon + MINUTE, words="It is satire.", redress_until=date(2026, 9, 2))
    event = sent.events.get(what=Outcome.REFUSED)
    assert b"satire" not in bytes(event.words or b"")
    assert sent.case.box().open(event, "words") == "It is satire."
    assert sent.redress_until == date(2026, 9, 2)


def test_a_callback_before_our_own_writing_waits_for_it(asked: Takedown, noon: datetime) -> None:
    Takedown.objects.update(status=Status.SENDING)
    learn(asked, Outcome.REMOVED, noon + MINUTE)
    assert (asked.status, asked.platform_says) == (Status.SENDING, Outcome.REMOVED)


def test_a_callback_settles_an_unknown_send(asked: Takedown, noon: datetime) -> None:
    Attempt.objects.create(
        notice=asked.notice,
        number=1,
        fence=1,
        started_at=noon,
        finished_at=noon,
        result=Result.UNKNOWN,
        digest=b"",
    )
    Takedown.objects.update(status=Status.UNKNOWN)
    learn(asked, Outcome.REMOVED, noon + MINUTE)
    assert (asked.status, asked.sent_at) == (Status.REMOVED, noon)
    assert news(asked) == [News.IN_PROGRESS, News.SENT, News.SAID_REMOVED]


def test_a_withdrawn_link_stays_withdrawn_whatever_is_learned(sent: Takedown, noon: datetime) -> None:
    reports.withdraw(report=sent.case.report, links=[sent.link], at=noon)
    assert actions.follow_withdrawals(at=noon) == 1
    sent.refresh_from_db()
    learn(sent, Outcome.REMOVED, noon + MINUTE)
    assert (sent.status, sent.platform_says) == (Status.WITHDRAWN, Outcome.REMOVED)
    assert sent.acted_at == noon + MINUTE  # and yet it was acted on
    assert link_of(sent).status == LinkStatus.WITHDRAWN


# --- deciding


def test_an_unknown_send_is_settled_by_a_person(asked: Takedown, nour: Staff, noon: datetime) -> None:
    Takedown.objects.update(status=Status.UNKNOWN)
    Notice.objects.update(due_at=None, ask_at=noon)
    actions.resolve_unknown(takedown=asked, was_sent=False, by=nour, at=noon + MINUTE)
    notice = Notice.objects.get()
    assert (asked.status, notice.due_at, notice.ask_at) == (Status.QUEUED, noon + MINUTE, None)
    Takedown.objects.update(status=Status.UNKNOWN)
    actions.resolve_unknown(takedown=asked, was_sent=True, by=nour, at=noon + 2 * MINUTE)
    assert asked.status == Status.SENT
    assert Notice.objects.get().due_at is None
    with pytest.raises(ForbiddenMove):
        actions.resolve_unknown(takedown=asked, was_sent=True, by=nour, at=noon)


def test_cancelling_stops_it_and_sets_the_link_back(asked: Takedown, nour: Staff, noon: datetime) -> None:
    actions.cancel(takedown=asked, by=nour, at=noon)
    assert (asked.status, Notice.objects.get().due_at) == (Status.CANCELLED, None)
    assert link_of(asked).status == LinkStatus.RECEIVED


def test_what_left_can_not_be_cancelled(sent: Takedown, nour: Staff, noon: datetime) -> None:
    with pytest.raises(ForbiddenMove):
        actions.cancel(takedown=sent, by=nour, at=noon)


def test_a_failed_one_is_tried_again_with_the_same_notice(
    asked: Takedown, nour: Staff, noon: datetime
) -> None:
    Takedown.objects.update(status=Status.FAILED)
    Notice.objects.update(due_at=None, tries=8, failure="HTTP 422")
    actions.retry(takedown=asked, by=nour, at=noon)
    notice = Notice.objects.get()
    assert (asked.status, notice.due_at, notice.tries, notice.failure) == (Status.QUEUED, noon, 0, "")


def test_withdrawing_stops_what_has_not_left(asked: Takedown, noon: datetime) -> None:
    reports.withdraw(report=asked.case.report, links=[asked.link], at=noon)
    assert actions.follow_withdrawals(at=noon) == 1
    asked.refresh_from_db()
    assert (asked.status, Notice.objects.get().due_at) == (Status.WITHDRAWN, None)
    assert actions.follow_withdrawals(at=noon) == 0


def test_erasing_destroys_the_notice_too(sent: Takedown, noon: datetime) -> None:
    learn(sent, Outcome.REFUSED, noon, words="No.")
    reports.erase_report(report=sent.case.report, by="young-person", at=noon)
    actions.follow_withdrawals(at=noon)
    notice = Notice.objects.get()
    assert (notice.key, notice.content) == (None, None)
    assert not Event.objects.exclude(words=None).exists()
    assert Takedown.objects.get().status == Status.WITHDRAWN


def test_every_decision_is_refused_to_another_team(asked: Takedown, sacha: Staff, noon: datetime) -> None:
    for decide in (
        lambda: actions.cancel(takedown=asked, by=sacha, at=noon),
        lambda: actions.retry(takedown=asked, by=sacha, at=noon),
        lambda: actions.mark_filed(takedown=asked, reference="", by=sacha, at=noon),
        lambda: actions.resolve_unknown(takedown=asked, was_sent=True, by=sacha, at=noon),
        lambda: learn(asked, Outcome.REMOVED, noon, by=sacha),
    ):
        with pytest.raises(PermissionDenied):
            decide()
