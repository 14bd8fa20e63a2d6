"""What a fault is to the rig."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from random import Random

from workers.dev.chaos.schedule import Slot
from workers.dev.chaos.world import World

Inject = Callable[[World, Random], Awaitable[None]]
"""Makes the fault and heals it; raises `NotMadeError` or `BrokenPromiseError`."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A fault; `seconds` is how long it usually takes, with its healing.

    Faults of one track come one after another, those of different tracks as they like.
    """

    name: str
    track: str
    seconds: float
    what: str
    inject: Inject
    brokers: int = 1
    members: int = 1

    @property
    def slot(self) -> Slot:
        """What the schedule has to know."""
        return Slot(self.name, self.track, self.seconds)
