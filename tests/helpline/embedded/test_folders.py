"""Folders that nobody else may enter."""

import os
from pathlib import Path

import pytest

from helpline.embedded.folders import NOBODY, hand_over, make_private
from helpline.embedded.processes import CannotStart, make_folders

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: files must belong to somebody else")


def test_made_for_us_alone(tmp_path: Path) -> None:
    make_private(tmp_path / "sockets")
    assert (tmp_path / "sockets").stat().st_mode & 0o777 == 0o700


def test_one_that_had_been_opened_is_closed_again(tmp_path: Path) -> None:
    (tmp_path / "sockets").mkdir()
    (tmp_path / "sockets").chmod(0o777)
    make_private(tmp_path / "sockets")
    assert (tmp_path / "sockets").stat().st_mode & 0o777 == 0o700


@as_root
def test_somebody_elses_is_refused(tmp_path: Path) -> None:
    (tmp_path / "sockets").mkdir()
    os.chown(tmp_path / "sockets", 12345, 12345)
    with pytest.raises(CannotStart, match="belongs to somebody else"):
        make_private(tmp_path / "sockets")


def test_a_link_laid_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir(mode=0o755)
    (tmp_path / "sockets").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CannotStart):
        make_private(tmp_path / "sockets")
    assert (tmp_path / "elsewhere").stat().st_mode & 0o777 == 0o755


@as_root
def test_handed_over_whole_and_back(tmp_path: Path) -> None:
    inner = tmp_path / "data" / "base" / "1"
    inner.parent.mkdir(parents=True)
    inner.touch()

    hand_over(tmp_path / "data", owner=NOBODY)
    assert {inner.stat().st_uid, inner.parent.stat().st_uid} == {NOBODY}

    hand_over(tmp_path / "data", owner=0)
    assert {inner.stat().st_uid, inner.parent.stat().st_uid} == {0}


def test_a_data_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CannotStart, match="file/var cannot be made"):
        make_folders(tmp_path / "file" / "var")
