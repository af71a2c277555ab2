"""What changes a report: each verb once as meant, once twice, and once too late."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from helpline.accounts.models import Staff
from helpline.audit.models import AuditRow
from helpline.crypto.wrapping import WrongKey
from helpline.platforms.models import Platform
from reports import actions, receipts
from reports.actions import DraftGone, FingerprintFacts, LinkFacts, NewsItem
from reports.models import Draft, Message, Report
from reports.states import AgeRange, Circumstance, ForbiddenMove, Kind, LinkStatus, News, Status, Who
from tests.cast import submission

pytestmark = pytest.mark.django_db

CODE = "K3F97Q0M1T5WXZ1B"
Tell = Callable[..., tuple[Report, str]]


def verbs(report: Report) -> list[str]:
    """The trail of a report."""
    return list(
        AuditRow.objects.filter(object_id=str(report.pk)).order_by("id").values_list("verb", flat=True)
    )


# --- drafts -------------------------------------------------------------------------------------------------


def test_a_draft_opens_with_its_code_only(noon: datetime) -> None:
    draft = actions.start_draft(language="en", code=CODE, answers={"who": "me"}, at=noon)

    stored = Draft.objects.get()
    assert stored.box_for_code(CODE).open_json(stored, "answers") == {"who": "me"}
    with pytest.raises(WrongKey):
        stored.box_for_code(receipts.new_code())
    assert b"me" not in bytes(stored.answers or b"")
    assert draft.expires_at == noon + timedelta(days=7)


def test_saving_moves_the_seven_days_on(noon: datetime) -> None:
    draft = actions.start_draft(language="en", code=CODE, answers={}, at=noon)
    box = draft.box_for_code(CODE)
    later = noon + timedelta(days=3)

    actions.save_draft(draft=draft, box=box, answers={"a": 1}, language="fr", at=later)

    stored = Draft.objects.get()
    assert (stored.language, stored.changed_at, stored.expires_at) == ("fr", later, later + timedelta(days=7))
    assert box.open_json(stored, "answers") == {"a": 1}
    assert stored.started_at == noon


def test_a_discarded_draft_is_gone_and_cannot_be_saved(noon: datetime) -> None:
    draft = actions.start_draft(language="en", code=CODE, answers={}, at=noon)
    box = draft.box_for_code(CODE)

    actions.discard_draft(draft=draft)

    assert actions.open_by_code(CODE) is None
    with pytest.raises(DraftGone):
        actions.save_draft(draft=draft, box=box, answers={}, language="en", at=noon)
    assert not AuditRow.objects.exists()


def test_expired_drafts_are_purged_and_no_others(noon: datetime) -> None:
    actions.start_draft(language="en", code=CODE, answers={}, at=noon)
    actions.start_draft(language="en", code=receipts.new_code(), answers={}, at=noon + timedelta(hours=1))

    assert actions.purge_expired_drafts(now=noon + timedelta(days=7)) == 1
    assert actions.open_by_code(CODE) is None
    assert Draft.objects.count() == 1


# --- sending ------------------------------------------------------------------------------------------------


def test_a_report_is_sealed_for_the_staff_and_for_its_code(noon: datetime) -> None:
    sent = submission(
        school="Collège des Lilas",
        circumstances=(Circumstance.SCHOOL,),
        answers={"demand": ["money"]},
        fingerprints=(FingerprintFacts(algorithm="sha256", value="ab" * 32),),
    )

    report = actions.submit_report(submission=sent, code=CODE, at=noon)

    stored = Report.objects.get()
    for box in (stored.box_for_staff(), stored.box_for_code(CODE)):
        assert box.open(stored, "story") == sent.story
        assert box.open(stored, "school") == sent.school
        assert box.open_json(stored, "answers") == {"demand": ["money"]}
        assert box.open(stored.links.get(), "url") == "https://chatter.example/p/1"
        assert box.open(stored.fingerprints.get(), "value") == "ab" * 32
    assert (stored.status, stored.circumstances, stored.submitted_at) == ("submitted", ["school"], noon)
    assert stored.contact is None
    assert stored.school_index is not None
    assert verbs(report) == ["report.submitted"]
    with pytest.raises(WrongKey):
        stored.box_for_code(receipts.new_code())


def test_two_schools_spelled_alike_are_one_and_no_school_is_none(tell: Tell) -> None:
    first, _ = tell(school="Collège  des lilas ")
    second, _ = tell(school="collège DES Lilas")
    third, _ = tell()

    assert first.school_index == second.school_index != None  # noqa: E711
    assert third.school_index is None


def test_a_draft_becomes_a_report_once_however_often_it_is_sent(noon: datetime) -> None:
    draft = actions.start_draft(language="en", code=CODE, answers={"story": "x"}, at=noon)

    first = actions.submit_draft(draft_id=draft.pk, code=CODE, submission=submission(), at=noon)
    second = actions.submit_draft(
        draft_id=draft.pk, code=CODE, submission=submission(story="changed"), at=noon + timedelta(seconds=1)
    )

    assert first.pk == second.pk == draft.pk
    assert Report.objects.count() == 1
    assert not Draft.objects.exists()
    assert verbs(first) == ["report.submitted"]
    stored = Report.objects.get()
    assert stored.box_for_code(CODE).open(stored, "story") == submission().story


def test_a_draft_that_is_gone_sends_nothing(noon: datetime) -> None:
    with pytest.raises(DraftGone):
        actions.submit_draft(draft_id=uuid4(), code=CODE, submission=submission(), at=noon)

    draft = actions.start_draft(language="en", code=CODE, answers={}, at=noon)
    actions.submit_draft(draft_id=draft.pk, code=CODE, submission=submission(), at=noon)
    with pytest.raises(DraftGone):
        actions.submit_draft(draft_id=draft.pk, code=receipts.new_code(), submission=submission(), at=noon)


def test_links_are_recognised_and_found_again_in_every_spelling(chatter: Platform, tell: Tell) -> None:
    first, _ = tell(links=(LinkFacts(url="https://www.tiktok.com/@kim/video/71?is_copy=1"),))
    second, _ = tell(
        links=(
            LinkFacts(url="https://m.tiktok.com/@kim/video/71"),
            LinkFacts(url="https://chatter.example/p/1"),
        )
    )
    third, _ = tell(links=(LinkFacts(url="https://nobody-knows.example/x"),))

    again, known = second.links.order_by("position")
    assert first.links.get().url_index == again.url_index
    assert (again.kind, again.position, known.position) == ("post", 1, 2)
    assert known.platform == chatter
    assert third.links.get().platform.is_other


def test_an_account_without_address_belongs_to_the_platform_named(chatter: Platform, tell: Tell) -> None:
    report, code = tell(
        links=(
            LinkFacts(account="@Kim", platform="chatter"),
            LinkFacts(account="kim", platform="never-heard-of"),
        )
    )

    named, other = report.links.order_by("position")
    assert (named.platform, named.kind, named.url, named.url_index) == (chatter, "profile", None, None)
    assert report.box_for_code(code).open(named, "account") == "@Kim"
    assert other.platform.is_other
    assert named.account_index != other.account_index


# --- more links ---------------------------------------------------------------------------------------------


def test_a_link_is_added_once(chatter: Platform, tell: Tell, noon: datetime) -> None:
    report, code = tell()
    box = report.box_for_code(code)
    facts = [
        LinkFacts(url="https://chatter.example/p/1"),
        LinkFacts(url="https://chatter.example/p/2"),
        LinkFacts(account="kim", platform="chatter"),
    ]
    later = noon + timedelta(hours=1)

    added = actions.add_links(report=report, box=box, facts=facts, by="young-person", at=later)
    again = actions.add_links(report=report, box=box, facts=facts, by="young-person", at=later)

    assert [link.position for link in added] == [2, 3]
    assert again == []
    assert report.links.count() == 3
    report.refresh_from_db()
    assert report.last_contact_at == later
    assert verbs(report) == ["report.submitted", "report.links_added"]


def test_a_post_does_not_hide_the_account_that_made_it(tell: Tell, noon: datetime) -> None:
    report, code = tell(links=(LinkFacts(url="https://www.tiktok.com/@kim/video/71"),))
    account = LinkFacts(account="kim", platform=report.links.get().platform.slug)

    added = actions.add_links(
        report=report, box=report.box_for_code(code), facts=[account], by="young-person", at=noon
    )

    assert len(added) == 1


def test_a_link_taken_back_can_be_given_again(tell: Tell, noon: datetime) -> None:
    report, code = tell()
    actions.withdraw(report=report, links=report.links.all(), at=noon)

    added = actions.add_links(
        report=report,
        box=report.box_for_code(code),
        facts=[LinkFacts(url="https://chatter.example/p/1")],
        by="young-person",
        at=noon,
    )

    assert [link.status for link in added] == [LinkStatus.RECEIVED]
    assert sorted(report.links.values_list("status", flat=True)) == ["received", "withdrawn"]


# --- news ---------------------------------------------------------------------------------------------------


def test_news_for_many_in_few_statements(
    tell: Tell, noon: datetime, django_assert_max_num_queries: Callable[..., object]
) -> None:
    links = [tell()[0].links.get() for _ in range(6)]
    items = [NewsItem(report_id=link.report_id, link_id=link.pk, what=News.SENT, at=noon) for link in links]
    items.append(NewsItem(report_id=links[0].report_id, what=News.OPENED, at=noon))

    with django_assert_max_num_queries(2):  # type: ignore[attr-defined]
        actions.post_updates(items)

    assert {link.report.updates.filter(link=link).count() for link in links} == {1}
    for link in links:
        link.refresh_from_db()
        assert link.status == LinkStatus.SENT


# --- messages -----------------------------------------------------------------------------------------------


def test_messages_both_ways(tell: Tell, nour: Staff, noon: datetime) -> None:
    report, code = tell()
    box = report.box_for_code(code)

    actions.send_message(report=report, box=box, text="Is it up still?", by=None, at=noon)
    actions.send_message(
        report=report, box=report.box_for_staff(), text="We look.", by=nour, at=noon + timedelta(hours=1)
    )

    mine, theirs = report.messages.order_by("at")
    assert (box.open(mine, "body"), mine.author, mine.staff) == ("Is it up still?", "young-person", None)
    assert (box.open(theirs, "body"), theirs.author, theirs.staff) == ("We look.", "helpline", nour)
    assert verbs(report) == ["report.submitted", "message.sent", "message.sent"]


def test_a_second_tap_sends_one_message(tell: Tell, nour: Staff, noon: datetime) -> None:
    report, code = tell()
    box = report.box_for_code(code)

    def say(text: str, *, seconds: int, by: Staff | None = None) -> Message:
        return actions.send_message(
            report=report, box=box, text=text, by=by, at=noon + timedelta(seconds=seconds)
        )

    first = say("Hello", seconds=0)
    assert say("Hello", seconds=5) == first
    assert say("Hello?", seconds=6) != first
    assert say("Hello", seconds=7) != first  # said again after something else
    say("Hello", seconds=8, by=nour)
    assert say("Hello", seconds=9).author == "young-person"
    assert say("Hello", seconds=120) != first
    assert report.messages.count() == 6


def test_read_means_read_until_then(tell: Tell, nour: Staff, noon: datetime) -> None:
    report, _code = tell()
    box = report.box_for_staff()
    actions.send_message(report=report, box=box, text="One", by=nour, at=noon)
    actions.send_message(report=report, box=box, text="Two", by=nour, at=noon + timedelta(minutes=2))
    actions.send_message(report=report, box=box, text="Mine", by=None, at=noon)

    actions.mark_read(report=report, author=Message.Author.HELPLINE, at=noon + timedelta(minutes=1))

    read = {box.open(message, "body"): message.read_at for message in report.messages.all()}
    assert read == {"One": noon + timedelta(minutes=1), "Two": None, "Mine": None}


# --- status -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("before", Status)
@pytest.mark.parametrize("after", [Status.SUBMITTED, Status.IN_CASE, Status.CLOSED])
def test_status_follows_the_case(
    tell: Tell, nour: Staff, noon: datetime, before: Status, after: Status
) -> None:
    from reports.states import TRANSITIONS

    report, _code = tell()
    if before == Status.ERASED:
        actions.erase_report(report=report, by="young-person", at=noon)
    else:
        Report.objects.update(status=before)
    report.refresh_from_db()

    if after in TRANSITIONS[before]:
        actions.set_status(report=report, status=after, news=News.OPENED, by=nour, at=noon)
        assert report.updates.get().what == News.OPENED
        assert verbs(report)[-1] == f"report.{after}"
        expected = after
    else:
        with pytest.raises(ForbiddenMove):
            actions.set_status(report=report, status=after, news=News.OPENED, by=nour, at=noon)
        assert not report.updates.exists()
        expected = before
    report.refresh_from_db()
    assert report.status == expected


# --- taking back --------------------------------------------------------------------------------------------


# --- raised before it was finished, and told on --------------------------------------------------------------


def test_a_raised_draft_is_a_report_and_stays_a_draft(noon: datetime) -> None:
    draft = actions.start_draft(language="en", code=CODE, answers={}, at=noon)

    def submit(*, is_complete: bool, **changes: Any) -> Report:
        told = submission(**changes)
        return actions.submit_draft(
            draft_id=draft.pk, code=CODE, submission=told, at=noon, is_complete=is_complete
        )

    report = submit(is_complete=False, circumstances=(Circumstance.IN_DANGER,), story="", links=())
    assert (report.is_complete, Draft.objects.count()) == (False, 1)
    again = submit(is_complete=False, story="More.", age_range=AgeRange.UNDER_13)
    done = submit(is_complete=True, story="More.", age_range=AgeRange.UNDER_13)

    assert report.pk == again.pk == done.pk
    assert Draft.objects.count() == 0
    stored = Report.objects.get()
    assert (stored.is_complete, stored.is_retold, stored.age_range) == (True, True, "under-13")
    assert stored.box_for_staff().open(stored, "story") == "More."
    assert stored.links.count() == 1
    assert verbs(report) == ["report.submitted", "report.retold", "report.retold"]


def test_added_circumstances_are_told_once(tell: Tell, noon: datetime) -> None:
    report, _code = tell(circumstances=(Circumstance.SCHOOL,))
    later = noon + timedelta(hours=1)

    for _ in range(2):
        actions.add_circumstances(report=report, circumstances=[Circumstance.ADULT], at=later)

    stored = Report.objects.get()
    assert stored.circumstances == ["adult", "school"]
    assert (stored.is_retold, stored.last_contact_at) == (True, later)
    assert verbs(report).count("report.facts_added") == 1


def test_danger_is_heard_each_time_it_is_told(tell: Tell, noon: datetime) -> None:
    report, _code = tell(circumstances=(Circumstance.IN_DANGER,))
    assert report.danger_at == noon
    actions.facts_are_read(reports=[report])

    def again(at: datetime) -> Report:
        actions.add_circumstances(report=report, circumstances=[Circumstance.IN_DANGER], at=at)
        return Report.objects.get()

    tap = again(noon + timedelta(seconds=20))
    assert (tap.danger_at, tap.is_retold) == (noon, False)
    friday = again(noon + timedelta(days=4))
    assert (friday.danger_at, friday.is_retold) == (noon + timedelta(days=4), True)
    assert friday.circumstances == ["in-danger"]


def test_danger_that_was_over_is_heard_again_within_the_minute(
    tell: Tell, nour: Staff, noon: datetime
) -> None:
    report, _code = tell(circumstances=(Circumstance.IN_DANGER, Circumstance.SCHOOL))
    soon = noon + timedelta(seconds=20)
    actions.set_danger_over(report=report, is_over=True, by=nour, at=soon)
    over = Report.objects.get()
    assert (over.is_in_danger, over.holds) == (False, ["school"])

    actions.add_circumstances(report=report, circumstances=[Circumstance.SELF_HARM], at=soon)

    told = Report.objects.get()
    # Later than the colleague's word, or it would call nobody.
    assert (told.is_in_danger, told.danger_at, told.danger_over_at) == (
        True,
        soon + timedelta(microseconds=1),
        None,
    )
    assert told.circumstances == ["self-harm", "school"]


def test_a_deadline_told_later(tell: Tell, noon: datetime) -> None:
    report, _code = tell(circumstances=())
    tomorrow = noon + timedelta(days=1)

    actions.add_circumstances(report=report, circumstances=[], deadline_at=tomorrow, at=noon)
    told = Report.objects.get()
    assert (told.deadline_at, told.circumstances, told.is_retold) == (tomorrow, ["deadline"], True)

    actions.add_circumstances(report=report, circumstances=[Circumstance.ADULT], at=noon)
    assert Report.objects.get().deadline_at == tomorrow  # nothing new was said of it


@pytest.mark.parametrize("removed", [False, True])
def test_who_goes_on_answering_does_not_undo_what_a_colleague_corrected(
    removed: bool, nour: Staff, noon: datetime
) -> None:
    """Given a report raised early, whose deadline a colleague corrects, then the rest of the answers leave it so."""
    draft = actions.start_draft(language="en", code=CODE, answers={}, at=noon)
    hurt = (Circumstance.DEADLINE, Circumstance.IN_DANGER)
    said = submission(circumstances=hurt, deadline_at=noon + timedelta(days=1))

    def submit(is_complete: bool, before: Any = None) -> Report:
        return actions.submit_draft(
            draft_id=draft.pk, code=CODE, submission=said, before=before, at=noon, is_complete=is_complete
        )

    report = submit(False)
    corrected = None if removed else noon + timedelta(hours=3)
    actions.set_deadline(report=report, deadline_at=corrected, by=nour, at=noon)
    actions.set_danger_over(report=report, is_over=True, by=nour, at=noon)
    submit(True, before=said)

    stored = Report.objects.get()
    assert (stored.deadline_at, stored.is_in_danger) == (corrected, False)
    assert ("deadline" in stored.circumstances) is not removed


def test_fingerprints_added_later_are_kept_once(tell: Tell, noon: datetime) -> None:
    report, code = tell()
    box = report.box_for_code(code)
    facts = [FingerprintFacts("sha256", "ab" * 32), FingerprintFacts("md5", "ab" * 16)]

    assert len(actions.add_fingerprints(report=report, box=box, facts=facts, at=noon)) == 2
    assert actions.add_fingerprints(report=report, box=box, facts=facts, at=noon) == []

    assert {box.open(one, "value") for one in report.fingerprints.all()} == {"ab" * 32, "ab" * 16}


# --- neutral signs ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("via", "signs"), [("none", 0), ("phone", 0), ("email", 1), ("sms", 1)])
def test_a_sign_is_left_for_those_who_chose_one_and_only_one_waits(
    tell: Tell, nour: Staff, noon: datetime, via: str, signs: int
) -> None:
    report, _code = tell(contact={"via": via, "address": "x"})
    box = report.box_for_staff()

    actions.send_message(report=report, box=box, text="Hello", by=nour, at=noon)
    actions.send_message(report=report, box=box, text="Are you there?", by=nour, at=noon)
    link = report.links.get()
    actions.post_update(report_id=report.pk, link_id=link.pk, what=News.GONE, at=noon)

    assert report.nudges.filter(status="waiting").count() == signs


def test_small_steps_and_ones_own_words_leave_no_sign(tell: Tell, noon: datetime) -> None:
    report, code = tell(contact={"via": "email", "address": "x"})
    link = report.links.get()

    actions.send_message(report=report, box=report.box_for_code(code), text="Hello", by=None, at=noon)
    for what in (News.IN_PROGRESS, News.SENT, News.ACKNOWLEDGED, News.SAID_REMOVED):
        actions.post_update(report_id=report.pk, link_id=link.pk, what=what, at=noon)

    assert not report.nudges.exists()


def test_erasing_stops_the_sign_that_waits(tell: Tell, nour: Staff, noon: datetime) -> None:
    report, _code = tell(contact={"via": "email", "address": "x"})
    actions.send_message(report=report, box=report.box_for_staff(), text="Hello", by=nour, at=noon)

    actions.erase_report(report=report, by="young-person", at=noon)

    nudge = report.nudges.get()
    assert (nudge.status, nudge.why) == ("refused", "erased")


def test_withdrawing_twice_is_withdrawing_once(tell: Tell, noon: datetime) -> None:
    report, _code = tell(links=(LinkFacts(url="https://a.example/1"), LinkFacts(url="https://a.example/2")))
    first = report.links.filter(position=1)

    actions.withdraw(report=report, links=first, at=noon)
    actions.withdraw(report=report, links=first, at=noon)

    assert list(report.links.order_by("position").values_list("status", flat=True)) == [
        "withdrawn",
        "received",
    ]
    assert report.updates.filter(what=News.WITHDRAWN).count() == 1
    assert verbs(report) == ["report.submitted", "report.withdrawn"]


def test_only_ones_own_links_can_be_withdrawn(tell: Tell, noon: datetime) -> None:
    mine, _ = tell()
    other, _ = tell()

    actions.withdraw(report=mine, links=other.links.all(), at=noon)

    assert other.links.get().status == LinkStatus.RECEIVED


def test_erasing_destroys_what_identifies_and_keeps_the_plain_facts(
    tell: Tell, nour: Staff, noon: datetime
) -> None:
    report, code = tell(
        school="Collège",
        deadline_at=noon,
        links=(LinkFacts(url="https://a.example/1"), LinkFacts(account="kim")),
        fingerprints=(FingerprintFacts(algorithm="pdq", value="0" * 64, quality=90),),
        answers={"demand": ["money"]},
        contact={"via": "email", "to": "me@example.org"},
    )
    box = report.box_for_code(code)
    actions.send_message(report=report, box=box, text="Hello", by=None, at=noon)
    actions.post_update(report_id=report.pk, what=News.GONE, at=noon, link_id=report.links.get(position=1).pk)

    actions.erase_report(report=report, by="young-person", at=noon)

    stored = Report.objects.get()
    assert (stored.status, stored.erased_at) == ("erased", noon)
    assert (stored.age_range, stored.kind, stored.who) == (AgeRange.FROM_15, Kind.DEEPNUDE, Who.SELF)
    sealed = (
        "story",
        "answers",
        "contact",
        "school",
        "school_index",
        "staff_key",
        "code_key",
        "locator",
        "deadline_at",
    )
    assert [getattr(stored, name) for name in sealed] == [None] * len(sealed)
    for link in stored.links.all():
        assert (link.url, link.account, link.url_index, link.account_index) == (None, None, None, None)
    assert list(stored.links.order_by("position").values_list("status", flat=True)) == ["gone", "withdrawn"]
    assert (stored.fingerprints.get().value, stored.fingerprints.get().value_index) == (None, None)
    assert stored.messages.get().body is None
    assert actions.open_by_code(code) is None
    for opened in (lambda: stored.box_for_code(code), stored.box_for_staff):
        with pytest.raises(WrongKey):
            opened()


def test_nothing_can_be_done_with_what_is_erased(tell: Tell, nour: Staff, noon: datetime) -> None:
    report, code = tell()
    box = report.box_for_code(code)
    actions.erase_report(report=report, by="young-person", at=noon)
    before = verbs(report)

    actions.erase_report(report=report, by="young-person", at=noon + timedelta(days=1))
    for by in (None, nour):
        with pytest.raises(WrongKey):
            actions.send_message(report=report, box=box, text="Hello", by=by, at=noon)
    with pytest.raises(WrongKey):
        actions.add_links(
            report=report, box=box, facts=[LinkFacts(url="https://a.example/9")], by=nour, at=noon
        )
    actions.withdraw(report=report, links=report.links.all(), at=noon)

    assert verbs(report) == before
    assert Report.objects.get().erased_at == noon
    assert report.links.count() == 1


# --- finding ------------------------------------------------------------------------------------------------


def test_a_code_finds_its_draft_then_its_report(noon: datetime) -> None:
    draft = actions.start_draft(language="en", code=CODE, answers={}, at=noon)
    assert actions.open_by_code(CODE) == draft

    report = actions.submit_draft(draft_id=draft.pk, code=CODE, submission=submission(), at=noon)
    assert actions.open_by_code(CODE) == report
    assert actions.open_by_code(receipts.new_code()) is None


def test_every_wrong_code_costs_the_same_lookups(
    tell: Tell, noon: datetime, django_assert_num_queries: Callable[..., object]
) -> None:
    erased, code = tell()
    actions.erase_report(report=erased, by="young-person", at=noon)

    for wrong in (code, receipts.new_code(), "0" * 16):
        with django_assert_num_queries(2):  # type: ignore[attr-defined]
            assert actions.open_by_code(wrong) is None


def test_a_submission_does_not_change_once_made() -> None:
    sent = submission()
    with pytest.raises(AttributeError):
        sent.story = "x"  # type: ignore[misc]
    assert replace(sent, story="x").story == "x"
