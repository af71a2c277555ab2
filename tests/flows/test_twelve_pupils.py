"""Twelve pupils of one school in one sitting: told, found, joined, asked for together, answered, taken apart, put back.

The worst morning of a helpline. What one of them may never learn is anything about the other eleven.
"""

import io
import random
from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pypdf import PdfReader

from cases import actions as casework
from cases import queue
from cases.incidents import actions as incidents
from cases.incidents.states import Step
from cases.models import Case, Incident, IncidentMember
from cases.takedowns import actions as takedowns
from cases.takedowns import dispatch, notices
from cases.takedowns.connectors import Sent
from cases.takedowns.models import Notice, Takedown
from cases.takedowns.states import Outcome, Result, Source, Status
from helpline.accounts.models import Staff
from helpline.platforms.models import Channel, Platform
from reports.models import Report
from reports.states import LinkStatus

pytestmark = pytest.mark.django_db(transaction=True)
PUPILS = 12
SCHOOL = "Collège des Dunes"
SHARED = "https://chatter.example/p/wall"


def fingerprint(dice: random.Random, near: str = "", bits: int = 0) -> str:
    value = int(near, 16) if near else dice.getrandbits(256)
    for place in dice.sample(range(256), bits):
        value ^= 1 << place
    return f"{value:064x}"


def tell(number: int, school: str, prints: list[dict[str, Any]]) -> tuple[Report, str]:
    """What pupil `number` sends through the public API. The first six name the post on the wall, the next three an
    account, three a picture, one only the code that the school gave out.
    """
    links: list[dict[str, Any]] = [{"url": f"https://pixboard.example/p/own{number}"}]
    if number < 6:
        links.append({"url": SHARED})
    elif number < 9:
        links.append({"url": f"https://chatter.example/p/{number}", "account": "mean.one"})
    answer = Client().post(
        "/api/v1/reports/",
        {
            "channel": "web",
            "language": "fr",
            "who": "self",
            "age_range": "13-14",
            "kind": "deepnude",
            "circumstances": ["several"] if number == 3 else [],
            "story": f"Secret story of pupil {number}.",
            "school": school,
            "links": links,
            "fingerprints": prints,
            "safe_contact": {"via": "none"},
        },
        content_type="application/json",
        REMOTE_ADDR=f"198.51.100.{number}",
    )
    assert answer.status_code == 201, answer.content
    code = answer.json()["receipt_code"]
    return Report.objects.order_by("-submitted_at").first(), code  # type: ignore[return-value]


def followed(code: str) -> dict[str, Any]:
    answer = Client().get("/api/v1/follow/", headers={"Receipt-Code": code})
    assert answer.status_code == 200
    return dict(answer.json())


def words_of(body: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(body)).pages)


def test_the_first_report_opens_all_who_wait(
    nour: Staff, chatter: Platform, pixboard: Platform, log_in: Callable[[Staff], Client]
) -> None:
    # given twelve who wait: all but the eleventh name the school, the first six a link, the next three an account
    told = [tell(number, "" if number == 10 else SCHOOL, []) for number in range(PUPILS)]
    queue.add_new_reports(at=timezone.now())
    desk = log_in(nour)
    desk.cookies["lang"] = "en"
    page = f"/staff/reports/{told[0][0].pk}/"

    # when the first is read, the page says who else tells of it, and nothing of what they wrote
    alike = desk.get(page).context["alike"]
    assert {str(line.label): (line.cases, line.waiting) for line in alike.lines} == {
        "The same link": (0, 5),
        "The same school": (0, 10),
    }
    assert [one.ticked for one in alike.waiting].count(True) == 5
    shown = desk.get(page).content.decode()
    assert "Secret story of pupil 0." in shown
    assert not any(f"Secret story of pupil {number}." in shown for number in range(1, PUPILS))

    # and opened together, each has a case and a key of its own, all are offered as one incident, and nobody is joined
    others = [str(one.item.report_id) for one in alike.waiting]
    answer = desk.post(f"{page}together/", {"report": others, "assign-to": nour.pk})
    incident = Incident.objects.get(status="open")
    assert answer["Location"] == f"/staff/incidents/{incident.ref}/"
    assert incident.members.filter(state="proposed").count() == PUPILS - 1
    keys = Case.objects.filter(assignee=nour).values_list("key", flat=True)
    assert len({bytes(key or b"") for key in keys}) == PUPILS - 1
    assert not Case.objects.filter(report=told[10][0]).exists()

    # then the one left, who shares nothing, waits as before
    desk.cookies["lang"] = "en"
    assert desk.get(f"/staff/reports/{told[10][0].pk}/").context["alike"] is None


def test_twelve_pupils_in_one_sitting(
    nour: Staff,
    maud: Staff,
    chatter: Platform,
    pixboard: Platform,
    log_in: Callable[[Staff], Client],
) -> None:
    Channel.objects.filter(platform__in=[chatter, pixboard]).update(max_items=50)
    dice = random.Random(12)
    picture = fingerprint(dice)
    told: list[tuple[Report, str]] = []
    cases: list[Case] = []
    desk = log_in(maud)
    desk.cookies["lang"] = "en"

    # given eleven reports: a link, an account or a picture binds each to some of the others
    for number in range(PUPILS - 1):
        # Pupils 5 to 8 and 9, 10 have nearly the same picture: each saved again, so some bits differ.
        has_picture = number in {0, 5, 8, 9, 10}
        near = fingerprint(dice, picture, bits=12)
        prints = [{"algorithm": "pdq", "value": near, "quality": 90}] if has_picture else []
        report, code = tell(number, "", prints)
        cases.append(casework.open_case(report=report, by=nour, at=timezone.now()))
        told.append((report, code))
    # then the machine proposes one incident, and joins nobody
    incident = Incident.objects.get(status="open")
    assert set(incident.members.values_list("state", flat=True)) == {"proposed"}
    assert incident.members.count() == PUPILS - 1
    reasons = {tuple(one.reasons) for one in incident.members.all()}
    assert ("near",) in reasons and ("url",) in reasons

    # when the supervisor makes a code for the school, the twelfth names it, and nothing else
    page = f"/staff/incidents/{incident.ref}/"
    desk.post(f"{page}code/")
    code_shown = desk.get(page).context["opened"].code_shown
    card = words_of(desk.get(f"{page}code/card/").content)
    assert code_shown in card and SCHOOL not in card
    report, code = tell(11, f"{SCHOOL}, code {code_shown.lower().replace('-', ' ')}", [])
    cases.append(casework.open_case(report=report, by=nour, at=timezone.now()))
    told.append((report, code))
    last = IncidentMember.objects.get(case=cases[-1])
    assert (last.incident, last.reasons, last.state) == (incident, ["code"], "proposed")

    # when all that is proposed is joined in one click
    shown = desk.get(page).context["opened"].proposed
    assert len(shown) == PUPILS
    desk.post(f"{page}join/", {"case": [row.member.case.ref for row in shown]})
    assert set(incident.members.values_list("state", flat=True)) == {"joined"}

    # and one request a platform is asked for all
    for slug, links in (("chatter", 9), ("pixboard", 12)):
        draft = desk.get(f"{page}ask/{slug}/").context["draft"]
        assert len(draft.links) == links and len(draft.letters) == 1
        assert "pupil" not in draft.letters[0][1] and code_shown not in draft.letters[0][1]
        for _ in range(2):  # a double click
            desk.post(f"{page}ask/{slug}/", {"link": [str(link.pk) for link in draft.links]})
    assert Notice.objects.count() == 2
    assert Takedown.objects.count() == 21
    on_chatter = Notice.objects.get(channel__platform=chatter)
    # then what harms six of them is one item, which answers to six
    assert len(notices.content_of(on_chatter).items) == 4
    wall = Takedown.objects.filter(notice=on_chatter, item_id__isnull=False)
    shared = next(row for row in wall if wall.filter(item_id=row.item_id).count() == 6)

    # when one of the six withdraws before it left, the five others' item leaves all the same
    Client().post(
        "/api/v1/follow/withdraw/",
        {"all": True},
        content_type="application/json",
        headers={"Receipt-Code": told[0][1]},
    )
    takedowns.follow_withdrawals(at=timezone.now())
    same = Takedown.objects.filter(item_id=shared.item_id)
    assert sorted(same.values_list("status", flat=True)) == ["queued"] * 5 + ["withdrawn"]
    claims = dispatch.claim(
        dispatch.routes(["http_api", "email"], now=timezone.now()), limit=10, now=timezone.now()
    )
    sent = {str(claim.content.notice_id): [item.url for item in claim.content.items] for claim in claims}
    assert sent[str(on_chatter.pk)].count(SHARED) == 1
    assert len(sent[str(on_chatter.pk)]) == 4
    assert sum(len(urls) for urls in sent.values()) == 4 + 11
    dispatch.finish([(claim, Sent(Result.ACCEPTED)) for claim in claims], now=timezone.now())

    # when the platform answers once, for the item
    row = same.exclude(status=Status.WITHDRAWN).first()
    assert row is not None
    now = timezone.now()
    args: dict[str, Any] = {
        "outcome": Outcome.REMOVED,
        "source": Source.CALLBACK,
        "at": now,
        "recorded_at": now,
    }
    assert takedowns.record_outcome(takedown=row, event_key="chatter:1", **args)
    assert not takedowns.record_outcome(takedown=row, event_key="chatter:1", **args)
    # then five read it, each about their own links, and nothing of anybody else
    assert sorted(same.values_list("status", flat=True)) == ["removed"] * 5 + ["withdrawn"]
    for number, (report, code) in enumerate(told):
        seen = followed(code)
        urls = [link["url"] for link in seen["links"]]
        assert len(urls) == report.links.count()
        assert [url for url in urls if "/p/own" in url] == [f"https://pixboard.example/p/own{number}"]
        status = {link["url"]: link["status"] for link in seen["links"]}
        if number == 0:
            assert set(status.values()) == {LinkStatus.WITHDRAWN}
        elif number < 6:
            assert status[SHARED] == "said_removed"
            [wall_link] = [link for link in seen["links"] if link["url"] == SHARED]
            assert [step["what"] for step in wall_link["history"]].count("said_removed") == 1
        assert incident.ref not in str(seen) and "twelve" not in str(seen)

    # when the paper for the school is made, nothing in it leads to one of them
    desk.post(
        f"{page}worksheet/",
        {
            "version": 0,
            "agreed": "Assembly on Monday",
            "contact": "The référent, room 12",
            "tasks": "Tell the parents",
        },
    )
    for audience in ("school", "authorities"):
        paper = words_of(desk.post(f"{page}worksheet/paper/", {"for": audience}).content)
        assert "12 young people" in paper and "Assembly on Monday" in paper and "Tell the parents" in paper
        assert (SHARED in paper.replace("\n", "")) is (audience == "authorities")
        for case, (_report, code) in zip(cases, told, strict=True):
            assert case.ref not in paper and code not in paper and str(case.report_id) not in paper
        assert "Secret story" not in paper and SCHOOL not in paper
        assert ("mean.one" in paper) is (audience == "authorities")

    # when three turn out to be another matter, they are split off, and that is undone
    three = [case.ref for case in cases[9:12]]
    desk.post(f"{page}split/", {"case": three})
    step = incident.steps.get(what=Step.SPLIT)
    other = step.other
    assert other is not None
    assert sorted(other.members.values_list("case__ref", flat=True)) == sorted(three)
    assert incident.members.count() == PUPILS - 3
    desk.post(f"{page}undo/{step.pk}/")
    assert incident.members.filter(state="joined").count() == PUPILS
    assert not other.members.exists()
    # and closing the incident closes nobody
    incidents.set_open(incident=incident, is_open=False, by=maud, at=timezone.now())
    assert not Case.objects.filter(status="closed").exists()
