"""Child processes of the local stack: started, watched, signalled and surely ended.

Every child is in a session of its own, so that Ctrl-C on the terminal reaches only the parent,
which ends the children in order. On Linux a child dies with the *thread* that started it, which
is why one long-lived thread per stack, the launcher's, starts them all.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from workers.dev.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

_WRAPPER = Path(__file__).with_name("die_with_parent.py")
_POLL = 0.05
_TAIL_LINES = 15
_TAIL_BYTES = 8_192


class Launcher:
    """Starts children from one thread that lives until `close`."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="launcher")

    def run(self, start: Callable[[], None]) -> None:
        """Call `start` in the launcher's thread and wait for it; StackError after `close`."""
        try:
            begun = self._thread.submit(start)
        except RuntimeError as error:
            message = "The local stack is being ended."
            raise StackError(message) from error
        begun.result()

    def settle(self) -> None:
        """Return when every start that was asked for has happened."""
        with suppress(StackError):
            self.run(lambda: None)

    def close(self) -> None:
        """End the thread; on Linux this kills what it started and still runs."""
        self._thread.shutdown(wait=True)


@dataclass(slots=True)
class Part:
    """One child process that can be started more than once under one name.

    `ready` returns None once the part answers, or raises StackError. `started` is called in the
    launcher's thread after each start.
    """

    name: str
    command: Sequence[str]
    log: Path
    launcher: Launcher
    environment: Mapping[str, str] = field(default_factory=dict)
    ready: Callable[[Part], None] = lambda _part: None
    started: Callable[[Part], None] = lambda _part: None
    _process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id of the newest start; StackError before the first."""
        if self._process is None:
            message = f"{self.name} has not been started."
            raise StackError(message)
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """The newest start's exit code; negative for a signal, None while it runs."""
        return None if self._process is None else self._process.poll()

    def alive(self) -> bool:
        """Whether the process runs (a stopped one does)."""
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Start the process without waiting until it is ready."""
        self.launcher.run(self._spawn)

    def _spawn(self) -> None:
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(  # noqa: S603 - the stack's own commands
                [sys.executable, "-I", "-S", str(_WRAPPER), str(os.getpid()), *self.command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self.environment},
                start_new_session=True,
            )
        self.started(self)

    def wait_ready(self) -> None:
        """Return once the part answers; StackError when it ends or stays silent."""
        self.ready(self)

    def restart(self) -> None:
        """End the process if it runs, start it again and wait until it is ready."""
        end_all([self], patience=10.0)
        self.start()
        self.wait_ready()

    def kill(self) -> None:
        """SIGKILL, and wait for the end."""
        self._signal(signal.SIGKILL)
        if self._process is not None:
            self._process.wait()

    def terminate(self) -> None:
        """Ask for an orderly end with SIGTERM; a stopped process is woken for it."""
        self._signal(signal.SIGTERM)
        self._signal(signal.SIGCONT)

    def stop(self) -> None:
        """SIGSTOP: the process keeps everything and does nothing."""
        self._signal(signal.SIGSTOP)

    def cont(self) -> None:
        """SIGCONT: the process goes on after `stop`."""
        self._signal(signal.SIGCONT)

    def log_tail(self) -> str:
        """The last lines of the log, for a message."""
        return log_tail(self.log)

    def _signal(self, number: signal.Signals) -> None:
        if self.alive():
            with suppress(ProcessLookupError):
                os.killpg(self.pid, number)


def log_tail(path: Path) -> str:
    """The last lines of a log file; a remark where there are none."""
    if not path.exists():
        return "(no log)"
    with path.open("rb") as log:
        log.seek(max(0, path.stat().st_size - _TAIL_BYTES))
        text = log.read().decode(errors="replace")
    return "\n".join(text.splitlines()[-_TAIL_LINES:]) or "(its log is empty)"


def ended_message(part: Part) -> str:
    """Say that a part has ended, how, and what it wrote last."""
    return f"{part.name} {exit_text(part.exit_code)}. The end of {part.log}:\n{part.log_tail()}"


def exit_text(code: int | None) -> str:
    """An exit code in words."""
    if code is None:
        return "has not ended"
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"


def wait_for(part: Part, answers: Callable[[], bool], patience: float) -> None:
    """Poll `answers` until true; StackError when the part ends or `patience` (s) is over."""
    deadline = time.monotonic() + patience
    while not answers():
        if not part.alive():
            raise StackError(ended_message(part))
        if time.monotonic() > deadline:
            message = f"{part.name} did not answer within {patience:.0f} s. The end of {part.log}:"
            raise StackError(f"{message}\n{part.log_tail()}")
        time.sleep(_POLL)


def wait_for_end(part: Part, patience: float) -> None:
    """Wait until the part ends by itself; StackError when `patience` (s) is over."""
    deadline = time.monotonic() + patience
    while part.alive():
        if time.monotonic() > deadline:
            raise StackError(f"{part.name} did not end within {patience:.0f} s.")
        time.sleep(_POLL)


def end_all(parts: Iterable[Part], patience: float) -> None:
    """End parts together: SIGTERM, then SIGKILL after `patience` seconds or an interruption."""
    begun = list(parts)
    for part in begun:
        part.launcher.settle()
    running = [part for part in begun if part.alive()]
    try:
        for part in running:
            part.terminate()
        deadline = time.monotonic() + patience
        while any(part.alive() for part in running) and time.monotonic() < deadline:
            time.sleep(_POLL)
    finally:
        for part in running:
            part.kill()
