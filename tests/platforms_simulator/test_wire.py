"""Filing a notice and asking for it: the right way, and every wrong one."""

import http.client
import json
import time
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.platforms import dice, receipts, signatures
from tests.platforms.simulator import RunningSimulator
from tests.platforms_simulator.helplines import ask_state, file_notice, fresh_slug, notice, send

# --- Accepting ----------------------------------------------------------------------------------------


def test_a_notice_is_accepted_with_a_reference_and_a_receipt(simulator: RunningSimulator, slug: str) -> None:
    sent = notice(slug)
    answer = file_notice(simulator, slug, sent)
    assert answer.status == 202
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.json["status"] == "received"
    (receipt,) = receipts.notices(simulator.receipts, slug)
    assert receipt["notice_id"] == sent["notice_id"] == receipt["key"]
    assert receipt["reference"] == answer.json["reference"]
    assert receipt["delivery"] == 1
    assert len(receipt["sha256"]) == 64


def test_the_receipt_is_written_before_the_answer(simulator: RunningSimulator, slug: str) -> None:
    simulator.control(slug, latency=30)
    with pytest.raises(TimeoutError):
        file_notice(simulator, slug, notice(slug), timeout=0.3)
    assert len(receipts.notices(simulator.receipts, slug)) == 1


def test_the_same_key_again_is_answered_again_and_no_new_work(simulator: RunningSimulator, slug: str) -> None:
    sent = notice(slug)
    first = file_notice(simulator, slug, sent)
    second = file_notice(simulator, slug, sent | {"sent_at": "2026-01-02T00:00:00Z"})
    assert (first.status, second.status) == (202, 200)
    assert first.json == second.json
    assert len(receipts.replays(simulator.receipts, slug)) == 1
    assert (slug, sent["notice_id"]) not in receipts.delivered_more_than_once(simulator.receipts)


def test_a_platform_that_ignores_keys_does_the_work_twice(simulator: RunningSimulator, slug: str) -> None:
    simulator.control(slug, honours_keys=False)
    sent = notice(slug)
    first, second = (file_notice(simulator, slug, sent) for _ in range(2))
    assert (first.status, second.status) == (202, 202)
    assert first.json["reference"] != second.json["reference"]
    assert receipts.delivered_more_than_once(simulator.receipts)[slug, sent["notice_id"]] == 2


def test_the_same_notice_at_two_platforms_is_no_double(simulator: RunningSimulator) -> None:
    sent, one, other = notice(), fresh_slug(), fresh_slug()
    assert file_notice(simulator, one, sent).status == file_notice(simulator, other, sent).status == 202
    doubled = receipts.delivered_more_than_once(simulator.receipts)
    assert not {(one, sent["notice_id"]), (other, sent["notice_id"])} & doubled.keys()


def test_any_slug_is_a_platform_and_nonsense_is_none(simulator: RunningSimulator) -> None:
    assert file_notice(simulator, "instagram", notice("instagram")).status == 202
    assert send(simulator, "POST", "/api/No%20Such/notices").json["code"] == "no_such_platform"
    assert send(simulator, "PUT", "/api/chatter/notices").status == 405
    assert send(simulator, "GET", "/api/chatter/elsewhere").status == 404


# --- Refusing what is wrong ---------------------------------------------------------------------------


@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer token-x", "Basic dG9rZW4=", "token-{slug}"])
def test_a_wrong_token_is_refused(simulator: RunningSimulator, slug: str, header: str | None) -> None:
    wrong = header and header.replace("{slug}", slug)
    answer = file_notice(simulator, slug, notice(slug), headers={"Authorization": wrong})
    assert (answer.status, answer.json["code"]) == (401, "unauthorised")
    assert not receipts.notices(simulator.receipts, slug)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda secret, body, now: None, "missing_signature"),
        (lambda secret, body, now: "nonsense", "malformed_signature"),
        (lambda secret, body, now: f"t=,v1={'0' * 64}", "malformed_signature"),
        (lambda secret, body, now: f"t={now}", "malformed_signature"),
        (lambda secret, body, now: f"t={now},v1={'0' * 64}", "bad_signature"),
        (lambda secret, body, now: signatures.sign("another secret", body), "bad_signature"),
        (lambda secret, body, now: signatures.sign(secret, body + b" "), "bad_signature"),
        (lambda secret, body, now: signatures.sign(secret, body, now - 301), "stale_signature"),
        (lambda secret, body, now: signatures.sign(secret, body, now + 310), "stale_signature"),
        (
            lambda secret, body, now: (
                f"t={now},v1={signatures.sign(secret, body, now - 900).partition('v1=')[2]}"
            ),
            "bad_signature",
        ),
    ],
)
def test_a_wrong_signature_is_refused(simulator: RunningSimulator, slug: str, make: Any, code: str) -> None:
    sent = notice(slug)
    header = make(simulator.notice_secret(slug), json.dumps(sent).encode(), int(time.time()))
    answer = file_notice(simulator, slug, sent, headers={signatures.HEADER: header})
    assert (answer.status, answer.json["code"]) == (401, code)
    assert not receipts.notices(simulator.receipts, slug)


@pytest.mark.parametrize("off", [-290, 0, 290])
def test_a_clock_that_is_a_little_off_is_forgiven(simulator: RunningSimulator, slug: str, off: int) -> None:
    sent = notice(slug)
    signed = signatures.sign(simulator.notice_secret(slug), json.dumps(sent).encode(), int(time.time()) + off)
    assert file_notice(simulator, slug, sent, headers={signatures.HEADER: signed}).status == 202


def test_one_of_two_signatures_is_enough_while_a_secret_changes(
    simulator: RunningSimulator, slug: str
) -> None:
    sent = notice(slug)
    body, now = json.dumps(sent).encode(), int(time.time())
    old = signatures.digest("the old secret", now, body)
    new = signatures.digest(simulator.notice_secret(slug), now, body)
    header = f"t={now},v1={old},v1={new}"
    assert file_notice(simulator, slug, sent, headers={signatures.HEADER: header}).status == 202


@pytest.mark.parametrize(
    ("sent", "headers", "status", "code"),
    [
        (b"not json", {}, 400, "malformed"),
        (b"[" * 100_000, {}, 400, "malformed"),
        (b"[]", {}, 422, "not_the_schema"),
        (b"x" * 1_100_000, {}, 413, "too_large"),
        (notice(schema="takedown-notice/2"), {}, 422, "not_the_schema"),
        (notice(items=[]), {}, 422, "not_the_schema"),
        (notice(urls=["https://[nowhere/"]), {}, 422, "not_the_schema"),
        (notice(victim="never"), {}, 422, "not_the_schema"),
        (notice(), {"Content-Type": "text/plain"}, 415, "not_json"),
        (notice(), {"Idempotency-Key": str(uuid.uuid4())}, 422, "key_is_not_the_notice"),
        (notice(), {"Idempotency-Key": None}, 422, "key_is_not_the_notice"),
    ],
)
def test_a_wrong_body_is_refused_and_not_received(
    simulator: RunningSimulator, slug: str, sent: Any, headers: Any, status: int, code: str
) -> None:
    answer = file_notice(simulator, slug, sent, headers=headers)
    assert (answer.status, answer.json["code"]) == (status, code)
    assert answer.json["detail"]
    assert not receipts.notices(simulator.receipts, slug)


# --- Misbehaving --------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", ["400", "401", "403", "404", "410", "413", "415", "422"])
def test_a_refusal_at_the_door_is_final_and_says_why(
    simulator: RunningSimulator, slug: str, answer: str
) -> None:
    simulator.control(slug, answers={answer: 1})
    sent = notice(slug)
    refused = file_notice(simulator, slug, sent)
    assert refused.status == int(answer)
    assert refused.json.keys() == {"code", "detail"}
    assert ask_state(simulator, slug, sent["notice_id"]).status == 404
    (receipt,) = receipts.turned_away(simulator.receipts, slug)
    assert (receipt["notice_id"], receipt["answer"]) == (sent["notice_id"], answer)


@pytest.mark.parametrize("status", [429, 503])
def test_later_says_when(simulator: RunningSimulator, slug: str, status: int) -> None:
    simulator.control(slug, answers={str(status): 1}, retry_after=7)
    sent = notice(slug)
    answer = file_notice(simulator, slug, sent)
    assert (answer.status, answer.headers["retry-after"]) == (status, "7")
    simulator.control(slug, retry_after_as_date=True)
    assert file_notice(simulator, slug, sent).headers["retry-after"].endswith("GMT")
    assert ask_state(simulator, slug, sent["notice_id"]).status == 404
    simulator.control(slug, answers={})
    assert file_notice(simulator, slug, sent).status == 202


def taken(simulator: RunningSimulator, slug: str, notice_id: str) -> bool:
    """Whether receipts and status query agree that the notice was taken; they must."""
    by_receipt = [one["notice_id"] for one in receipts.notices(simulator.receipts, slug)] == [notice_id]
    by_query = ask_state(simulator, slug, notice_id).status == 200
    assert by_receipt == by_query
    return by_receipt


@pytest.mark.parametrize(("answer", "is_taken"), [("500", False), ("accept_then_500", True)])
def test_500_says_nothing_about_whether_it_was_taken(
    simulator: RunningSimulator, slug: str, answer: str, is_taken: bool
) -> None:
    simulator.control(slug, answers={answer: 1})
    sent = notice(slug)
    got = file_notice(simulator, slug, sent)
    assert got.status == 500
    assert taken(simulator, slug, sent["notice_id"]) is is_taken


@pytest.mark.parametrize(("answer", "is_taken"), [("html", False), ("accept_then_html", True)])
def test_html_instead_of_json_with_200(
    simulator: RunningSimulator, slug: str, answer: str, is_taken: bool
) -> None:
    simulator.control(slug, answers={answer: 1})
    sent = notice(slug)
    got = file_notice(simulator, slug, sent)
    assert (got.status, got.headers["content-type"]) == (200, "text/html; charset=utf-8")
    with pytest.raises(ValueError, match="Expecting value"):
        _ = got.json
    assert taken(simulator, slug, sent["notice_id"]) is is_taken


@pytest.mark.parametrize(("answer", "is_taken"), [("drop", False), ("accept_then_drop", True)])
def test_a_connection_that_breaks_after_the_body(
    simulator: RunningSimulator, slug: str, answer: str, is_taken: bool
) -> None:
    simulator.control(slug, answers={answer: 1})
    sent = notice(slug)
    with pytest.raises((ConnectionError, http.client.RemoteDisconnected)):
        file_notice(simulator, slug, sent)
    assert taken(simulator, slug, sent["notice_id"]) is is_taken


@pytest.mark.parametrize(("answer", "is_taken"), [("silence", False), ("accept_then_timeout", True)])
def test_an_answer_that_never_comes(
    simulator: RunningSimulator, slug: str, answer: str, is_taken: bool
) -> None:
    simulator.control(slug, answers={answer: 1})
    sent = notice(slug)
    with pytest.raises(TimeoutError):
        file_notice(simulator, slug, sent, timeout=0.3)
    assert taken(simulator, slug, sent["notice_id"]) is is_taken


def test_a_held_connection_is_closed_in_the_end(simulator: RunningSimulator, slug: str) -> None:
    simulator.control(slug, answers={"accept_then_timeout": 1}, hold=0.2)
    with pytest.raises((ConnectionError, http.client.RemoteDisconnected)):
        file_notice(simulator, slug, notice(slug))


def test_a_silent_platform_answers_no_question_either(simulator: RunningSimulator, slug: str) -> None:
    simulator.control(slug, silent=True)
    with pytest.raises(TimeoutError):
        file_notice(simulator, slug, notice(slug), timeout=0.3)
    with pytest.raises(TimeoutError):
        send(simulator, "GET", f"/api/{slug}/notices/{uuid.uuid4()}", timeout=0.3)
    assert not receipts.of_kind(simulator.receipts, "notice", "turned_away", slug=slug)
    assert file_notice(simulator, fresh_slug(), notice()).status == 202


def test_shares_come_out_about_as_they_are_and_the_same_seed_repeats_them(
    simulator: RunningSimulator, slug: str
) -> None:
    shares = {"429": 0.3, "422": 0.2}
    simulator.control(slug, answers=shares)
    ids = [str(uuid.uuid4()) for _ in range(120)]
    answered = [file_notice(simulator, slug, notice(slug, notice_id=one)).status for one in ids]
    drawn = [dice.pick(shares, dice.fraction(simulator.seed, "answer", slug, one, 1), "202") for one in ids]
    assert answered == [int(one) for one in drawn]
    assert 15 <= answered.count(429) <= 57
    assert 7 <= answered.count(422) <= 41


def test_an_answer_takes_as_long_as_it_should(simulator: RunningSimulator, slug: str) -> None:
    simulator.control(slug, latency=[0.2, 0.3])
    begun = time.monotonic()
    file_notice(simulator, slug, notice(slug))
    assert time.monotonic() - begun >= 0.2


# --- Asking -------------------------------------------------------------------------------------------


def test_a_status_query_tells_received_from_unknown(simulator: RunningSimulator, slug: str) -> None:
    sent = notice(slug)
    assert ask_state(simulator, slug, sent["notice_id"]).json["code"] == "unknown_notice"
    reference = file_notice(simulator, slug, sent).json["reference"]
    answer = ask_state(simulator, slug, sent["notice_id"].upper())
    assert answer.status == 200
    assert answer.json["reference"] == reference
    assert [item["item_id"] for item in answer.json["items"]] == [sent["items"][0]["item_id"]]
    assert [one["status"] for one in receipts.status_queries(simulator.receipts, slug)] == [404, 200]


def test_a_status_query_needs_the_token(simulator: RunningSimulator, slug: str) -> None:
    sent = notice(slug)
    file_notice(simulator, slug, sent)
    assert send(simulator, "GET", f"/api/{slug}/notices/{sent['notice_id']}").status == 401


@pytest.mark.parametrize(("status_queries", "status"), [("unsupported", 405), ("denied", 404)])
def test_platforms_that_answer_no_status_query(
    simulator: RunningSimulator, slug: str, status_queries: str, status: int
) -> None:
    simulator.control(slug, status_queries=status_queries)
    sent = notice(slug)
    file_notice(simulator, slug, sent)
    assert ask_state(simulator, slug, sent["notice_id"]).status == status


# --- The bench's mode ---------------------------------------------------------------------------------


def test_the_bench_answers_in_a_fifth_of_a_second_and_decides_nothing(folder: Path) -> None:
    with RunningSimulator(folder, bench=True) as own:
        begun = time.monotonic()
        sent = notice("chatter", callback_url="http://127.0.0.1:9/nobody")
        status = file_notice(own, "chatter", sent).status
        assert time.monotonic() - begun >= 0.2
        assert status in {202, 503}
        assert own.ask("platforms/chatter")["answers"] == {"503": 0.05}
    assert len(receipts.of_kind(own.receipts, "notice", "turned_away")) == 1
    assert not receipts.callbacks(own.receipts)
    assert not own.state.exists()
