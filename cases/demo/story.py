"""The demo's story, told through the real actions: nothing here writes a row of its own.

The past is played with past moments: reports are submitted, opened, requested, claimed, finished and answered by the same
functions that a live helpline uses, only the sending itself is left out. The last part is left to the running worker.
"""

import http.client
import json
import random
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings

from cases import actions as cases
from cases import queue
from cases.demo import people
from cases.demo.people import Place, Told
from cases.incidents import actions as incidents
from cases.models import Case, IncidentMember
from cases.states import MemberState, Outcome
from cases.takedowns import actions as takedowns
from cases.takedowns import dispatch, recheck
from cases.takedowns.connectors import Sent
from cases.takedowns.models import Takedown
from cases.takedowns.seeing import Look, Seen
from cases.takedowns.states import STAYED, Result, Source, Status
from cases.takedowns.states import Outcome as Word
from helpline.accounts.models import Staff
from reports import actions as reports
from reports import receipts
from reports.actions import FingerprintFacts, LinkFacts, Submission
from reports.models import Report
from reports.states import AgeRange, Circumstance, Kind

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
PLACES: dict[str, Place] = {place.slug: place for place in people.PLACES}


def url_of(link: str) -> str:
    """`chatter/x` -> a page of the simulator."""
    slug, _, path = link.partition("/")
    return PLACES[slug].content_url + path


class Teller:
    """Plays the story up to `now`. `random_source` is seeded, so that every demo tells the same."""

    def __init__(self, *, now: datetime, staff: dict[str, Staff], random_source: random.Random) -> None:
        self.now = now
        self.nour, self.sacha, self.maud = staff["nour"], staff["sacha"], staff["maud"]
        self.random = random_source
        self.gone: list[str] = []  # pages the simulator must show as removed
        self.cases: dict[Told, Case] = {}

    def tell(self, told: Told, *, at: datetime) -> tuple[Report, str]:
        """Somebody reports. Returns the report and its code."""
        code = receipts.new_code()
        prints = (FingerprintFacts("sha256", told.fingerprint),) if told.fingerprint else ()
        report = reports.submit_report(
            submission=Submission(
                language=told.language,
                who=told.who,
                age_range=told.age,
                kind=told.kind,
                circumstances=told.circumstances,
                story=told.story,
                school=told.school,
                deadline_at=at + told.deadline if told.deadline else None,
                links=tuple(LinkFacts(url=url_of(link), account=told.account) for link in told.links),
                fingerprints=prints,
            ),
            code=code,
            at=at,
        )
        queue.add_new_reports(at=at)
        return report, code

    def open(self, told: Told, *, at: datetime, by: Staff) -> tuple[Case, str]:
        """Somebody reports and a counsellor opens it within the hour."""
        report, code = self.tell(told, at=at)
        opened = at + self.minutes(4, 50)
        case = cases.open_case(report=report, by=by, at=opened)
        cases.set_handle(case=case, text=told.initials, by=by, at=opened)
        self.cases[told] = case
        return case, code

    def minutes(self, least: int, most: int) -> timedelta:
        """A time between, drawn."""
        return timedelta(minutes=self.random.randint(least, most), seconds=self.random.randint(0, 59))

    # --- the past of a request ------------------------------------------------------------------------

    def ask(self, case: Case, *, by: Staff, at: datetime) -> list[Takedown]:
        """Ask for all links of a case at `at`."""
        return takedowns.request_takedown(case=case, links=list(case.report.links.all()), by=by, at=at)

    def leave(
        self, rows: list[Takedown], *, by: Staff, at: datetime, result: Result = Result.ACCEPTED
    ) -> None:
        """They left at `at`: by the worker's own claim and finish, or by hand where the channel is a form."""
        for row in rows:
            row.refresh_from_db()  # filing one files all of its notice
            if row.status == Status.TO_FILE:
                takedowns.mark_filed(
                    takedown=row, reference=self.reference(), by=by, at=at + self.minutes(5, 60)
                )
        routes = dispatch.routes(list(dispatch.LANES), now=at)
        claims = dispatch.claim(routes, limit=len(rows), now=at)
        done = [
            (claim, Sent(result, reference=self.reference() if result == Result.ACCEPTED else ""))
            for claim in claims
        ]
        dispatch.finish(done, now=at + timedelta(seconds=1))
        for row in rows:
            row.refresh_from_db()

    def reference(self) -> str:
        """A platform's reference."""
        return f"R-{self.random.randint(100_000, 999_999)}"

    def answer(self, row: Takedown, word: Word, *, at: datetime, words: str = "") -> None:
        """The platform says something."""
        until = (at + timedelta(days=183)).date() if word == Word.REFUSED else None
        takedowns.record_outcome(
            takedown=row,
            outcome=word,
            source=Source.CALLBACK,
            at=at,
            recorded_at=at,
            words=words,
            redress_until=until,
        )

    def seen(self, row: Takedown, seen: Seen, *, at: datetime, times: int = 1) -> None:
        """Looks at the link."""
        for number in range(times):
            look = Look(seen, http_status=404 if seen == Seen.GONE else 200)
            recheck.record_look(takedown_id=row.pk, seen=look, at=at + number * 15 * timedelta(minutes=1))
        row.refresh_from_db()
        page = row.case.box().open(row.link, "url")
        if seen == Seen.GONE:
            self.gone.append(page)
        elif page in self.gone:
            self.gone.remove(page)

    def removed(self, row: Takedown, *, after: timedelta) -> None:
        """Acted on `after` it left: said so where the platform has a voice, and seen gone."""
        start = row.sent_at or row.requested_at
        if row.notice.channel.kind == "http_api":
            self.answer(row, Word.ACKNOWLEDGED, at=start + timedelta(seconds=20))
            self.answer(row, Word.REMOVED, at=start + after)
        gone = start + after + timedelta(minutes=10)
        self.seen(row, Seen.GONE, at=gone, times=3)
        if row.gone_at is not None and row.gone_at + STAYED < self.now:
            self.seen(row, Seen.GONE, at=row.gone_at + STAYED)

    # --- the chapters ---------------------------------------------------------------------------------

    def past_weeks(self) -> Iterator[str]:
        """Closed successes, and a few that did not succeed, over eight weeks."""
        kinds = [Kind.DEEPNUDE] * 5 + [Kind.REAL_IMAGE] * 2 + [Kind.SENT]
        ages = [AgeRange.FROM_13] * 3 + [AgeRange.FROM_15] * 4 + [AgeRange.UNDER_13, AgeRange.ADULT]
        slugs = (
            ["chatter"] * 5 + ["clipshare"] * 3 + ["pixboard"] * 2 + ["snaproom"] * 2 + ["silent", "stubborn"]
        )
        for number in range(36):
            at = self.now - DAY * (56 - number * 1.5) + self.minutes(0, 600)
            slug = self.random.choice(slugs)
            links = tuple(f"{slug}/past-{number}-{n}" for n in range(self.random.choice([1, 1, 2, 3])))
            told = Told(
                initials="—",
                story="Une fausse photo de moi est en ligne.",
                age=self.random.choice(ages),
                kind=self.random.choice(kinds),
                links=links,
                circumstances=tuple(
                    self.random.sample([Circumstance.SCHOOL, Circumstance.NAMED, Circumstance.SPREADING], 1)
                ),
            )
            by = self.random.choice([self.nour, self.sacha])
            case, _code = self.open(told, at=at, by=by)
            rows = self.ask(case, by=by, at=case.opened_at + self.minutes(2, 12))
            self.leave(rows, by=by, at=case.opened_at + self.minutes(13, 14))
            for row in rows:
                self.usual_end(row, slug)
            outcome = Outcome.GONE if all(row.status == Status.GONE for row in rows) else Outcome.NOT_REMOVED
            cases.close_case(case=case, outcome=outcome, by=by, at=case.opened_at + 3 * DAY)
            yield f"past case {number + 1} of 36"

    def usual_end(self, row: Takedown, slug: str) -> None:
        """How platforms of this temper usually end it."""
        start = row.sent_at or row.requested_at
        if slug == "stubborn":
            self.answer(
                row,
                Word.REFUSED,
                at=start + self.minutes(60, 600),
                words="The content does not break our rules.",
            )
        elif slug == "silent":
            self.seen(row, Seen.THERE, at=start + DAY)
        else:
            minutes = {
                "chatter": (4, 40),
                "clipshare": (20, 400),
                "pixboard": (120, 2000),
                "snaproom": (60, 900),
            }[slug]
            self.removed(row, after=self.minutes(*minutes))

    def school_incident(self) -> Iterator[str]:
        """Twelve pupils of one school in two days: eight in hand and grouped, four just arrived."""
        for number, told in enumerate(people.PUPILS[:8]):
            at = self.now - 2 * DAY + number * 4 * HOUR
            case, _code = self.open(told, at=at, by=self.nour)
            rows = self.ask(case, by=self.nour, at=case.opened_at + self.minutes(3, 9))
            self.leave(rows, by=self.nour, at=case.opened_at + timedelta(minutes=10))
            for row in rows[: 1 if number < 5 else 0]:
                self.removed(row, after=self.minutes(5, 50))
            yield f"pupil {number + 1} of 12"
        for member in IncidentMember.objects.filter(state=MemberState.PROPOSED).select_related(
            "case", "incident"
        ):
            incidents.decide_membership(member=member, joined=True, by=self.nour, at=self.now - 5 * HOUR)
        incident = IncidentMember.objects.order_by("id").first()
        if incident is not None:
            incidents.set_title(
                incident=incident.incident, text=people.INCIDENT, by=self.nour, at=self.now - 5 * HOUR
            )
        for number, told in enumerate(people.PUPILS[8:]):
            self.tell(told, at=self.now - 3 * HOUR + number * self.minutes(20, 40))
            yield f"pupil {number + 9} of 12"

    def stubborn_refusal(self) -> None:
        """A platform that says no, and the six months in which to contest it."""
        case, _code = self.open(people.REFUSED, at=self.now - 6 * DAY, by=self.nour)
        rows = self.ask(case, by=self.nour, at=case.opened_at + 5 * timedelta(minutes=1))
        self.leave(rows, by=self.nour, at=case.opened_at + 6 * timedelta(minutes=1))
        for row in rows:
            self.answer(row, Word.UNDER_REVIEW, at=case.opened_at + HOUR)
            self.answer(
                row,
                Word.REFUSED,
                at=case.opened_at + 9 * HOUR,
                words="We consider this content to be parody.",
            )
        cases.add_note(
            case=case,
            text="Refus sans examen sérieux. Préparer la réclamation interne avant la fin du mois.",
            by=self.nour,
            at=self.now - 4 * DAY,
        )

    def came_back(self) -> None:
        """Gone for a week, then there again."""
        case, _code = self.open(people.CAME_BACK, at=self.now - 12 * DAY, by=self.nour)
        [row] = self.ask(case, by=self.nour, at=case.opened_at + HOUR)
        self.leave([row], by=self.nour, at=case.opened_at + HOUR)
        self.seen(row, Seen.GONE, at=case.opened_at + 5 * HOUR, times=3)
        self.seen(row, Seen.THERE, at=self.now - 7 * HOUR)

    def nobody_knows(self) -> None:
        """A connection that broke while the mail was leaving: only a person can settle it."""
        case, _code = self.open(people.UNSURE_WHETHER_SENT, at=self.now - DAY, by=self.nour)
        rows = self.ask(case, by=self.nour, at=case.opened_at + HOUR)
        self.leave(rows, by=self.nour, at=case.opened_at + HOUR, result=Result.UNKNOWN)

    def adult(self) -> None:
        """An adult's case, half done: one link gone, one form to file."""
        case, _code = self.open(people.ADULT, at=self.now - 20 * HOUR, by=self.sacha)
        clip, _room = self.ask(case, by=self.sacha, at=case.opened_at + HOUR)
        routes = dispatch.routes(list(dispatch.LANES), now=case.opened_at + HOUR)
        claims = dispatch.claim(routes, limit=1, now=case.opened_at + HOUR)
        dispatch.finish(
            [(one, Sent(Result.ACCEPTED, reference=self.reference())) for one in claims],
            now=case.opened_at + HOUR,
        )
        clip.refresh_from_db()
        self.removed(clip, after=self.minutes(30, 90))

    def waiting(self) -> None:
        """What a counsellor finds this evening: a life in danger, a threat that runs out, somebody without a link."""
        self.tell(people.NO_LINK, at=self.now - 5 * HOUR)
        self.tell(people.SEXTORTION, at=self.now - 50 * timedelta(minutes=1))
        self.tell(people.IN_DANGER, at=self.now - 12 * timedelta(minutes=1))

    def followed(self) -> str:
        """The one whose code is printed: something gone, something asked, a message to read. Returns the code."""
        case, code = self.open(people.FOLLOWED, at=self.now - 3 * HOUR, by=self.nour)
        at = case.opened_at
        cases.write_to_young_person(
            case=case,
            text="Bonjour, je suis Nour. Merci de nous avoir écrit. Ce n'est pas ta faute. On s'occupe des trois liens.",
            by=self.nour,
            at=at + timedelta(minutes=2),
        )
        reports.send_message(
            report=case.report,
            box=case.report.box_for_code(code),
            text="Merci. Ça prend combien de temps ?",
            by=None,
            at=at + 20 * timedelta(minutes=1),
        )
        queue.note_unread()
        chatter = case.report.links.get(position=1)
        [row] = takedowns.request_takedown(
            case=case, links=[chatter], by=self.nour, at=at + timedelta(minutes=4)
        )
        self.leave([row], by=self.nour, at=at + timedelta(minutes=5))
        self.removed(row, after=timedelta(minutes=14))
        # The other two are asked for now: the running worker sends one, a person files the other.
        others = list(case.report.links.exclude(position=1))
        takedowns.request_takedown(case=case, links=others, by=self.nour, at=self.now)
        return code


def show_as_removed(urls: list[str]) -> None:
    """Tell the simulator which pages the story has seen gone. Raises RuntimeError when it does not answer."""
    host, _, port = settings.SIMULATOR.partition(":")
    simulator = http.client.HTTPConnection(host, int(port), timeout=5)
    try:
        simulator.connect()
        for url in urls:
            simulator.request("POST", "/_control/pages", body=json.dumps({"url": url, "gone": True}))
            simulator.getresponse().read()
    except (OSError, http.client.HTTPException) as error:
        raise RuntimeError(f"The platform simulator at {settings.SIMULATOR} does not answer.") from error
    finally:
        simulator.close()
