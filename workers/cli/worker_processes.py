"""Runs several processes of one worker side by side: a process uses one core, a machine has more.

They share the lanes as workers on different machines do. This one only starts them, starts again
what ends by itself, and passes on the request to end.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from asyncio.subprocess import DEVNULL, Process, create_subprocess_exec
from contextlib import suppress
from pathlib import Path
from typing import Final

import structlog

from workers.dev import die_with_parent
from workers.dev.supervisor import own_port_for_metrics, pause_before_restart, worker_command

_QUICK_SECONDS: Final = 10.0  # a process that ends sooner after its start failed quickly
_WRAPPER: Final = Path(die_with_parent.__file__)

_log = structlog.get_logger()


async def run_processes(worker: str, count: int) -> int:
    """Keep `count` processes of the worker running until SIGTERM or SIGINT; the exit code.

    It is 0 if all of them ended in order then, else that of one which did not.
    """
    ending = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ending.set)
    codes = await asyncio.gather(*(_keep_running(worker, place, ending) for place in range(count)))
    return next((code for code in codes if code != 0), 0)


async def _keep_running(worker: str, place: int, ending: asyncio.Event) -> int:
    """Start one process again and again until it is to end; its last exit code."""
    quick_failures = 0
    while not ending.is_set():
        began = time.monotonic()
        process = await _started(worker, place)
        code = await _ended(process, ending)
        if ending.is_set():
            return code
        is_quick = time.monotonic() - began < _QUICK_SECONDS
        quick_failures = quick_failures + 1 if is_quick else 0
        pause = pause_before_restart(quick_failures)
        _log.warning("process_ended", pid=process.pid, exit_code=code, again_in_seconds=pause)
        with suppress(TimeoutError):
            await asyncio.wait_for(ending.wait(), pause)
    return 0


async def _started(worker: str, place: int) -> Process:
    """A process that dies with this one, and does not get the terminal's Ctrl-C itself."""
    return await create_subprocess_exec(
        *(sys.executable, "-I", "-S", str(_WRAPPER), str(os.getpid()), *worker_command(worker)),
        stdin=DEVNULL,
        start_new_session=True,
        env={**os.environ, **own_port_for_metrics(place)},
    )


async def _ended(process: Process, ending: asyncio.Event) -> int:
    """Wait until the process ends, and ask it to when it is time; its exit code."""
    asked = asyncio.create_task(ending.wait())
    ended = asyncio.create_task(process.wait())
    try:
        await asyncio.wait((asked, ended), return_when=asyncio.FIRST_COMPLETED)
        if not ended.done():
            process.terminate()
        return await ended
    finally:
        asked.cancel()
