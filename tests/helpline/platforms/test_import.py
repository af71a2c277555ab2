"""Bringing the directory up to a file: good, wrong, again, edited by both sides."""

import copy
import json
from datetime import datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import translation

from helpline.accounts.models import Staff
from helpline.audit.models import AuditRow
from helpline.crypto.box import settings_box
from helpline.platforms import actions, directory, layout, words
from helpline.platforms.actions import Imported, import_platforms
from helpline.platforms.layout import BadLayout
from helpline.platforms.links import platform_for
from helpline.platforms.management.commands.import_platforms import SEED
from helpline.platforms.models import Channel, Platform
from helpline.web.language import in_house

pytestmark = pytest.mark.django_db

API = {
    "slug": "chatter-api",
    "kind": "http_api",
    "address": "https://chatter.example/api",
    "regimes": ["eu-dsa-16"],
    "languages": ["en", "fr"],
    "max_items": 20,
    "evidence_required": "Addresses.",
    "promised_hours": 24,
    "token": "kettle-on-the-hob",
}
FORM = {"slug": "chatter-form", "kind": "web_form", "address": ""}
CHATTER = {
    "slug": "chatter",
    "name": "Chatter",
    "domains": ["chatter.example"],
    "hash_schemes": ["stopncii"],
    "promise": "48 h (US)",
    "notes": "To verify.",
    "channels": [API, FORM],
}
OTHER = {"slug": "other", "name": "Any other site", "other": True}


def file_of(*platforms: Any) -> dict[str, Any]:
    return {"layout": "platforms/1", "platforms": copy.deepcopy(list(platforms))}


def changed(entry: dict[str, Any], **changes: Any) -> dict[str, Any]:
    return copy.deepcopy(entry) | changes


@pytest.fixture
def take(noon: datetime) -> Any:
    """`take(data, by=…)` imports."""

    def run(data: object, by: Staff | None = None, at: datetime = noon) -> Imported:
        return import_platforms(data=data, approved_by=by, at=at)

    return run


def api() -> Channel:
    return Channel.objects.get(slug="chatter-api")


def test_a_good_file_is_taken_and_its_contacts_wait(take: Any) -> None:
    done = take(file_of(CHATTER, OTHER))
    chatter = Platform.objects.get(slug="chatter")
    assert (chatter.name, chatter.domains, chatter.hash_schemes) == (
        "Chatter",
        ["chatter.example"],
        ["stopncii"],
    )
    assert (api().kind, api().max_items, api().promised_hours, api().regimes) == (
        "http_api",
        20,
        24,
        ["eu-dsa-16"],
    )
    assert not api().enabled
    assert api().approved_at is None
    assert settings_box().open(api(), "token_sealed") == "kettle-on-the-hob"
    assert done.created == ["chatter", "chatter-api", "chatter-form", "other"]
    assert done.waiting == ["chatter-api"]
    assert chatter.best_channel() is None


def test_the_directory_is_read_anew_after_an_import(take: Any) -> None:
    assert platform_for("https://chatter.example/p/1").slug == "other"
    take(file_of(CHATTER))
    assert platform_for("https://chatter.example/p/1").slug == "chatter"


def test_an_approver_brings_contacts_into_use_and_is_recorded(take: Any, maud: Staff, noon: datetime) -> None:
    done = take(file_of(CHATTER), by=maud)
    assert done.approved == ["chatter-api"]
    assert (api().enabled, api().approved_by, api().approved_at) == (True, maud, noon)
    assert AuditRow.objects.get(verb="channel.approved").actor == f"staff:{maud.pk}"
    assert not Channel.objects.get(slug="chatter-form").enabled


def test_twice_is_as_once(take: Any, maud: Staff) -> None:
    take(file_of(CHATTER, OTHER), by=maud)
    before = [list(Platform.objects.order_by("id").values()), list(Channel.objects.order_by("id").values())]
    lines = AuditRow.objects.count()
    done = take(file_of(CHATTER, OTHER), by=maud)
    after = [list(Platform.objects.order_by("id").values()), list(Channel.objects.order_by("id").values())]
    assert after == before
    assert AuditRow.objects.count() == lines
    assert (done.created, done.changed, done.approved, done.waiting) == ([], [], [], [])


def test_a_second_run_may_approve_what_the_first_left_waiting(take: Any, maud: Staff) -> None:
    take(file_of(CHATTER))
    assert take(file_of(CHATTER), by=maud).approved == ["chatter-api"]
    assert api().enabled


def test_an_operators_edit_stays_as_long_as_the_file_says_the_same(
    take: Any, maud: Staff, anouk: Staff, noon: datetime
) -> None:
    take(file_of(CHATTER), by=maud)
    actions.change_channel(
        channel=api(),
        values={"address": "https://desk.chatter.example/api", "max_items": 5},
        by=anouk,
        at=noon,
    )
    actions.approve_channel(channel=api(), by=maud, at=noon)
    actions.verify_channel(channel=api(), by=anouk, at=noon)
    done = take(file_of(changed(CHATTER, notes="Another note.")))
    assert done.changed == ["chatter"]
    assert (api().address, api().max_items) == ("https://desk.chatter.example/api", 5)
    assert (api().enabled, api().verified_by) == (True, anouk)


def test_what_the_file_changes_is_taken_and_nothing_else(
    take: Any, maud: Staff, anouk: Staff, noon: datetime
) -> None:
    take(file_of(CHATTER), by=maud)
    actions.change_channel(channel=api(), values={"max_items": 5}, by=anouk, at=noon)
    take(file_of(changed(CHATTER, channels=[changed(API, promised_hours=48)])))
    assert (api().max_items, api().promised_hours, api().enabled) == (5, 48, True)


@pytest.mark.parametrize(
    "change",
    [{"address": "https://new.chatter.example/api"}, {"token": "another"}, {"inbound_secret": "first"}],
)
def test_another_contact_in_the_file_waits_again(
    change: dict[str, str], take: Any, maud: Staff, anouk: Staff, noon: datetime
) -> None:
    take(file_of(CHATTER), by=maud)
    actions.verify_channel(channel=api(), by=anouk, at=noon)
    done = take(file_of(changed(CHATTER, channels=[changed(API, **change)])), at=noon + timedelta(days=1))
    assert done.waiting == ["chatter-api"]
    assert (api().enabled, api().approved_at, api().verified_at) == (False, None, None)
    assert api().changed_at == noon + timedelta(days=1)


def test_a_verified_channel_made_by_hand_is_not_overwritten(take: Any, anouk: Staff, noon: datetime) -> None:
    place = Platform.objects.create(slug="chatter", name="Chatter")
    mine = Channel.objects.create(
        platform=place, slug="chatter-api", kind="email", address="abuse@chatter.example", max_items=3
    )
    actions.verify_channel(channel=mine, by=anouk, at=noon)
    take(file_of(CHATTER))
    assert (api().kind, api().address, api().max_items) == ("email", "abuse@chatter.example", 3)
    take(file_of(changed(CHATTER, channels=[changed(API, max_items=7)])))
    assert api().max_items == 7


def test_an_approval_of_the_file_does_not_cover_an_edit_made_since(
    take: Any, maud: Staff, anouk: Staff, noon: datetime
) -> None:
    take(file_of(CHATTER), by=maud)
    actions.change_channel(channel=api(), values={"address": "https://evil.example/api"}, by=anouk, at=noon)
    done = take(file_of(CHATTER), by=maud)
    assert (done.approved, done.waiting) == ([], ["chatter-api"])
    assert not api().enabled


def test_nobody_approves_their_own_edit_by_way_of_a_file(take: Any, anouk: Staff, noon: datetime) -> None:
    take(file_of(CHATTER))
    actions.change_channel(channel=api(), values={"address": "https://a.example/api"}, by=anouk, at=noon)
    actions.change_channel(channel=api(), values={"address": str(API["address"])}, by=anouk, at=noon)
    with pytest.raises(BadLayout, match="chatter-api"):
        take(file_of(CHATTER), by=anouk)
    assert not api().enabled


def test_what_a_file_leaves_out_is_left_as_it_is(take: Any) -> None:
    take(file_of(CHATTER))
    take(
        file_of(
            {"slug": "chatter", "name": "Chatter", "channels": [{"slug": "chatter-api", "kind": "http_api"}]}
        )
    )
    assert (api().address, api().max_items) == ("https://chatter.example/api", 20)
    assert Platform.objects.get(slug="chatter").domains == ["chatter.example"]
    take(file_of(OTHER))
    assert Channel.objects.filter(slug="chatter-api").exists()


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ([], "the file: must be an object"),
        ({}, "the file, layout: must be 'platforms/1', got None"),
        ({"layout": "platforms/1", "platforms": {}}, "the file, platforms: must be a list"),
        ({"layout": "platforms/1", "platforms": [], "more": 1}, "the file, more: is not known"),
        (file_of("chatter"), "platforms[0]: must be an object, got a str"),
        (file_of({"name": "Chatter"}), "platforms[0], slug: must be like example-site"),
        (file_of(changed(CHATTER, slug="Chat ter")), "platforms[0], slug: must be like example-site"),
        (file_of({"slug": "chatter"}), 'platforms[0] "chatter", name: is missing'),
        (
            file_of(changed(CHATTER, name="")),
            'platforms[0] "chatter", name: must be a text that is not empty',
        ),
        (file_of(changed(CHATTER, name="a" * 81)), "name: must have at most 80 characters, has 81"),
        (file_of(changed(CHATTER, nmae="x")), 'platforms[0] "chatter", nmae: is not known'),
        (file_of(changed(CHATTER, domains="chatter.example")), "domains: must be a list"),
        (
            file_of(changed(CHATTER, domains=["https://chatter.example"])),
            "domains: must be like a lower-case host",
        ),
        (file_of(changed(CHATTER, domains=["Chatter.example"])), "domains: must be like a lower-case host"),
        (file_of(changed(CHATTER, domains=["a.example", "a.example"])), "domains: names 'a.example' twice"),
        (
            file_of(changed(CHATTER, hash_schemes=["magic"])),
            "hash_schemes: must be one of stopncii, take_it_down",
        ),
        (file_of(changed(CHATTER, notes=5)), "notes: must be a text, got 5"),
        (file_of(changed(CHATTER, notes="a\x00b")), "notes: must not hold null characters"),
        (file_of(changed(CHATTER, other="yes")), "other: must be true or false, got 'yes'"),
        (file_of(changed(CHATTER, channels={})), "channels: must be a list"),
        (file_of(changed(CHATTER, channels=[7])), 'platforms[0] "chatter", channels[0]: must be an object'),
        (file_of(changed(CHATTER, channels=[{"slug": "a"}])), 'channels[0] "a", kind: is missing'),
        (file_of(changed(CHATTER, channels=[changed(API, kind="pigeon")])), "kind: must be one of email"),
        (
            file_of(changed(CHATTER, channels=[changed(API, max_items=0)])),
            'platforms[0] "chatter", channels[0] "chatter-api", max_items: must be a whole number from 1',
        ),
        (
            file_of(changed(CHATTER, channels=[changed(API, max_items=True)])),
            "max_items: must be a whole number",
        ),
        (
            file_of(changed(CHATTER, channels=[changed(API, promised_hours="48")])),
            "promised_hours: must be a whole",
        ),
        (
            file_of(changed(CHATTER, channels=[changed(API, regimes=["moon"])])),
            "regimes: must be one of eu-dsa-16",
        ),
        (
            file_of(changed(CHATTER, channels=[changed(API, languages=["French"])])),
            "languages: must be like fr",
        ),
        (
            file_of(changed(CHATTER, channels=[changed(API, address="chatter")])),
            "address: must be a web address",
        ),
        (
            file_of(changed(CHATTER, channels=[changed(API, address="http://chatter.com/api")])),
            "address: must begin with https://",
        ),
        (
            file_of(changed(CHATTER, channels=[changed(API, address="https://a:b@chatter.com/api")])),
            "address: must not hold a user name or password",
        ),
        (
            file_of(changed(CHATTER, channels=[changed(API, kind="email", address="chatter")])),
            "address: must be an e-mail address",
        ),
        (
            file_of(CHATTER, changed(OTHER, slug="chatter")),
            'slug: platform chatter is taken by platforms[0] "chatter"',
        ),
        (
            file_of(CHATTER, changed(OTHER, domains=["chatter.example"])),
            "domains: chatter.example is taken by",
        ),
        (file_of(OTHER, changed(OTHER, slug="more")), "other: the catch-all is taken by"),
        (file_of(CHATTER, changed(OTHER, channels=[API])), "slug: channel chatter-api is taken by"),
        (file_of(changed(CHATTER, channels=[API, API])), "slug: channel chatter-api is taken by"),
    ],
)
def test_a_wrong_file_is_refused_by_entry_and_field(data: object, problem: str, take: Any) -> None:
    with pytest.raises(BadLayout) as refused:
        take(data)
    assert any(problem in str(one) for one in refused.value.problems), refused.value
    assert Platform.objects.count() == 0


def test_every_problem_is_named_at_once(take: Any) -> None:
    wrong = changed(CHATTER, notes=5, channels=[API | {"languages": 5, "max_items": 0}])
    with pytest.raises(BadLayout) as refused:
        take(file_of(wrong, {"slug": "more"}))
    assert [p.field for p in refused.value.problems] == ["notes", "languages", "max_items", "name"]


def test_a_problem_never_repeats_a_secret(take: Any) -> None:
    with pytest.raises(BadLayout) as refused:
        take(
            file_of(changed(CHATTER, channels=[changed(API, token=["kettle"], inbound_secret="drum" * 200)]))
        )
    assert "kettle" not in str(refused.value)
    assert "drum" not in str(refused.value)


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        (
            {"slug": "new", "name": "New", "domains": ["chatter.example"]},
            "domains: chatter.example belongs to chatter",
        ),
        ({"slug": "new", "name": "New", "other": True}, "other: the catch-all is other"),
        ({"slug": "new", "name": "New", "channels": [API]}, "slug: belongs to chatter"),
    ],
)
def test_what_another_platform_has_is_not_taken(entry: dict[str, Any], problem: str, take: Any) -> None:
    take(file_of(CHATTER, OTHER))
    with pytest.raises(BadLayout) as refused:
        take(file_of(entry))
    assert problem in str(refused.value)
    assert not Platform.objects.filter(slug="new").exists()


@pytest.mark.parametrize(
    "address", ["http://chatter.example:9000/api", "http://127.0.0.1:9000/api", "http://localhost/"]
)
def test_plain_http_is_for_this_machine_and_the_demo(address: str) -> None:
    layout.check_address("http_api", address)


# --- The command


def run(file: Path, *options: str) -> str:
    out = StringIO()
    call_command("import_platforms", str(file), *options, stdout=out)
    return out.getvalue()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "platforms.json"
    path.write_text(json.dumps(file_of(CHATTER, OTHER)))
    return path


def test_the_command_says_what_it_did(file: Path, maud: Staff) -> None:
    said = run(file)
    assert "new: 4, changed: 0, as before: 0, approved: 0." in said
    assert "chatter-api" in said.split("Out of use until")[1]
    said = run(file, "--approved-by", "maud")
    assert "new: 0, changed: 0, as before: 4, approved: 1." in said
    assert api().enabled


def test_a_dry_run_writes_nothing(file: Path, maud: Staff) -> None:
    said = run(file, "--dry-run", "--approved-by", "maud")
    assert "Would be new: 4" in said
    assert "Nothing was written." in said
    assert Platform.objects.count() == 0
    assert not AuditRow.objects.filter(verb__startswith="channel.").exists()
    assert directory.current().by_slug == {}


@pytest.mark.parametrize(
    ("name", "problem"), [("nobody", "Nobody with an active account"), ("theo", "may not approve")]
)
def test_the_approver_must_be_somebody_who_may(name: str, problem: str, file: Path, theo: Staff) -> None:
    with pytest.raises(CommandError, match=problem):
        run(file, "--approved-by", name)
    assert Platform.objects.count() == 0


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"{", "is not JSON: .* in line 1, column 2"),
        (b"\xff\xfe", "is not text in UTF-8"),
        (b"[]", "must be an object"),
        (
            b'{"layout": "platforms/1", "platforms": [{"slug": "a", "name": 5}]}',
            r'platforms\[0\] "a", name: must be a text',
        ),
    ],
)
def test_a_file_that_cannot_be_taken_is_explained(content: bytes, problem: str, tmp_path: Path) -> None:
    path = tmp_path / "wrong.json"
    path.write_bytes(content)
    with pytest.raises(CommandError, match=problem):
        run(path)


def test_a_file_that_is_not_there_is_explained(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="can't be read"):
        run(tmp_path / "none.json")


def test_the_layout_is_in_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        call_command("import_platforms", "--help")
    said = capsys.readouterr().out
    assert "promised_hours  null when nothing is promised" in said
    assert "--approved-by" in said


def test_what_is_shown_of_the_directory_we_come_with_is_in_the_language_of_the_house(settings: Any) -> None:
    """Given a French house, when the directory is read, then our words are French and an operator's stay theirs."""
    shipped = json.loads(SEED.read_text())["platforms"]
    shown = {one["promise"] for one in shipped if one["promise"]} | {
        one["name"] for one in shipped if one.get("other")
    }
    assert shown == set(words.SHOWN)
    settings.LANGUAGE_CODE = "fr"
    with translation.override("en"):
        assert in_house("Advice") == "Conseils"
        assert in_house("Réponse en 3 jours") == "Réponse en 3 jours"
        read = words.spoken({"a": [words.OTHER, "Advice", 3, None]})
    assert read == {"a": [in_house(words.OTHER), "Advice", 3, None]}
