"""What would leave is shown before it leaves, and then all of it leaves or none."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from cases.models import Case
from cases.takedowns import asking, notices
from cases.takedowns.actions import AlreadyRequested, NoChannel
from cases.takedowns.models import Notice, Takedown
from cases.takedowns.states import Status
from helpline.accounts.models import Staff
from helpline.platforms.models import Channel, ChannelKind, ChannelWarning, Platform
from reports.actions import LinkFacts
from reports.models import Link
from tests.cast import NOON

OpenCase = Callable[..., Case]
pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("chatter")]


def all_links(case: Case) -> list[Link]:
    return list(case.report.links.select_related("platform").order_by("position"))


@pytest.fixture
def by_form(chatter: Platform, anouk: Staff) -> Channel:
    """A second way to reach Chatter, never verified."""
    return Channel.objects.create(
        platform=chatter,
        slug="chatter-form",
        kind=ChannelKind.WEB_FORM,
        address="https://chatter.example/form",
        languages=["fr"],
        enabled=True,
        approved_at=NOON,
        approved_by=anouk,
    )


def test_a_draft_a_platform_and_nothing_is_written(open_case: OpenCase, pixboard: Platform) -> None:
    case = open_case(
        links=(
            LinkFacts(url="https://chatter.example/p/1"),
            LinkFacts(url="https://pixboard.example/p/2"),
            LinkFacts(url="https://chatter.example/p/3"),
        )
    )

    drafted = asking.drafts(case=case, links=all_links(case), channels={}, at=NOON)

    assert [(one.platform.slug, len(one.links)) for one in drafted] == [("chatter", 2), ("pixboard", 1)]
    assert all(one.may_leave for one in drafted)
    assert "https://chatter.example/p/1" in drafted[0].text
    assert "https://chatter.example/p/3" in drafted[0].text
    assert not Notice.objects.exists()


def test_the_draft_reads_as_what_leaves_but_for_its_number(open_case: OpenCase, nour: Staff) -> None:
    from cases.takedowns.connectors.text import text

    case = open_case()
    [draft] = asking.drafts(case=case, links=all_links(case), channels={}, at=NOON)
    [made] = asking.ask(case=case, drafted=[draft], by=nour, at=NOON)

    left = text(notices.content_of(made.notice))

    assert left.replace(str(made.notice_id), asking.NUMBER_TO_COME) == draft.text


def test_the_best_channel_is_chosen_and_another_can_be(
    open_case: OpenCase, by_form: Channel, nour: Staff
) -> None:
    case = open_case()

    def drafted(**channels: str) -> asking.Draft:
        [draft] = asking.drafts(case=case, links=all_links(case), channels=channels, at=NOON)
        return draft

    best, other = drafted(), drafted(chatter="chatter-form")

    assert best.chosen is not None and other.chosen is not None
    assert best.chosen.channel.slug == "chatter"
    assert (other.chosen.channel, other.chosen.by_hand) == (by_form, True)
    assert other.chosen.warnings == [ChannelWarning.NEVER_VERIFIED]
    assert len(best.options) == 2
    assert drafted(chatter="nowhere").chosen == best.chosen

    [made] = asking.ask(case=case, drafted=[other], by=nour, at=NOON)
    assert (made.status, made.notice.channel) == (Status.TO_FILE, by_form)


def test_a_stale_channel_warns(open_case: OpenCase) -> None:
    case = open_case()
    later = NOON + timedelta(days=200)
    [draft] = asking.drafts(case=case, links=all_links(case), channels={}, at=later)
    assert draft.chosen is not None
    assert draft.chosen.warnings == [ChannelWarning.STALE]
    assert draft.may_leave  # a warning is for a person to weigh; it does not stop the notice


def test_without_a_channel_there_is_nothing_to_send(
    open_case: OpenCase, chatter: Platform, nour: Staff
) -> None:
    Channel.objects.update(enabled=False)
    case = open_case()

    [draft] = asking.drafts(case=case, links=all_links(case), channels={}, at=NOON)

    assert (draft.chosen, draft.may_leave, draft.text) == (None, False, "")
    with pytest.raises(NoChannel):
        asking.ask(case=case, drafted=[draft], by=nour, at=NOON)


def test_a_weak_notice_says_how_to_mend_it(open_case: OpenCase) -> None:
    case = open_case(links=(LinkFacts(account="mean", platform="chatter"),))
    Link.objects.update(kind="post")
    [draft] = asking.drafts(case=case, links=all_links(case), channels={}, at=NOON)
    assert [finding.code for finding in draft.findings] == ["no_url"]
    assert not draft.may_leave


def test_all_of_it_or_none(open_case: OpenCase, pixboard: Platform, nour: Staff) -> None:
    case = open_case(
        links=(LinkFacts(url="https://chatter.example/p/1"), LinkFacts(url="https://pixboard.example/p/2"))
    )
    drafted = asking.drafts(case=case, links=all_links(case), channels={}, at=NOON)
    asking.ask(case=case, drafted=drafted[1:], by=nour, at=NOON)

    with pytest.raises(AlreadyRequested):
        asking.ask(case=case, drafted=drafted, by=nour, at=NOON)

    assert [takedown.platform for takedown in Takedown.objects.all()] == [pixboard]
