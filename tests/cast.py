"""The cast: who appears in the tests. Invented people; each fixture says what it is for."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.test import Client

from cases import actions as case_actions
from cases.models import Case
from helpline.accounts import actions as accounts
from helpline.accounts.models import Role, Staff, Team
from helpline.platforms.models import Channel, ChannelKind, Platform, Regime
from reports import actions as report_actions
from reports import receipts
from reports.actions import LinkFacts, Submission
from reports.models import Report
from reports.states import AgeRange, Kind, Who
from tests.platforms.simulator import RunningSimulator

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
PASSWORD = "lamp-left-on-at-night"


@pytest.fixture
def noon() -> datetime:
    """A fixed moment: Monday, 2 March 2026, 12:00 UTC."""
    return NOON


@pytest.fixture
def roles(db: None) -> dict[str, Role]:
    """The five starting roles by slug."""
    accounts.ensure_starting_roles()
    return {role.slug: role for role in Role.objects.all()}


@pytest.fixture
def night_team(db: None) -> Team:
    """The team most of the cast belongs to."""
    return Team.objects.create(slug="night", name="Night")


@pytest.fixture
def make_staff(roles: dict[str, Role]) -> Callable[..., Staff]:
    """`make_staff("name", "counsellor", teams=[…])`."""

    def make(username: str, role: str, teams: Any = ()) -> Staff:
        return accounts.create_staff(
            username=username,
            display_name=username.title(),
            role=roles[role],
            password=PASSWORD,
            by=None,
            at=NOON,
            teams=teams,
        )

    return make


@pytest.fixture
def nour(make_staff: Callable[..., Staff], night_team: Team) -> Staff:
    """A counsellor of the night team."""
    return make_staff("nour", "counsellor", [night_team])


@pytest.fixture
def sacha(make_staff: Callable[..., Staff]) -> Staff:
    """A counsellor of another team: may not see the night team's cases."""
    return make_staff("sacha", "counsellor", [Team.objects.create(slug="day", name="Day")])


@pytest.fixture
def maud(make_staff: Callable[..., Staff], night_team: Team) -> Staff:
    """A supervisor."""
    return make_staff("maud", "supervisor", [night_team])


@pytest.fixture
def anouk(make_staff: Callable[..., Staff]) -> Staff:
    """An administrator: accounts and platforms, no case content."""
    return make_staff("anouk", "administrator")


@pytest.fixture
def theo(make_staff: Callable[..., Staff]) -> Staff:
    """An auditor: the trail and the figures, no case content."""
    return make_staff("theo", "auditor")


@pytest.fixture
def log_in() -> Callable[[Staff], Client]:
    """A browser in which this person is logged in."""

    def enter(staff: Staff) -> Client:
        client = Client()
        client.force_login(staff, backend="helpline.accounts.backends.StaffBackend")
        return client

    return enter


@pytest.fixture
def chatter(db: None, anouk: Staff) -> Platform:
    """A platform with a notice API."""
    return make_platform("chatter", ChannelKind.HTTP_API, "http://127.0.0.1:9/api/chatter", by=anouk)


@pytest.fixture
def pixboard(db: None, anouk: Staff) -> Platform:
    """A platform reached by e-mail."""
    return make_platform("pixboard", ChannelKind.EMAIL, "abuse@pixboard.example", by=anouk)


@pytest.fixture
def snaproom(db: None, anouk: Staff) -> Platform:
    """A platform that only has a web form."""
    return make_platform("snaproom", ChannelKind.WEB_FORM, "http://127.0.0.1:9/forms/snaproom", by=anouk)


def make_platform(slug: str, kind: ChannelKind, address: str, *, by: Staff | None = None) -> Platform:
    """A platform at `<slug>.example` with one approved, verified and enabled channel of this kind."""
    from helpline.crypto.box import settings_box
    from helpline.platforms import directory

    platform = Platform.objects.create(slug=slug, name=slug.title(), domains=[f"{slug}.example"])
    channel = Channel(
        platform=platform,
        slug=slug,
        kind=kind,
        address=address,
        regimes=[Regime.EU_DSA_16],
        languages=["en", "fr"],
        max_items=1,
        enabled=True,
        approved_at=NOON,
        approved_by=by,
        verified_at=NOON,
        verified_by=by,
    )
    channel.save()
    if kind == ChannelKind.HTTP_API:
        box = settings_box()
        channel.token_sealed = box.seal(channel, "token_sealed", f"token-{slug}")
        channel.outbound_secret_sealed = box.seal(channel, "outbound_secret_sealed", f"out-secret-{slug}")
        channel.inbound_secret_sealed = box.seal(channel, "inbound_secret_sealed", f"in-secret-{slug}")
        channel.save()
    directory.forget()
    return platform


def submission(**changes: Any) -> Submission:
    """A complete report of a 15-year-old about one post, with anything changed."""
    facts: dict[str, Any] = {
        "language": "fr",
        "who": Who.SELF,
        "age_range": AgeRange.FROM_15,
        "kind": Kind.DEEPNUDE,
        "story": "A made-up picture of me is going round.",
        "links": (LinkFacts(url="https://chatter.example/p/1"),),
    }
    return Submission(**(facts | changes))


@pytest.fixture
def tell(db: None) -> Callable[..., tuple[Report, str]]:
    """Somebody reports: `tell(kind=…, at=…)` answers the report and its code."""

    def report(*, at: datetime = NOON, **changes: Any) -> tuple[Report, str]:
        code = receipts.new_code()
        return report_actions.submit_report(submission=submission(**changes), code=code, at=at), code

    return report


# A platform keeps its temper from test to test; each begins with this one.
WELL_BEHAVED: dict[str, object] = {
    "callbacks": False,
    "callback_duplicates": 0,
    "answers": {},
    "outcomes": {},
    "latency": 0,
    "review": False,
    "hold": 120,
    "retry_after": 1,
    "mailbox": "accepts",
    "replies": False,
    "soft_404": False,
    "page_status": 200,
    "redirect_hops": 0,
}

# --- platforms that answer ----------------------------------------------------------------------------


@pytest.fixture(scope="session")
def _simulator() -> Iterator[RunningSimulator]:
    with RunningSimulator(profile="kind") as running:
        yield running


@pytest.fixture
def simulator(_simulator: RunningSimulator, settings: Any) -> RunningSimulator:
    """The platform simulator, emptied, well-behaved, and reached by every *.example name."""
    _simulator.reset()
    settings.SIMULATOR = _simulator.address
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", _simulator.mail_port
    return _simulator


@pytest.fixture
def live(simulator: RunningSimulator, anouk: Staff) -> Callable[..., Platform]:
    """`live("chatter")`: a platform whose channel leads to the simulator, behaving as told."""

    def make(slug: str, kind: ChannelKind = ChannelKind.HTTP_API, **behaviour: Any) -> Platform:
        simulator.control(slug, **(WELL_BEHAVED | behaviour))
        address = {
            ChannelKind.HTTP_API: simulator.base(slug),
            ChannelKind.EMAIL: f"abuse@{slug}.example",
            ChannelKind.WEB_FORM: f"{simulator.url}/forms/{slug}",
        }[kind]
        return make_platform(slug, kind, address, by=anouk)

    return make


@pytest.fixture
def open_case(tell: Callable[..., tuple[Report, str]], nour: Staff) -> Callable[..., Case]:
    """A report told and opened by Nour: `open_case(links=…, at=…)`."""

    def make(*, at: datetime = NOON, by: Staff = nour, **changes: Any) -> Case:
        report, _code = tell(at=at, **changes)
        return case_actions.open_case(report=report, by=by, at=at)

    return make
