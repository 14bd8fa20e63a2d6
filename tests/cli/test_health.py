"""`oms health` tells well from stuck, and ready from waiting, by what workers last wrote."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tests.cli.command_line import CommandLine
from workers.cli.health import judge
from workers.state_file import StateFile, Wait, WorkerState
from workers.stream.watching.watchdog import seconds_now

if TYPE_CHECKING:
    from pathlib import Path

AWAY = Wait(reason="MongoDB does not answer: no server", seconds=12.3)


def _state(**changed: Any) -> WorkerState:  # noqa: ANN401 - fields of the state
    """A worker that works, and wrote so just now."""
    well: dict[str, Any] = {
        "worker": "orders",
        "pid": os.getpid(),
        "started_at": "2026-01-31T12:00:00.000Z",
        "written_at": "2026-01-31T12:10:00.000Z",
        "clock": seconds_now(),
        "phase": "working",
        "lanes": (0, 1, 2, 5),
        "progress_at": "2026-01-31T12:09:59.000Z",
        "waiting": (),
        "signs": {"rebalancing": 0.0, "work_stuck": 20.0},
        "limits": {"rebalancing": 90.0, "work_stuck": 180.0},
    }
    return WorkerState(**{**well, **changed})


@pytest.fixture
def oms(tmp_path: Path) -> CommandLine:
    """`oms` that looks for states in a folder of this test's own."""
    return CommandLine({"OMS_STATE_DIRECTORY": str(tmp_path)})


@pytest.mark.parametrize(
    ("changed", "live", "ready", "words"),
    [
        ({}, True, True, "works: lanes 0-2, 5, last acknowledged at 2026-01-31T12:09:59.000Z"),
        ({"lanes": (), "progress_at": None}, True, True, "no lanes, a spare, nothing to ackn"),
        ({"waiting": (AWAY,)}, True, False, "waits, for 12 s so far: MongoDB does not answer"),
        ({"phase": "starting", "waiting": (AWAY,)}, True, False, "waits, for 12 s so far"),
        ({"phase": "starting"}, True, False, "starts"),
        ({"phase": "joining"}, True, False, "joins its group"),
        ({"phase": "finishing"}, True, False, "finishes"),
        ({"signs": {"rebalancing": 91.0}}, False, False, "or rebalancing, does not end, for 91"),
    ],
)
def test_a_worker_is_judged_by_its_state(
    *, changed: dict[str, Any], live: bool, ready: bool, words: str
) -> None:
    """Whoever waits is live and not ready; whoever is over a limit is neither."""
    found = judge(_state(**changed), seconds_now())
    assert (found.live, found.ready) == (live, ready)
    assert words in found.sentence


def test_a_worker_that_says_nothing_any_more_is_stuck(oms: CommandLine, tmp_path: Path) -> None:
    """A state that is older than a quarter of a minute is a worker that hangs: exit code 1."""
    StateFile(tmp_path, "orders").write(_state(clock=seconds_now() - 20))
    ended = oms("health", "orders")
    assert ended.exit_code == 1
    assert "is stuck: it has said nothing for 2" in ended.stdout


def test_waiting_is_live_and_not_ready(oms: CommandLine, tmp_path: Path) -> None:
    """The two probes differ for a worker whose MongoDB is away."""
    StateFile(tmp_path, "orders").write(_state(waiting=(AWAY,)))
    assert oms("health").exit_code == 0
    assert oms("health", "--ready").exit_code == 1


def test_only_the_worker_that_is_asked_for_counts(oms: CommandLine, tmp_path: Path) -> None:
    """One stuck worker is no fault of another; without a name all of them count."""
    StateFile(tmp_path, "orders").write(_state())
    StateFile(tmp_path, "customers").write(_state(worker="customers", clock=0.0))
    assert oms("health", "orders", "--ready").exit_code == 0
    assert oms("health", "customers").exit_code == 1
    assert oms("health").exit_code == 1


def test_no_worker_is_not_healthy(oms: CommandLine) -> None:
    """Where nothing runs, a sentence on standard error says so, and the exit code is 1."""
    ended = oms("health", "inventory")
    assert (ended.exit_code, ended.stdout) == (1, "")
    assert "No inventory worker runs here" in ended.stderr


def test_a_worker_that_was_killed_counts_no_more(oms: CommandLine, tmp_path: Path) -> None:
    """The file of a process that is gone is nobody's, and is taken away."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    StateFile(tmp_path, "orders").write(_state(pid=process.pid))
    assert "No worker runs here" in oms("health").stderr
    assert list(tmp_path.iterdir()) == []


def test_a_state_of_before_the_machine_started_counts_no_more(
    oms: CommandLine, tmp_path: Path
) -> None:
    """Its process id may be somebody else's by now."""
    StateFile(tmp_path, "orders").write(_state(clock=seconds_now() + 1000))
    assert oms("health").exit_code == 1


def test_half_a_file_is_passed_over(oms: CommandLine, tmp_path: Path) -> None:
    """Whatever else lies in the folder is not a worker, and no stack trace."""
    (tmp_path / "orders-1.json").write_text('{"worker": "ord')
    assert oms("health").exit_code == 1


def test_json_has_the_judgement_and_the_state(oms: CommandLine, tmp_path: Path) -> None:
    """Programs get all that the worker wrote, and what is to be thought of it."""
    StateFile(tmp_path, "orders").write(_state())
    [one] = oms("health", "--json").json
    assert (one["worker"], one["live"], one["ready"]) == ("orders", True, True)
    assert one["state"]["lanes"] == [0, 1, 2, 5]


def test_a_state_is_written_as_a_whole_and_taken_away(tmp_path: Path) -> None:
    """Nothing but the file is there while it lasts, and not even its directory after it."""
    file = StateFile(tmp_path / "made", "orders")
    file.write(_state())
    assert len(list((tmp_path / "made").iterdir())) == 1
    file.remove()
    assert list(tmp_path.iterdir()) == []
