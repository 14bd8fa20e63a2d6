"""The data directory of a local stack: one owner at a time, nothing left of a crashed one."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

import platformdirs
import psutil

from workers.dev.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Iterator

_TEMPORARY = "oms-stack-"
_STALE_AFTER = 60.0  # a directory this young may not have been locked by its maker yet
_START_TOLERANCE = 2.0  # start times shift a little when the clock is set


@dataclass(frozen=True, slots=True)
class DataDirectory:
    """Where one stack keeps its data, logs and the list of its processes."""

    path: Path

    @property
    def logs(self) -> Path:
        """The folder of log files."""
        return self.path / "logs"

    def log(self, name: str) -> Path:
        """The log file of a part; that of the run before is kept as `.previous`."""
        log = self.logs / f"{name.replace(' ', '-')}.log"
        if log.exists():
            log.replace(log.with_suffix(".log.previous"))
        return log

    def remember(self, name: str, pid: int) -> None:
        """Write down a process, so that the next run can end it should this one be killed."""
        known = self._processes()
        with suppress(psutil.NoSuchProcess):
            known[name] = {"pid": pid, "started": psutil.Process(pid).create_time()}
        write_json(self.path / "processes.json", known)

    def end_leftovers(self) -> list[str]:
        """Kill what a crashed run left running; return the names."""
        ended = [name for name, record in self._processes().items() if _killed(record)]
        (self.path / "processes.json").unlink(missing_ok=True)
        return ended

    def _processes(self) -> dict[str, dict[str, float]]:
        return read_json(self.path / "processes.json")


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file; an empty one if it is missing or was cut short."""
    try:
        content = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def write_json(path: Path, content: object) -> None:
    """Replace a JSON file in one step."""
    new = path.with_suffix(".new")
    new.write_text(json.dumps(content, indent=1))
    new.replace(path)


def _killed(record: dict[str, float]) -> bool:
    try:
        process = psutil.Process(int(record["pid"]))
        if abs(process.create_time() - record["started"]) > _START_TOLERANCE:
            return False
        process.kill()
        process.wait(10)
    except psutil.Error:
        return False
    return True


@contextmanager
def open_directory(data: Path | None) -> Iterator[DataDirectory]:
    """Own a data directory, the user's own by default, until the end of the block."""
    path = data or Path(platformdirs.user_data_dir("oms"))
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        message = f"Cannot make the data directory {path}: {error.strerror}. Choose another: --data"
        raise StackError(message) from error
    with _locked(path):
        yield _prepared(path)


@contextmanager
def temporary_directory(parent: Path | None) -> Iterator[DataDirectory]:
    """Own a new directory that is deleted at the end; made in `parent` or the system's place."""
    _sweep(parent or Path(tempfile.gettempdir()))
    if parent is not None:
        parent.mkdir(parents=True, exist_ok=True)
    path = Path(tempfile.mkdtemp(prefix=_TEMPORARY, dir=parent))
    try:
        with _locked(path):
            yield _prepared(path)
    finally:
        shutil.rmtree(path, ignore_errors=True)


def _prepared(path: Path) -> DataDirectory:
    directory = DataDirectory(path.resolve())
    directory.end_leftovers()
    for folder in ("logs", "tmp"):
        (path / folder).mkdir(exist_ok=True)
    return directory


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with (path / "lock").open("a+") as lock:
        if not _lock(lock):
            lock.seek(0)
            owner = lock.read().strip() or "unknown"
            message = (
                f"Another local stack (process {owner}) is using {path}. "
                "End it first, or choose another directory: --data DIR or --ephemeral."
            )
            raise StackError(message)
        lock.truncate(0)
        lock.write(str(os.getpid()))
        lock.flush()
        yield


def _lock(lock: TextIO) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _sweep(parent: Path) -> None:
    """Delete temporary directories whose owner was killed before it could."""
    for path in parent.glob(f"{_TEMPORARY}*"):
        with suppress(OSError):
            if time.time() - path.stat().st_mtime > _STALE_AFTER:
                _delete_if_abandoned(path)


def _delete_if_abandoned(path: Path) -> None:
    with suppress(StackError), _locked(path):
        DataDirectory(path).end_leftovers()
        shutil.rmtree(path, ignore_errors=True)
