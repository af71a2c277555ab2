"""What platforms decide, and what that does to their pages."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from tests.platforms.simulator import RunningSimulator
from tests.platforms_simulator.helplines import ask_state, eventually, file_notice, notice, send


def filed(simulator: RunningSimulator, slug: str, **behaviour: Any) -> tuple[dict[str, Any], str]:
    """A notice filed at a platform of this kind; with the address it is about."""
    simulator.control(slug, **({"decide_after": 0.1} | behaviour))
    sent = notice(slug)
    assert file_notice(simulator, slug, sent).status == 202
    return sent, sent["items"][0]["url"]


def state(simulator: RunningSimulator, slug: str, sent: dict[str, Any]) -> dict[str, Any]:
    """The first item of the status query."""
    item: dict[str, Any] = ask_state(simulator, slug, sent["notice_id"]).json["items"][0]
    return item


def decided(simulator: RunningSimulator, slug: str, sent: dict[str, Any]) -> dict[str, Any]:
    """The same, once it is decided."""
    waiting = {"received", "under_review"}
    eventually(lambda: state(simulator, slug, sent)["status"] not in waiting)
    return state(simulator, slug, sent)


def test_a_page_is_there_until_it_is_removed(simulator: RunningSimulator, slug: str) -> None:
    sent, url = filed(simulator, slug, decide_after=0.4)
    assert simulator.page_status(url) == 200
    assert state(simulator, slug, sent)["status"] == "received"
    item = decided(simulator, slug, sent)
    assert item["status"] == "removed"
    assert item["decision_visibility"] == "DECISION_VISIBILITY_CONTENT_REMOVED"
    assert simulator.page_status(url) == 404
    assert simulator.page_status(url + "-another") == 200


def test_review_comes_between(simulator: RunningSimulator, slug: str) -> None:
    sent, url = filed(simulator, slug, decide_after=0.6, review=True)
    eventually(lambda: state(simulator, slug, sent)["status"] == "under_review")
    assert simulator.page_status(url) == 200
    decided(simulator, slug, sent)


@pytest.mark.parametrize(
    ("outcome", "page", "visibility"),
    [
        ("removed", 404, "DECISION_VISIBILITY_CONTENT_REMOVED"),
        ("disabled", 451, "DECISION_VISIBILITY_CONTENT_DISABLED"),
        ("account_removed", 404, "DECISION_VISIBILITY_CONTENT_REMOVED"),
        ("already_gone", 404, None),
        ("partly_removed", 200, None),
        ("refused", 200, None),
        ("more_information", 200, None),
        ("not_found", 200, None),
    ],
)
def test_every_outcome_has_its_words_and_its_page(
    simulator: RunningSimulator, slug: str, outcome: str, page: int, visibility: str | None
) -> None:
    sent, url = filed(simulator, slug, outcomes={outcome: 1})
    item = decided(simulator, slug, sent)
    assert item["status"] == outcome
    assert item["decision_visibility"] == visibility
    assert item["reason"]
    assert simulator.page_status(url) == page


def test_a_refusal_can_be_contested_for_half_a_year(simulator: RunningSimulator, slug: str) -> None:
    sent, _ = filed(simulator, slug, outcomes={"refused": 1})
    item = decided(simulator, slug, sent)
    day = datetime.fromisoformat(item["decided_at"]).date()
    assert datetime.fromisoformat(item["redress_until"]).date() - day == timedelta(days=183)


def test_an_account_goes_with_all_its_pages(simulator: RunningSimulator, slug: str) -> None:
    simulator.control(slug, decide_after=0.1, outcomes={"account_removed": 1})
    sent = notice(slug, urls=[f"https://{slug}.example/@someone/1"])
    sent["items"][0]["account"] = "@someone"
    file_notice(simulator, slug, sent)
    assert decided(simulator, slug, sent)["decision_account"] == "DECISION_ACCOUNT_TERMINATED"
    assert simulator.page_status(f"https://{slug}.example/@someone") == 404
    assert simulator.page_status(f"https://{slug}.example/@someone/2") == 404
    assert simulator.page_status(f"https://{slug}.example/@someone-else/1") == 200


def test_a_platform_that_never_decides(simulator: RunningSimulator, slug: str) -> None:
    sent, url = filed(simulator, slug, outcomes={"never": 1}, decide_after=0)
    assert state(simulator, slug, sent)["status"] == "received"
    assert simulator.page_status(url) == 200


def test_items_of_one_notice_are_decided_apart(simulator: RunningSimulator, slug: str) -> None:
    simulator.control(slug, decide_after=0, outcomes={"refused": 0.5})
    sent = notice(slug, urls=[f"https://{slug}.example/{number}" for number in range(30)])
    file_notice(simulator, slug, sent)
    decided(simulator, slug, sent)
    items = ask_state(simulator, slug, sent["notice_id"]).json["items"]
    assert {item["status"] for item in items} == {"removed", "refused"}
    for item, about in zip(items, sent["items"], strict=True):
        assert simulator.page_status(about["url"]) == (404 if item["status"] == "removed" else 200)


# --- The same page under other addresses --------------------------------------------------------------


def test_a_page_is_the_same_however_it_is_written(simulator: RunningSimulator, slug: str) -> None:
    simulator.put_page(f"https://{slug}.example/p/one?b=2&a=1", gone=True)
    for path in ("/p/one?a=1&b=2", "/p/one/?b=2&a=1", "/p/%6Fne?a=1&b=2"):
        assert send(simulator, "GET", path, headers={"Host": f"{slug}.example"}).status == 404
        assert send(simulator, "GET", path, headers={"Host": f"{slug.upper()}.EXAMPLE:443"}).status == 404
        assert send(simulator, "GET", f"/site/{slug}.example{path}").status == 404
    assert send(simulator, "GET", f"/site/{slug}.example/p/one").status == 200


def test_a_notice_may_use_the_simulators_own_address(simulator: RunningSimulator, slug: str) -> None:
    simulator.control(slug, decide_after=0)
    sent = notice(slug, urls=[f"{simulator.url}/site/{slug}.example/p/7"])
    file_notice(simulator, slug, sent)
    eventually(lambda: simulator.page_status(f"https://{slug}.example/p/7") == 404)


def test_a_page_says_neutral_things_only(simulator: RunningSimulator, slug: str) -> None:
    page = send(simulator, "GET", "/p/1?x=<script>", headers={"Host": f"{slug}.example"})
    assert f"<h1>A post on {slug}.example</h1>" in page.body.decode()
    assert b"<script" not in page.body
    assert "default-src 'none'" in page.headers["content-security-policy"]
    head = send(simulator, "HEAD", "/p/1", headers={"Host": f"{slug}.example"})
    assert (head.status, head.body) == (200, b"")
    assert send(simulator, "POST", "/p/1", headers={"Host": f"{slug}.example"}).status == 405


# --- Pages that make it hard --------------------------------------------------------------------------


@pytest.mark.parametrize("status", [404, 410, 451])
def test_gone_in_the_platforms_own_way(simulator: RunningSimulator, slug: str, status: int) -> None:
    simulator.control(slug, gone_status=status)
    simulator.put_page(f"https://{slug}.example/p", gone=True)
    assert simulator.page_status(f"https://{slug}.example/p") == status


def test_gone_but_200(simulator: RunningSimulator, slug: str) -> None:
    simulator.control(slug, soft_404=True)
    simulator.put_page(f"https://{slug}.example/p", gone=True)
    page = send(simulator, "GET", "/p", headers={"Host": f"{slug}.example"})
    assert page.status == 200
    assert "Sorry, this page isn't available" in page.body.decode()


def test_gone_and_led_to_the_front_page(simulator: RunningSimulator, slug: str) -> None:
    simulator.control(slug, gone_redirect=True)
    simulator.put_page(f"https://{slug}.example/p", gone=True)
    page = send(simulator, "GET", "/p", headers={"Host": f"{slug}.example"})
    assert (page.status, page.headers["location"]) == (302, "/")
    assert simulator.page_status(f"https://{slug}.example/") == 200


@pytest.mark.parametrize("prefix", ["", "/site/{host}"])
@pytest.mark.parametrize(("gone", "status"), [(False, 200), (True, 404)])
def test_a_page_behind_redirects(
    simulator: RunningSimulator, slug: str, prefix: str, gone: bool, status: int
) -> None:
    host = f"{slug}.example"
    simulator.control(slug, redirect_hops=3)
    simulator.put_page(f"https://{host}/p?q=1", gone=gone)
    path = prefix.format(host=host) + "/p?q=1"
    headers: dict[str, str | None] = {} if prefix else {"Host": host}
    for _ in range(3):
        hop = send(simulator, "GET", path, headers=headers)
        assert hop.status == 302
        path = hop.headers["location"]
    assert send(simulator, "GET", path, headers=headers).status == status


def test_no_redirect_leaves_the_host(simulator: RunningSimulator, slug: str) -> None:
    simulator.control(slug, redirect_hops=1)
    hop = send(simulator, "GET", "//elsewhere.example/p", headers={"Host": f"{slug}.example"})
    assert hop.headers["location"] == "/elsewhere.example/p?_hop=1"


@pytest.mark.parametrize("status", [403, 429, 503])
def test_a_page_that_is_there_but_turns_robots_away(
    simulator: RunningSimulator, slug: str, status: int
) -> None:
    simulator.control(slug, page_status=status)
    assert simulator.page_status(f"https://{slug}.example/p") == status


def test_content_comes_back_at_the_same_address_once(simulator: RunningSimulator, slug: str) -> None:
    sent, url = filed(simulator, slug, reappear_after=0.3)
    eventually(lambda: simulator.page_status(url) == 404)
    eventually(lambda: simulator.page_status(url) == 200)
    assert state(simulator, slug, sent)["status"] == "removed"
    file_notice(simulator, slug, notice(slug, urls=[url]))
    eventually(lambda: simulator.page_status(url) == 404)
    assert url.partition("://")[2] in simulator.ask("pages")["gone"]


def test_content_comes_back_elsewhere(simulator: RunningSimulator, slug: str) -> None:
    _, url = filed(simulator, slug, reappear_after=0.1, reappear_where="new")
    page = url.partition("://")[2]
    again = {"old": page, "new": f"{page}-again"}
    eventually(lambda: again in simulator.ask("pages")["reuploaded"])
    assert simulator.page_status(url) == 404
    assert simulator.page_status(f"{url}-again") == 200


# --- By hand ------------------------------------------------------------------------------------------


def test_a_test_can_decide_at_once_and_again(simulator: RunningSimulator, slug: str) -> None:
    sent, url = filed(simulator, slug, outcomes={"never": 1})
    simulator.decide(slug, sent["notice_id"], "refused")
    assert state(simulator, slug, sent)["status"] == "refused"
    simulator.decide(slug, sent["notice_id"], "removed")
    assert state(simulator, slug, sent)["status"] == "removed"
    assert simulator.page_status(url) == 404
    simulator.decide(slug, sent["notice_id"], "refused")
    assert simulator.page_status(url) == 200


def test_a_person_can_decide_on_the_page(simulator: RunningSimulator, slug: str) -> None:
    sent, url = filed(simulator, slug, outcomes={"never": 1})
    assert url in send(simulator, "GET", "/notices").body.decode()
    form = f"notice={slug}/{sent['notice_id']}&outcome=removed".encode()
    headers: dict[str, str | None] = {"Content-Type": "application/x-www-form-urlencoded"}
    assert send(simulator, "POST", "/notices", body=form, headers=headers).status == 303
    assert simulator.page_status(url) == 404
    assert send(simulator, "POST", "/notices", body=b"notice=none", headers=headers).status == 404
