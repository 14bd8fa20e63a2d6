"""Which fault comes when: drawn from a seed alone, so that a run can be repeated."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_SHORTEST_GAP_SECONDS = 0.5
_LONGEST_GAP_SECONDS = 2.5


@dataclass(frozen=True, slots=True)
class Slot:
    """What the schedule knows of a fault: faults of one track come one after another.

    `seconds` is how long the fault usually takes, healing included.
    """

    name: str
    track: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Planned:
    """A fault that is due `at` seconds after the start; `seed` decides whatever it draws."""

    at: float
    name: str
    track: str
    seed: int


def plan(slots: Sequence[Slot], seconds: float, seed: int) -> list[Planned]:
    """All faults of a run, by time; on each track every one comes before any comes again."""
    tracks = {slot.track: [other for other in slots if other.track == slot.track] for slot in slots}
    found = [due for track in tracks.values() for due in _on_track(track, seconds, seed)]
    return sorted(found, key=lambda due: (due.at, due.track))


def _on_track(slots: Sequence[Slot], seconds: float, seed: int) -> Iterator[Planned]:
    track = slots[0].track
    chance = Random(f"{seed} {track}")  # noqa: S311 - a seed must give the same faults again
    at = 0.0
    for slot in _round_after_round(slots, chance):
        at += chance.uniform(_SHORTEST_GAP_SECONDS, _LONGEST_GAP_SECONDS)
        if at >= seconds:
            return
        yield Planned(round(at, 2), slot.name, track, chance.randrange(2**32))
        at += slot.seconds


def _round_after_round(slots: Sequence[Slot], chance: Random) -> Iterator[Slot]:
    while True:
        yield from chance.sample(slots, len(slots))
