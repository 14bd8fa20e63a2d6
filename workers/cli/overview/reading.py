"""Two readings of the service, and what lies between them: rates, lags, and who waits. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from schemas.topics import (
    COMMANDS,
    CONSUMED,
    CUSTOMER_REQUESTS,
    EVENTS,
    INVENTORY_REQUESTS,
    REPLIES,
    RESULTS,
    dead_letter_topic,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

Place = tuple[str, int]
"""A topic and a partition of it."""

SHOWN: Final = (COMMANDS, RESULTS, EVENTS, CUSTOMER_REQUESTS, INVENTORY_REQUESTS, REPLIES)
DEAD_LETTERS: Final = tuple(map(dead_letter_topic, CONSUMED))


@dataclass(frozen=True, slots=True)
class Waiting:
    """The orders that wait for an answer, by what they wait for; times in ms since 1970.

    `oldest` is the order that was created first, and when.
    """

    purposes: Mapping[str, int] = field(default_factory=dict)
    overdue: int = 0
    oldest: tuple[str, int] | None = None


@dataclass(frozen=True, slots=True)
class Reading:
    """The service at one moment, `at` seconds of a clock that never jumps.

    `statuses` is `None` where there are too many orders to count them in time.
    """

    at: float
    now: int
    ends: Mapping[Place, int]
    committed: Mapping[Place, int]
    members: Mapping[str, int]
    statuses: Mapping[str, int] | None
    waiting: Waiting


@dataclass(frozen=True, slots=True)
class TopicRow:
    """A topic: records a second, and how many its worker has not acknowledged, if one reads it."""

    topic: str
    per_second: float
    behind: int | None


@dataclass(frozen=True, slots=True)
class Overview:
    """What is shown. `lanes` has how many records of each lane the orders worker has to handle."""

    now: int
    seconds: float
    topics: tuple[TopicRow, ...]
    dead_letters: int
    lanes: Mapping[int, int]
    members: Mapping[str, int]
    statuses: Mapping[str, int] | None
    waiting: Waiting


def overview(before: Reading, after: Reading) -> Overview:
    """The service as it is after, with rates since before."""
    behind = _behind(after)
    by_topic: Counter[str] = Counter()
    lanes: Counter[int] = Counter()
    for (topic, partition), records in behind.items():
        by_topic[topic] += records
        if topic in {COMMANDS, REPLIES}:
            lanes[partition] += records
    seconds = after.at - before.at
    rows = tuple(
        TopicRow(
            topic,
            _grown(topic, before, after) / seconds,
            by_topic[topic] if topic in CONSUMED else None,
        )
        for topic in SHOWN
    )
    dead = sum(end for (topic, _), end in after.ends.items() if topic in DEAD_LETTERS)
    return Overview(
        after.now, seconds, rows, dead, lanes, after.members, after.statuses, after.waiting
    )


def _behind(reading: Reading) -> dict[Place, int]:
    return {
        place: max(0, end - reading.committed.get(place, 0))
        for place, end in reading.ends.items()
        if place[0] in CONSUMED
    }


def _grown(topic: str, before: Reading, after: Reading) -> int:
    return sum(
        end - before.ends.get(place, end) for place, end in after.ends.items() if place[0] == topic
    )
