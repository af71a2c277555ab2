"""Sealed columns: who can open what, and that ciphertext can't be moved."""

import pytest
from django.conf import settings as django_settings

from helpline.crypto import blind, cookies, keyring, wrapping
from helpline.crypto.box import Box, settings_box
from helpline.crypto.wrapping import WrongKey
from reports.models import Link, Report


def test_a_box_opens_what_it_sealed() -> None:
    report, box = Report(), Box(wrapping.new_data_key())
    report.story = box.seal(report, "story", "été, 夜, 🌙")
    assert b"\xc3\xa9t" not in bytes(report.story or b"")
    assert box.open(report, "story") == "été, 夜, 🌙"


def test_nothing_said_is_nothing_stored() -> None:
    report, box = Report(), Box(wrapping.new_data_key())
    assert box.seal(report, "story", "") is None
    assert box.open(report, "story") == ""


def test_the_same_text_never_looks_the_same() -> None:
    report, box = Report(), Box(wrapping.new_data_key())
    assert box.seal(report, "story", "x") != box.seal(report, "story", "x")


@pytest.mark.parametrize("place", ["row", "column", "table", "key", "bit"])
def test_ciphertext_moved_or_altered_does_not_open(place: str) -> None:
    report, box = Report(), Box(wrapping.new_data_key())
    sealed = box.seal(report, "story", "secret")
    assert sealed is not None
    target: Report | Link = Report() if place == "row" else report
    column = "school" if place == "column" else "story"
    if place == "table":
        target, column = Link(id=report.pk), "url"
    if place == "key":
        box = Box(wrapping.new_data_key())
    if place == "bit":
        sealed = sealed[:-1] + bytes([sealed[-1] ^ 1])
    setattr(target, column, sealed)
    with pytest.raises(WrongKey):
        box.open(target, column)


def test_the_staff_key_opens_for_its_own_report_only() -> None:
    key = wrapping.new_data_key()
    wrapped = wrapping.wrap_for_staff(key, about="report:1")
    assert wrapping.unwrap_for_staff(wrapped, about="report:1") == key
    with pytest.raises(WrongKey):
        wrapping.unwrap_for_staff(wrapped, about="report:2")


def test_the_code_opens_its_own_report_only() -> None:
    key = wrapping.new_data_key()
    wrapped = wrapping.wrap_for_code(key, code="A" * 16, about="report:1")
    assert wrapping.unwrap_for_code(wrapped, code="A" * 16, about="report:1") == key
    for code, about in (("B" * 16, "report:1"), ("A" * 16, "report:2")):
        with pytest.raises(WrongKey):
            wrapping.unwrap_for_code(wrapped, code=code, about=about)


def test_the_desk_key_opens_for_its_own_row_only() -> None:
    wrapped = wrapping.wrap_for_desk(b"k" * 32, about="case:1")
    assert wrapping.unwrap_for_desk(wrapped, about="case:1") == b"k" * 32
    with pytest.raises(WrongKey):
        wrapping.unwrap_for_desk(wrapped, about="case:2")


def test_a_rotated_key_still_opens_what_the_old_one_sealed(monkeypatch: pytest.MonkeyPatch) -> None:
    old = wrapping.wrap_for_desk(b"k" * 32, about="case:1")
    (old_id, old_key) = keyring.current("desk.key")
    monkeypatch.setattr(keyring, "load", lambda name: {"new": b"n" * 32, old_id: old_key})
    assert wrapping.unwrap_for_desk(old, about="case:1") == b"k" * 32
    assert wrapping.wrap_for_desk(b"k" * 32, about="case:1")[1:4] == b"new"


def test_the_public_face_never_holds_what_opens_reports(settings: pytest.FixtureRequest) -> None:
    keyring.load.cache_clear()
    settings.FACE = "public"  # type: ignore[attr-defined]
    try:
        wrapped = wrapping.wrap_for_staff(b"k" * 32, about="report:1")
        for name in keyring.STAFF_ONLY:
            with pytest.raises(keyring.KeyUnavailable):
                keyring.load(name)
        with pytest.raises(keyring.KeyUnavailable):
            wrapping.unwrap_for_staff(wrapped, about="report:1")
    finally:
        keyring.load.cache_clear()


@pytest.mark.parametrize("line", ["nonsense", "id !!!", "id QUJD", f"{'x' * 33} " + "QQ" * 22])
def test_a_malformed_key_is_said_plainly(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    keyring.load.cache_clear()
    monkeypatch.setenv("HELPLINE_KEY_DESK_KEY", line)
    with pytest.raises(keyring.KeyUnavailable, match="HELPLINE_KEY_DESK_KEY"):
        keyring.load("desk.key")
    keyring.load.cache_clear()


def test_keys_are_made_once_and_readable_by_the_owner_only(tmp_path: pytest.TempPathFactory) -> None:
    folder = django_settings.KEYS_DIR
    assert keyring.make_missing(folder) == []
    for name in keyring.NAMES:
        assert (folder / name).stat().st_mode & 0o077 == 0


def test_blind_indexes_are_equal_for_equal_things_of_one_purpose() -> None:
    assert blind.index("url", "a") == blind.index("url", "a")
    assert blind.index("url", "a") != blind.index("account", "a")
    assert blind.index("url", "a") != blind.index("url", "b")
    assert blind.index("url", "") is None


def test_a_cookie_is_opaque_dated_and_of_one_purpose() -> None:
    from datetime import timedelta

    text = cookies.seal("note", {"code": "K3F9M"})
    assert "K3F9M" not in text
    minute = timedelta(minutes=1)
    assert cookies.open_sealed("note", text, max_age=minute) == {"code": "K3F9M"}
    assert cookies.open_sealed("other", text, max_age=minute) is None
    assert cookies.open_sealed("note", text[:-2] + "aa", max_age=minute) is None
    assert cookies.open_sealed("note", "é", max_age=minute) is None


def test_a_key_is_not_printed() -> None:
    assert "k" * 8 not in repr(Box(b"k" * 32))
    assert "b'" not in repr(settings_box())
