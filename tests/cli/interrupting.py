"""Ctrl-C in the middle of a verb that has started processes: it leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_END_SECONDS = 180.0


@contextmanager
def ctrl_c_heard() -> Iterator[None]:
    """Processes that are started in the block hear SIGINT, also if these tests run under nohup."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def ctrl_c_leaves_nothing(*arguments: str, once_it_says: str, folder: Path) -> None:
    """Fail if `oms` with these arguments, interrupted then, leaves a process or a file.

    `folder` is where it puts temporary files, and must be empty.
    """
    with subprocess.Popen(
        [sys.executable, "-m", "workers", *arguments],
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "TMPDIR": str(folder)},
    ) as process:
        try:
            assert process.stderr is not None
            assert any(once_it_says in line for line in process.stderr)
            started = psutil.Process(process.pid).children(recursive=True)
            assert len(started) >= 2
            process.send_signal(signal.SIGINT)
            assert process.wait(_END_SECONDS) == 130
        finally:
            process.kill()
    assert [child for child in started if child.is_running()] == []
    assert list(folder.iterdir()) == []
