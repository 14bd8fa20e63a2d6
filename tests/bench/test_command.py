"""`oms bench` as a user runs it: what it refuses, and that Ctrl-C leaves nothing behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.command_line import CommandLine
from tests.cli.interrupting import ctrl_c_leaves_nothing

if TYPE_CHECKING:
    from pathlib import Path

oms = CommandLine({})


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--rates", "fast"), "--rates is 'fast': give numbers above 0, separated by commas."),
        (("--rates", "50,-1"), "--rates is '50,-1'"),
        (("--rates", "nan"), "--rates is 'nan'"),
        (("--growth", "--stored", "0"), "--stored is '0'"),
        (("--growth", "--stored", ","), "--stored is empty"),
        (("--variants", ""), "--variants is empty"),
        (("--variants", "floor,kafka"), "--variants has kafka: choose among floor, service, faust"),
        (("--here", "--growth"), "--growth fills a database with clones: leave out --here."),
        (("--plot", "/nowhere/plot.svg"), "--plot /nowhere/plot.svg cannot be written"),
    ],
)
def test_what_cannot_be_measured_is_refused_at_once(arguments: tuple[str, ...], told: str) -> None:
    """A wrong option ends with a sentence before anything is started."""
    ended = oms("bench", *arguments)
    assert ended.exit_code == 1
    assert told in ended.stderr


def test_a_refused_run_leaves_no_empty_picture(tmp_path: Path) -> None:
    """What is refused has written no file."""
    plot = tmp_path / "plot.svg"
    assert oms("bench", "--variants", "x", "--plot", str(plot)).exit_code == 1
    assert not plot.exists()


@pytest.mark.stack
@pytest.mark.slow
def test_ctrl_c_ends_the_benchmark_and_all_it_has_started(tmp_path: Path) -> None:
    """Interrupted while the workers start, it leaves neither a process nor a file."""
    ctrl_c_leaves_nothing(
        *("bench", "--variants", "floor", "--json"),
        once_it_says="Starting the workers",
        folder=tmp_path,
    )
