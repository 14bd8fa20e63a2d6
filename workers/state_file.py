"""What a running worker says of itself, once a second, in a small file: `oms health` reads it.

A file and no port: nothing listens, nothing has to be opened, and it costs next to nothing.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.settings import Settings

Phase = Literal["starting", "joining", "working", "finishing"]


class Wait(BaseModel):
    """Something that the worker waits for: why, and for how many seconds."""

    model_config = ConfigDict(frozen=True)

    reason: str
    seconds: float


class WorkerState(BaseModel):
    """One worker at one moment. `signs` and `limits` are seconds by the names of the watchdog's.

    `clock` is when it was written by a clock that all processes of a machine have and that never
    jumps, in seconds.
    """

    model_config = ConfigDict(frozen=True)

    worker: str
    pid: int
    started_at: str
    written_at: str
    clock: float
    phase: Phase
    lanes: tuple[int, ...]
    progress_at: str | None
    waiting: tuple[Wait, ...]
    signs: dict[str, float]
    limits: dict[str, float]


def state_directory(settings: Settings) -> Path:
    """Where the workers of these settings keep their files."""
    return Path(tempfile.gettempdir()) / settings.state_directory


class StateFile:
    """The file of this process."""

    def __init__(self, directory: Path, worker: str) -> None:
        """Write nothing yet."""
        self._directory = directory
        self._path = directory / f"{worker}-{os.getpid()}.json"

    def write(self, state: WorkerState) -> None:
        """Put the state in the place of the one before, as a whole.

        Raises:
            OSError: the directory cannot be made or written to, or belongs to somebody else.
        """
        try:
            self._write(state)
        except FileNotFoundError:
            # The last of other workers has just taken the directory away.
            self._write(state)

    def _write(self, state: WorkerState) -> None:
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        _refuse_foreign(self._directory)
        new = self._path.with_suffix(".new")
        new.write_text(state.model_dump_json(), encoding="utf-8")
        new.replace(self._path)

    def remove(self) -> None:
        """Take the file away, and the directory with the last one: this worker has ended."""
        with suppress(OSError):
            self._path.unlink()
            self._directory.rmdir()


def running_workers(directory: Path) -> Iterator[WorkerState]:
    """What the workers that still run have written last, by name and process.

    The files of those that were killed are taken away.
    """
    for path in sorted(directory.glob("*.json")):
        try:
            state = WorkerState.model_validate_json(path.read_bytes())
        except (OSError, ValidationError):
            continue
        if _runs(state.pid):
            yield state
        else:
            path.unlink(missing_ok=True)


def _refuse_foreign(directory: Path) -> None:
    """In a directory that everybody may write to, anybody could have made ours before us."""
    about = directory.lstat()
    if about.st_uid != os.getuid():
        message = f"{directory} belongs to somebody else; name another one in OMS_STATE_DIRECTORY"
        raise PermissionError(message)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
