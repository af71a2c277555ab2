"""/api/v1/follow/: what the young person sees and decides."""

import re
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from helpline.platforms.models import Platform
from helpline.web.flood import Gate
from reports import actions, crowd, receipts
from reports.models import Draft, Message, Report
from reports.states import LinkStatus, News, Status
from tests.api.conftest import Caller, problem

Submit = Callable[..., str]


def report_of(code: str) -> Report:
    found = actions.open_by_code(receipts.normalise(code))
    assert isinstance(found, Report)
    return found


def test_the_code_opens_what_was_reported_and_what_became_of_it(
    call: Caller, submit: Submit, chatter: Platform
) -> None:
    # given
    code = submit()
    report = report_of(code)
    link = report.links.get()
    now = timezone.now()
    data = {"platform": "Chatter"}
    actions.post_update(report_id=report.pk, what=News.OPENED, at=now)
    actions.post_update(report_id=report.pk, link_id=link.pk, what=News.SENT, at=now, data=data)
    actions.post_update(
        report_id=report.pk, link_id=link.pk, what=News.SAID_REMOVED, at=now + timedelta(minutes=5), data=data
    )
    # when
    body = call("GET", "/api/v1/follow/", code=code).json()
    # then
    assert body["status"] == "submitted"
    assert [row["what"] for row in body["history"]] == ["received", "opened"]
    (seen,) = body["links"]
    assert (seen["url"], seen["platform"], seen["status"]) == (
        "https://chatter.example/p/1",
        "chatter",
        "said_removed",
    )
    assert [row["what"] for row in seen["history"]] == ["received", "sent", "said_removed"]
    assert "Chatter" in seen["history"][1]["text"]
    assert body["messages"] == []


@pytest.mark.parametrize(("who", "says", "never"), [("child", "vous", "tu"), ("self", "tu", "vous")])
def test_adults_are_spoken_to_as_adults(
    call: Caller, submit: Submit, who: str, says: str, never: str
) -> None:
    code = submit(language="fr", who=who)
    actions.post_update(report_id=report_of(code).pk, what=News.CLOSED, at=timezone.now())
    body = call("GET", "/api/v1/follow/", code=code).json()
    words = set(re.findall(r"\w+", body["history"][-1]["text"].lower()))
    assert says in words and never not in words


@pytest.mark.parametrize("typed", [str.lower, lambda code: code.replace("-", " "), lambda code: f"  {code} "])
def test_the_code_is_read_however_it_is_typed(
    call: Caller, submit: Submit, typed: Callable[[str], str]
) -> None:
    assert call("GET", "/api/v1/follow/", code=typed(submit())).status_code == 200


def test_every_code_that_opens_nothing_gets_the_same_answer(call: Caller, submit: Submit) -> None:
    """Never given, erased, a draft's, malformed, empty or missing: not a byte tells which."""
    erased, draft_code = submit(), receipts.new_code()
    assert call("DELETE", "/api/v1/follow/", code=erased).status_code == 204
    actions.start_draft(language="en", code=draft_code, answers={"who": "self"}, at=timezone.now())
    assert Draft.objects.count() == 1
    answers = [
        call("GET", "/api/v1/follow/", code=code)
        for code in ("0000-0000-0000-0000", erased, draft_code, "not a code", "é" * 16, "", None)
    ]
    for answer in answers:
        problem(answer, 404, "unknown_code")
    assert len({(answer.content, str(sorted(answer.headers.items()))) for answer in answers}) == 1


def test_every_code_that_opens_nothing_costs_the_same_queries(call: Caller, submit: Submit) -> None:
    erased = submit()
    call("DELETE", "/api/v1/follow/", code=erased)
    counts = set()
    for code in ("0000-0000-0000-0000", erased, "not a code", None):
        with CaptureQueriesContext(connection) as seen:
            call("GET", "/api/v1/follow/", code=code)
        counts.add(tuple(query["sql"].partition("WHERE")[0] for query in seen))
    assert len(counts) == 1


def test_words_go_both_ways(call: Caller, submit: Submit) -> None:
    # given a question of the helpline
    code = submit()
    report = report_of(code)
    box = report.box_for_code(receipts.normalise(code))
    Message.objects.create(report=report, author="helpline", at=timezone.now(), id=(pk := uuid4()))
    question = Message.objects.get(pk=pk)
    question.body = box.seal(question, "body", "Do you know who it was?")
    question.save()
    # when it is read, and answered
    before = call("GET", "/api/v1/follow/", code=code).json()["messages"]
    written = call("POST", "/api/v1/follow/messages/", {"text": "Somebody of my class."}, code=code)
    after = call("GET", "/api/v1/follow/", code=code).json()["messages"]
    # then
    assert [(one["from"], one["text"], one["read"]) for one in before] == [
        ("helpline", "Do you know who it was?", False)
    ]
    assert written.status_code == 201
    assert written.json()["text"] == "Somebody of my class."
    assert [(one["from"], one["read"]) for one in after] == [("helpline", True), ("young-person", False)]


@pytest.mark.parametrize(
    "body",
    [{}, {"text": ""}, {"text": " "}, {"text": 5.5e300 * 1e10}, {"text": ["a"]}, {"text": "x" * 20_001}],
)
def test_a_message_needs_words(call: Caller, submit: Submit, body: dict[str, object]) -> None:
    response = call("POST", "/api/v1/follow/messages/", body, code=submit())
    assert response.status_code == 400
    assert Message.objects.count() == 0


def test_a_link_is_withdrawn(call: Caller, submit: Submit, chatter: Platform) -> None:
    # given
    code = submit(links=[{"url": f"https://chatter.example/p/{number}"} for number in range(3)])
    links = call("GET", "/api/v1/follow/", code=code).json()["links"]
    # when
    body = call("POST", "/api/v1/follow/withdraw/", {"links": [links[1]["id"]]}, code=code).json()
    # then
    assert [one["status"] for one in body["links"]] == ["received", "withdrawn", "received"]
    assert body["links"][1]["history"][-1]["what"] == "withdrawn"


def test_all_links_are_withdrawn_and_twice_is_once(call: Caller, submit: Submit, chatter: Platform) -> None:
    code = submit(links=[{"url": f"https://chatter.example/p/{number}"} for number in range(2)])
    for _again in range(2):
        body = call("POST", "/api/v1/follow/withdraw/", {"all": True}, code=code).json()
        assert [one["status"] for one in body["links"]] == [LinkStatus.WITHDRAWN] * 2
        assert [len(one["history"]) for one in body["links"]] == [2, 2]


def test_somebody_elses_link_can_not_be_withdrawn(call: Caller, submit: Submit) -> None:
    code, other = submit(), submit()
    foreign = call("GET", "/api/v1/follow/", code=other).json()["links"][0]["id"]
    for wrong in (foreign, str(uuid4())):
        problem(call("POST", "/api/v1/follow/withdraw/", {"links": [wrong]}, code=code), 400, "invalid")
    assert call("GET", "/api/v1/follow/", code=other).json()["links"][0]["status"] == "received"


@pytest.mark.parametrize(
    "body", [{}, {"links": []}, {"links": ["x"]}, {"links": "all"}, {"all": "perhaps"}, []]
)
def test_a_withdrawal_says_what(call: Caller, submit: Submit, body: object) -> None:
    problem(call("POST", "/api/v1/follow/withdraw/", body, code=submit()), 400, "invalid")


def test_links_are_added_each_once(call: Caller, submit: Submit, chatter: Platform) -> None:
    code = submit()
    more = {"links": [{"url": "https://chatter.example/p/1"}, {"url": "https://chatter.example/p/2"}]}
    response = call("POST", "/api/v1/follow/links/", more, code=code)
    assert response.status_code == 201
    assert [one["url"] for one in response.json()["links"]] == [
        "https://chatter.example/p/1",
        "https://chatter.example/p/2",
    ]


def test_the_name_of_a_site_is_added_to_what_was_told(call: Caller, submit: Submit) -> None:
    code = submit()
    more = {"links": [{"account": "someone", "site": "Kwikzap"}]}
    assert call("POST", "/api/v1/follow/links/", more, code=code).status_code == 201
    report = Report.objects.get()
    assert report.box_for_staff().open_json(report, "answers")["site"] == "Kwikzap"


def test_a_malformed_link_is_not_added(call: Caller, submit: Submit) -> None:
    code = submit()
    body = problem(
        call("POST", "/api/v1/follow/links/", {"links": [{"url": "no"}]}, code=code), 400, "invalid"
    )
    assert list(body["errors"]) == ["links[0].url"]
    problem(call("POST", "/api/v1/follow/links/", {}, code=code), 400, "invalid")


def test_erasing_is_at_once_and_for_good(call: Caller, submit: Submit) -> None:
    code = submit()
    pk = report_of(code).pk
    assert call("DELETE", "/api/v1/follow/", code=code).status_code == 204
    problem(call("DELETE", "/api/v1/follow/", code=code), 404, "unknown_code")
    report = Report.objects.get(pk=pk)
    assert (report.status, report.code_key, report.staff_key, report.story) == (
        Status.ERASED,
        None,
        None,
        None,
    )


def test_one_code_never_opens_another_report(call: Caller, submit: Submit) -> None:
    one, other = submit(story="mine"), submit(story="theirs")
    assert (
        call("GET", "/api/v1/follow/", code=one).json() != call("GET", "/api/v1/follow/", code=other).json()
    )


def test_following_costs_the_same_however_much_there_is(
    call: Caller, submit: Submit, chatter: Platform
) -> None:
    def queries(links: int, updates: int) -> int:
        code = submit(links=[{"url": f"https://chatter.example/p/{number}"} for number in range(links)])
        report = report_of(code)
        now = timezone.now()
        for link in report.links.all():
            for _one in range(updates):
                actions.post_update(report_id=report.pk, link_id=link.pk, what=News.STILL_THERE, at=now)
        box = report.box_for_code(receipts.normalise(code))
        for _one in range(updates):
            actions.send_message(report=report, box=box, text="…", by=None, at=now)
        with CaptureQueriesContext(connection) as seen:
            assert call("GET", "/api/v1/follow/", code=code).status_code == 200
        return len(seen)

    assert queries(1, 1) == queries(20, 5) <= 5


def test_many_wrong_codes_from_one_address_are_slowed_and_the_right_one_is_not(
    call: Caller, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = submit()
    monkeypatch.setattr("reports.api.WRONG_CODE_GATE", Gate(2))
    call.client.defaults["REMOTE_ADDR"] = "8.8.8.8"
    answers = [call("GET", "/api/v1/follow/", code="0000-0000-0000-0000").status_code for _one in range(4)]
    assert answers == [404, 404, 429, 429]
    assert call("GET", "/api/v1/follow/", code=code).status_code == 200


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/v1/follow/messages/", {"text": "Hello"}),
        ("/api/v1/follow/links/", {"links": [{"url": "https://chatter.example/p/2"}]}),
    ],
)
def test_erased_while_the_call_was_on_its_way(
    call: Caller, submit: Submit, monkeypatch: pytest.MonkeyPatch, path: str, body: dict[str, object]
) -> None:
    code = submit()
    report = report_of(code)

    def erased_meanwhile(request: object, gate: object) -> None:
        actions.erase_report(report=report, by="young-person", at=timezone.now())

    monkeypatch.setattr(crowd, "check_call", erased_meanwhile)

    raced = call("POST", path, body, code=code)

    assert raced.status_code == 404
    assert raced.json() == call("POST", path, body, code=code).json()
    assert raced.json()["code"] == "unknown_code"


def test_a_report_holds_only_so_many_links(
    call: Caller, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "MOST_LINKS", 1)
    code = submit()

    body = {"links": [{"url": "https://chatter.example/p/2"}]}
    answer = call("POST", "/api/v1/follow/links/", body, code=code)

    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == ["links"]
    assert report_of(code).links.count() == 1


def test_a_flood_of_messages_by_code_is_slowed(
    call: Caller, submit: Submit, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full(Gate):
        def count(self, address: str, *, now: float) -> int:
            return 30

    monkeypatch.setattr("reports.api.WRITING", Full(1))

    answer = call("POST", "/api/v1/follow/messages/", {"text": "Hello"}, code=submit())

    assert (answer.status_code, answer.json()["code"], answer.headers["Retry-After"]) == (
        429,
        "throttled",
        "30",
    )
