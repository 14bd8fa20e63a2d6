"""A data directory has one owner, and a temporary one leaves nothing."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from workers.dev.directory import open_directory, temporary_directory
from workers.dev.errors import StackError

if TYPE_CHECKING:
    from pathlib import Path


def test_the_second_owner_is_told_who_has_it(tmp_path: Path) -> None:
    """A directory in use is refused with the owner's process id and a way out."""
    with (
        open_directory(tmp_path),
        pytest.raises(StackError, match=rf"process {os.getpid()}.*--data DIR or --ephemeral"),
        open_directory(tmp_path),
    ):
        pass


def test_a_directory_can_be_owned_again_after_its_owner(tmp_path: Path) -> None:
    """The lock is gone with its owner although its file stays."""
    with open_directory(tmp_path):
        pass
    with open_directory(tmp_path) as directory:
        assert directory.path == tmp_path.resolve()


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """A path below a file is refused with the path and the option to change it."""
    (tmp_path / "file").touch()
    with (
        pytest.raises(StackError, match=r"file/data.*--data"),
        open_directory(tmp_path / "file" / "data"),
    ):
        pass


def test_the_log_of_the_run_before_is_kept(tmp_path: Path) -> None:
    """A new run begins a new log and keeps one older log."""
    with open_directory(tmp_path) as directory:
        directory.log("kafka").write_text("first run")
        new = directory.log("kafka")
        assert not new.exists()
        assert new.with_name("kafka.log.previous").read_text() == "first run"


def test_a_temporary_directory_leaves_nothing(tmp_path: Path) -> None:
    """A temporary directory is deleted with all that is in it, also after a failure."""
    with pytest.raises(FileNotFoundError), temporary_directory(tmp_path) as directory:
        (directory.path / "missing" / "file").touch()
    assert list(tmp_path.iterdir()) == []


def test_an_abandoned_temporary_directory_is_swept_and_one_in_use_is_not(tmp_path: Path) -> None:
    """What a killed owner left is deleted by the next; what has a living owner stays."""
    abandoned = tmp_path / "oms-stack-abandoned"
    abandoned.mkdir()
    (abandoned / "data").touch()
    os.utime(abandoned, (0, 0))
    with temporary_directory(tmp_path) as used:
        os.utime(used.path, (0, 0))
        with temporary_directory(tmp_path):
            assert used.path.exists()
            assert not abandoned.exists()
