"""Workers are started again when they end, and given up when that does not help."""

from __future__ import annotations

import os
import signal
import sys
import time
from typing import TYPE_CHECKING

import pytest

from workers.dev.directory import open_directory
from workers.dev.errors import StackError
from workers.dev.layout import Layout
from workers.dev.processes import Launcher
from workers.dev.stack import Stack
from workers.dev.supervisor import pause_before_restart, supervise_workers
from workers.dev.worker_log import LogReader, record, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PATIENCE = 30.0
READY = """print('{"event": "ready"}', flush=True)"""
SLEEP = "import time; time.sleep(600)"


def eventually(condition: Callable[[], bool]) -> None:
    """Wait until the condition holds; fail the test when it does not."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true"
        time.sleep(0.02)


def python(source: str) -> Callable[[str], list[str]]:
    """A worker command that runs this source."""
    return lambda _name: [sys.executable, "-c", source]


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """A stack without Kafka and MongoDB: a place for processes and logs."""
    launcher = Launcher()
    with open_directory(tmp_path) as directory:
        yield Stack(directory, Layout((), ()), launcher)
    launcher.close()


def test_a_killed_worker_is_started_again(stack: Stack) -> None:
    """A worker that was killed gets a new process, and a line says which worker and why."""
    said: list[str] = []
    source = f"{READY}; {SLEEP}"
    with supervise_workers(stack, ["orders"], said.append, python(source)) as supervisor:
        worker = supervisor.parts[0]
        before = worker.pid
        os.kill(before, signal.SIGKILL)
        eventually(lambda: worker.alive() and worker.pid != before)
        supervisor.check()
    assert not worker.alive()
    assert any("orders worker was ended by SIGKILL; starting it again" in line for line in said)


def test_a_worker_that_never_comes_up_is_given_up(stack: Stack) -> None:
    """After the allowed number of quick failures the message has exit code and log."""
    said: list[str] = []
    source = "import sys; print('no settings'); sys.exit(7)"
    with (
        pytest.raises(StackError, match=r"(?s)Gave up after 3.*exit code 7.*no settings"),
        supervise_workers(stack, ["orders"], said.append, python(source), most_quick_failures=3),
    ):
        pytest.fail("a worker that never was ready was taken for ready")
    assert (stack.directory.logs / "orders-worker.log").read_text() == "no settings\n" * 3


def test_a_ready_worker_s_warnings_are_shown_once(stack: Stack) -> None:
    """The terminal gets warnings and errors of a worker that is ready, and the same one once."""
    lines = [
        '{"level": "warning", "event": "joining"}',
        '{"level": "info", "event": "ready"}',
        '{"level": "info", "event": "batch"}',
        '{"level": "warning", "event": "slow", "topic": "orders.commands"}',
        '{"level": "warning", "event": "slow", "topic": "orders.commands"}',
        '{"level": "error", "event": "last"}',
    ]
    source = f"print({chr(10).join(lines)!r}, flush=True); {SLEEP}"
    said: list[str] = []
    with supervise_workers(stack, ["orders"], said.append, python(source)):
        eventually(lambda: "orders worker: error: last" in said)
    assert said == [
        "orders worker: warning: slow topic=orders.commands",
        "orders worker: error: last",
    ]


def test_a_worker_gets_the_addresses_of_the_stack(stack: Stack) -> None:
    """A worker finds the stack's addresses in its environment."""
    source = f"import os; print(sorted(n for n in os.environ if n[:4] == 'OMS_')); {READY}; {SLEEP}"
    with supervise_workers(stack, ["orders"], None, python(source)) as supervisor:
        assert "OMS_KAFKA_BOOTSTRAP" in supervisor.parts[0].log.read_text()
        assert "OMS_MONGO_URI" in supervisor.parts[0].log.read_text()


def test_pauses_grow() -> None:
    """Each quick failure doubles the pause before the next start, up to ten seconds."""
    pauses = [pause_before_restart(count) for count in range(9)]
    assert pauses == [0.0, 0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0]


def test_only_complete_lines_are_read_and_each_once(tmp_path: Path) -> None:
    """A line that is still being written waits for its end."""
    log = tmp_path / "log"
    reader = LogReader(log)
    assert reader.new_lines() == []
    log.write_text("one\ntw")
    assert reader.new_lines() == ["one"]
    log.write_text("one\ntwo\n")
    assert reader.new_lines() == ["two"]
    assert reader.new_lines() == []


@pytest.mark.parametrize("line", ["Traceback:", "[1]", "", '{"cut'])
def test_lines_that_are_no_json_objects_are_passed_over(line: str) -> None:
    """What a library prints beside the log is neither shown nor an error."""
    assert shown(record(line)) is None


def test_workers_of_one_machine_get_a_port_for_metrics_each(
    stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a port for metrics, the first worker gets it and the second one the next."""
    monkeypatch.setenv("OMS_METRICS_PORT", "21000")
    source = f"import os; print(os.environ['OMS_METRICS_PORT'], flush=True); {READY}; {SLEEP}"
    with supervise_workers(stack, ["orders", "customers"], None, python(source)) as supervisor:
        told = [worker.log.read_text().split()[0] for worker in supervisor.parts]
    assert told == ["21000", "21001"]
