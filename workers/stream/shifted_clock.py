"""A clock that can be made to jump while a worker runs, for `oms chaos` and for nothing else."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from workers.stream.times import SystemClock

if TYPE_CHECKING:
    from workers.settings import Settings
    from workers.stream.ports import Clock

NO_FILE: Final = "none"
_LOOK_SECONDS: Final = 0.2


class ShiftedClock:
    """The machine's clock, and on top the milliseconds that stand in a file as a whole number."""

    def __init__(self, file: Path) -> None:
        """Look into `file` at most every 0.2 seconds; without a number in it nothing is added."""
        self._file = file
        self._clock = SystemClock()
        self._offset = 0
        self._look_at = 0.0

    def now(self) -> int:
        """Milliseconds since 1970, UTC, as they would be if the clock had jumped."""
        if time.monotonic() >= self._look_at:
            self._look_at = time.monotonic() + _LOOK_SECONDS
            self._offset = _number_in(self._file)
        return self._clock.now() + self._offset


def _number_in(file: Path) -> int:
    try:
        return int(file.read_text())
    except (OSError, ValueError):
        return 0


def clock_of(settings: Settings) -> Clock:
    """The machine's clock, or the one that `OMS_CLOCK_OFFSET_FILE` asks for."""
    if settings.clock_offset_file == NO_FILE:
        return SystemClock()
    return ShiftedClock(Path(settings.clock_offset_file))
