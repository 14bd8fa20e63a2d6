"""What failed attempts leave behind is collected soon, however seldom the collector runs itself."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import TYPE_CHECKING

import pytest

from tests.waiting import eventually
from workers.stream.garbage import collect_each_minute, collect_seldom

if TYPE_CHECKING:
    from collections.abc import Iterator


class Ring:
    """Refers to itself: only the collector can free it."""

    def __init__(self) -> None:
        """Close the ring."""
        self.itself = self


@pytest.fixture
def seldom() -> Iterator[None]:
    """The thresholds of a worker, for one test."""
    before = gc.get_threshold()
    collect_seldom()
    yield
    gc.set_threshold(*before)


@pytest.mark.usefixtures("seldom")
async def test_a_ring_is_collected_at_the_next_time() -> None:
    """With thresholds that it would never reach, it is gone as soon as the pace says so."""
    ring = Ring()
    gone = weakref.ref(ring)
    del ring
    assert gone() is not None
    collecting = asyncio.create_task(collect_each_minute(0.01))
    await eventually(lambda: gone() is None, "the ring to be collected")
    collecting.cancel()
