"""The clock that jumps: by the milliseconds in a file, and not at all without one."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from tests.waiting import eventually
from workers.settings import Settings
from workers.stream.shifted_clock import ShiftedClock, clock_of
from workers.stream.times import SystemClock

if TYPE_CHECKING:
    from pathlib import Path

    from workers.stream.ports import Clock

HOUR = 3_600_000


def is_ahead(clock: Clock, offset: int) -> bool:
    """Whether the clock is about so many milliseconds ahead of the machine's."""
    return abs(clock.now() - SystemClock().now() - offset) < HOUR / 2


async def test_the_clock_jumps_with_the_number_in_its_file(tmp_path: Path) -> None:
    """An hour forth, an hour back, and home again, while the process runs."""
    file = tmp_path / "offset"
    clock = clock_of(Settings(clock_offset_file=str(file)))
    assert isinstance(clock, ShiftedClock)
    for offset in (HOUR, -HOUR, 0):
        file.write_text(str(offset))
        await eventually(partial(is_ahead, clock, offset), f"the clock is {offset} ms ahead")


def test_what_is_no_number_adds_nothing(tmp_path: Path) -> None:
    """Neither a file that is missing nor one that is being written moves the clock."""
    file = tmp_path / "offset"
    for _ in range(2):
        assert is_ahead(ShiftedClock(file), 0)
        file.write_text("")


def test_it_is_the_machine_s_clock_by_default() -> None:
    """Without the setting no file is looked for."""
    assert isinstance(clock_of(Settings()), SystemClock)
