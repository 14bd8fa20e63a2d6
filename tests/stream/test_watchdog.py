"""The watchdog ends its process, each time in a process of its own."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.waiting import eventually

_ROOT = Path(__file__).parents[2]
_SCRIPT = """
import asyncio, sys, time
from dataclasses import fields, replace
from workers.logs import configure_logs
from workers.stream.watching.watchdog import Limits, Watchdog

configure_logs("info", "test")
names = [field.name for field in fields(Limits)]
limits = replace(Limits(**dict.fromkeys(names, 600.0)), **{sys.argv[1]: 1.5})
seconds = {}


def on_tick():
    if "fail" in seconds:
        raise RuntimeError("asked to fail")


watchdog = Watchdog(lambda: {name: age for name, age in seconds.items() if name in names},
                    limits, on_tick)


async def main():
    watchdog.start()
    print("watching", flush=True)
    for line in sys.stdin:
        await asyncio.sleep(0)
        command = line.strip()
        if command == "grow":
            seconds[sys.argv[1]] = 99.0
        elif command == "guard":
            watchdog.guard()
            print("guarded", flush=True)
        elif command == "block":
            time.sleep(3)
            watchdog.guard()
            print("guarded", flush=True)
        elif command == "leave":
            watchdog.stop()
            watchdog.leave_within(0.5)
        elif command == "fail":
            seconds["fail"] = 0.0


asyncio.run(main())
print("ended", flush=True)
"""


async def _start(limit: str) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", _SCRIPT, limit),
        cwd=_ROOT,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"watching\n"
    return process


def _tell(process: asyncio.subprocess.Process, command: bytes) -> None:
    assert process.stdin is not None
    process.stdin.write(command + b"\n")


async def _end(process: asyncio.subprocess.Process) -> tuple[int, dict[str, Any], bytes]:
    """The exit code, the last line of the log, and what else was printed."""
    assert process.stderr is not None
    assert process.stdout is not None
    log = await asyncio.wait_for(process.stderr.read(), 60)
    output = await process.stdout.read()
    lines = log.splitlines()
    return await process.wait(), json.loads(lines[-1]) if lines else {}, output


@pytest.mark.parametrize(
    ("limit", "reason"),
    [
        ("starting", "starting does not end"),
        ("rebalancing", "joining the group, or rebalancing, does not end"),
        ("round_stuck", "a round makes no progress"),
        ("fetching_stuck", "nothing asks Kafka for records any more"),
        ("work_stuck", "records are taken and do not get acknowledged"),
        ("not_fetched", "records wait in Kafka and do not come"),
    ],
)
async def test_a_sign_over_its_limit_ends_the_process(limit: str, reason: str) -> None:
    """The process exits with 1, without clean-up, and its last line says why."""
    process = await _start(limit)
    _tell(process, b"grow")
    code, line, output = await _end(process)
    assert (code, line["reason"], output) == (1, reason, b"")
    assert line["limit_seconds"] == 1.5


async def test_a_watchdog_that_fails_ends_the_process() -> None:
    """A worker that nobody watches any more does not go on."""
    process = await _start("rebalancing")
    _tell(process, b"fail")
    code, line, output = await _end(process)
    assert (code, line["reason"], output) == (1, "the watchdog failed", b"")


async def test_an_end_that_does_not_come_is_made() -> None:
    """Asked to end, the process leaves after its time with 0, whatever its event loop does."""
    process = await _start("rebalancing")
    _tell(process, b"leave")
    code, line, output = await _end(process)
    assert (code, line["event"], output) == (0, "left_without_finishing", b"")


async def test_a_stuck_loop_ends_the_process() -> None:
    """Without a beat from the event loop the thread ends the process."""
    process = await _start("loop_stuck")
    code, line, output = await _end(process)
    assert (code, line["reason"], output) == (1, "the event loop is stuck", b"")


async def test_a_process_that_was_paused_ends_when_it_awakes() -> None:
    """Stopped for longer than the limit, then continued, it does nothing more and exits with 1."""
    process = await _start("paused")
    process.send_signal(signal.SIGSTOP)
    await eventually(lambda: _state(process.pid) == "T", "the process to be stopped")
    stopped_at = asyncio.get_running_loop().time()
    await eventually(lambda: asyncio.get_running_loop().time() > stopped_at + 3, "the pause")
    _tell(process, b"guard")
    process.send_signal(signal.SIGCONT)
    code, line, output = await _end(process)
    assert (code, output) == (1, b"")
    assert line["reason"] == "paused for longer than the session timeout"
    assert line["seconds"] > 1.5


async def test_a_loop_that_stood_still_for_a_session_ends_the_process() -> None:
    """Heartbeats are sent in the loop: after such a time others have the lanes."""
    process = await _start("paused")
    _tell(process, b"block")
    code, line, output = await _end(process)
    assert (code, output) == (1, b"")
    assert line["reason"] == "the event loop was stuck for longer than the session timeout"


async def test_the_guard_lets_a_process_go_on_that_was_not_paused() -> None:
    """Neither the guard nor the ticks end a process for which all is well."""
    process = await _start("rebalancing")
    _tell(process, b"guard")
    assert process.stdin is not None
    process.stdin.close()
    code, line, output = await _end(process)
    assert (code, line, output) == (0, {}, b"guarded\nended\n")


def _state(pid: int) -> str:
    """The state letter of a process; T is stopped."""
    return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0]
