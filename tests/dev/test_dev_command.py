"""`oms dev` as a user runs it: ready, ended by a signal, by kill -9, or by a part that died."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psutil
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.stack, pytest.mark.slow]
PATIENCE = 120.0
OMS_DEV = (sys.executable, "-m", "workers", "dev", "--kafka-port", "0", "--mongo-port", "auto")


@contextmanager
def oms_dev(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """`oms dev` without workers, past the line `ready`; killed at the end if it still runs."""
    command = [*OMS_DEV, "--no-workers", *arguments]
    with subprocess.Popen(
        command, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    ) as process:
        try:
            assert process.stdout is not None
            lines = iter(process.stdout.readline, "")
            assert "ready\n" in lines, process.stderr.read() if process.stderr else ""
            yield process
        finally:
            process.kill()


def children(data: Path) -> dict[str, int]:
    """Process ids by the parts' names."""
    known = json.loads((data / "processes.json").read_text())
    return {name: record["pid"] for name, record in known.items()}


def wait_until_gone(pids: list[int]) -> None:
    """Wait until none of the processes runs; fail the test when one does."""
    deadline = time.monotonic() + PATIENCE
    while left := [pid for pid in pids if psutil.pid_exists(pid)]:
        assert time.monotonic() < deadline, f"still there: {left}"
        time.sleep(0.02)


def test_ctrl_c_ends_everything_in_order(tmp_path: Path) -> None:
    """SIGINT ends Kafka and MongoDB, deletes ephemeral data, and is a success."""
    with oms_dev("--ephemeral", "--data", str(tmp_path)) as process:
        (data,) = tmp_path.iterdir()
        pids = children(data)
        assert set(pids) == {"kafka", "mongodb"}
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0
    assert [pid for pid in pids.values() if psutil.pid_exists(pid)] == []
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of a parent's death")
def test_no_process_outlives_kill_9_and_the_data_can_be_opened_again(tmp_path: Path) -> None:
    """After kill -9 no process is left; the next run starts on the same data; SIGTERM ends it."""
    with oms_dev("--data", str(tmp_path)) as process:
        pids = children(tmp_path)
        process.kill()
        wait_until_gone(list(pids.values()))
    with oms_dev("--data", str(tmp_path)) as process:
        process.terminate()
        assert process.wait(PATIENCE) == 0


def test_a_part_that_dies_ends_everything(tmp_path: Path) -> None:
    """When Kafka dies the command ends with 1, names it, and leaves nothing running."""
    with oms_dev("--data", str(tmp_path)) as process:
        pids = children(tmp_path)
        os.kill(pids["kafka"], signal.SIGKILL)
        assert process.wait(PATIENCE) == 1
        assert process.stderr is not None
        assert "kafka was ended by SIGKILL" in process.stderr.read()
    assert [pid for pid in pids.values() if psutil.pid_exists(pid)] == []


@pytest.mark.parametrize("port", ["seventy", "70000", "-1"])
def test_what_is_no_port_is_refused(port: str) -> None:
    """A port that is none is refused with the name of the option."""
    command = [*OMS_DEV, "--kafka-port", port]
    done = subprocess.run(command, text=True, capture_output=True, check=False)
    assert done.returncode == 2
    assert "--kafka-port" in done.stderr
    assert "is no port" in done.stderr
