"""The memory of a run's workers: of each the process that lived longest, once it was warm."""

from __future__ import annotations

import os

from workers.dev.chaos.memory import Held, Memory

NO_SUCH_PROCESS = 2**30


def test_what_was_held_is_told_from_the_first_minute_on() -> None:
    """What a start takes does not count; after it the most and the last do."""
    held = Held("orders", began=0.0, last_seen=0.0)
    for now, size in ((1.0, 900), (60.0, 100), (90.0, 130), (120.0, 110)):
        held.look(size, now)
    assert (held.seconds, held.warm, held.most, held.last) == (120.0, 100, 130, 110)


def test_a_process_that_is_seen_for_long_enough_is_told() -> None:
    """A living process is measured by its pid, and one that is gone meanwhile is passed over."""
    memory = Memory()
    for now in (0.0, 59.0):
        memory.look([("orders", os.getpid()), ("gone", NO_SUCH_PROCESS)], now)
    assert memory.longest_lived() == []
    memory.look([("orders", os.getpid())], 60.0)
    (held,) = memory.longest_lived()
    assert held.name == "orders"
    assert held.last > 10_000_000
