"""Child processes are watched, signalled, and surely ended: also when the parent is killed."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from workers.dev.directory import DataDirectory
from workers.dev.errors import StackError
from workers.dev.processes import Launcher, Part, end_all, log_tail, wait_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PATIENCE = 30.0
SLEEPER = "print('up', flush=True)\nimport time\ntime.sleep(600)"
STUBBORN = f"import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n{SLEEPER}"
PARENT = """
import sys
from pathlib import Path
from workers.dev.processes import Launcher, Part
folder = Path(sys.argv[1])
part = Part("child", [sys.executable, "-c", sys.argv[2]], folder / "child.log", Launcher())
part.start()
print(part.pid, flush=True)
sys.stdin.read()
"""


def eventually(condition: Callable[[], bool]) -> None:
    """Wait until the condition holds; fail the test when it does not."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "the condition did not come true"
        time.sleep(0.02)


def runs(pid: int) -> bool:
    """Whether the process exists and is no zombie."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def launcher() -> Iterator[Launcher]:
    """A launcher that is closed at the end."""
    launcher = Launcher()
    yield launcher
    launcher.close()


@pytest.fixture
def new_part(tmp_path: Path, launcher: Launcher) -> Iterator[Callable[[str], Part]]:
    """Makes started parts from Python source, each past its first printed line."""
    parts: list[Part] = []

    def make(source: str) -> Part:
        log = tmp_path / f"{len(parts)}.log"
        part = Part(f"part {len(parts)}", [sys.executable, "-c", source], log, launcher)
        parts.append(part)
        part.start()
        wait_for(part, lambda: log.read_text() != "", PATIENCE)
        return part

    yield make
    end_all(parts, patience=0.0)


def test_terminate_ends_a_stopped_part(new_part: Callable[[str], Part]) -> None:
    """A part that was stopped by SIGSTOP still ends on terminate."""
    part = new_part(SLEEPER)
    part.stop()
    eventually(lambda: psutil.Process(part.pid).status() == psutil.STATUS_STOPPED)
    assert part.alive()
    part.terminate()
    eventually(lambda: not part.alive())
    assert part.exit_code == -signal.SIGTERM


def test_cont_wakes_a_stopped_part(new_part: Callable[[str], Part]) -> None:
    """After cont a stopped part goes on as the same process."""
    part = new_part(SLEEPER)
    pid = part.pid
    part.stop()
    eventually(lambda: psutil.Process(pid).status() == psutil.STATUS_STOPPED)
    part.cont()
    eventually(lambda: psutil.Process(pid).status() != psutil.STATUS_STOPPED)
    assert part.pid == pid


def test_end_all_kills_what_ignores_the_request(new_part: Callable[[str], Part]) -> None:
    """What ends on SIGTERM ends by it, what ignores it is killed, and nothing runs on."""
    gentle, stubborn = new_part(SLEEPER), new_part(STUBBORN)
    end_all([gentle, stubborn], patience=1.0)
    assert gentle.exit_code == -signal.SIGTERM
    assert stubborn.exit_code == -signal.SIGKILL


def test_restart_gives_a_new_process(new_part: Callable[[str], Part]) -> None:
    """A restarted part is another process under the same name and log."""
    part = new_part(SLEEPER)
    before = part.pid
    part.restart()
    assert part.pid != before
    assert not runs(before)
    eventually(lambda: part.log.read_text() == "up\nup\n")


def test_a_part_outlives_the_thread_that_started_it(new_part: Callable[[str], Part]) -> None:
    """A part that a short-lived thread started or restarted runs on when that thread ends."""
    part = new_part(SLEEPER)
    thread = threading.Thread(target=part.restart)
    thread.start()
    thread.join()
    wait_for(part, lambda: part.log.read_text() == "up\nup\n", PATIENCE)
    assert part.alive()


def test_a_part_that_ends_instead_of_answering_is_reported_with_its_log(
    tmp_path: Path, launcher: Launcher
) -> None:
    """Waiting for a part that ends raises a message with its name, exit code and last words."""
    source = "import sys; print('no disk left'); sys.exit(3)"
    part = Part("kafka", [sys.executable, "-c", source], tmp_path / "log", launcher)
    part.start()
    with pytest.raises(StackError, match=r"(?s)kafka ended with exit code 3.*no disk left"):
        wait_for(part, lambda: False, PATIENCE)


def test_a_program_that_is_missing_is_named(tmp_path: Path, launcher: Launcher) -> None:
    """A command that cannot be run says so in the log instead of a stack trace."""
    part = Part("mongodb", ["/nowhere/mongod"], tmp_path / "log", launcher)
    part.start()
    eventually(lambda: not part.alive())
    assert part.exit_code == 127
    assert log_tail(part.log) == "Cannot run /nowhere/mongod: No such file or directory"


def test_a_closed_launcher_starts_nothing(new_part: Callable[[str], Part]) -> None:
    """While the stack is being ended no part can be started any more."""
    part = new_part(SLEEPER)
    part.kill()
    part.launcher.close()
    with pytest.raises(StackError, match="being ended"):
        part.start()
    assert not part.alive()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of a parent's death")
def test_children_die_with_a_killed_parent(tmp_path: Path) -> None:
    """A child, even a stopped one that ignores SIGTERM, is gone after kill -9 of its parent."""
    command = [sys.executable, "-c", PARENT, str(tmp_path), STUBBORN]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        eventually(lambda: (tmp_path / "child.log").read_text() == "up\n")
        psutil.Process(child).suspend()
        parent.kill()
    eventually(lambda: not runs(child))


def test_what_a_crashed_run_left_is_ended(tmp_path: Path, new_part: Callable[[str], Part]) -> None:
    """The next run kills the processes written down by a crashed one, and only those."""
    left, other = new_part(SLEEPER), new_part(SLEEPER)
    directory = DataDirectory(tmp_path)
    directory.remember("kafka", left.pid)
    assert directory.end_leftovers() == ["kafka"]
    eventually(lambda: not left.alive())
    assert other.alive()
    assert directory.end_leftovers() == []


def test_a_process_id_used_again_by_another_program_is_let_be(
    tmp_path: Path, new_part: Callable[[str], Part]
) -> None:
    """A process that started at another time than the one written down is not killed."""
    other = new_part(SLEEPER)
    directory = DataDirectory(tmp_path)
    directory.remember("kafka", other.pid)
    file = tmp_path / "processes.json"
    started = psutil.Process(other.pid).create_time()
    file.write_text(file.read_text().replace(str(started), str(started - 100)))
    assert directory.end_leftovers() == []
    assert other.alive()
