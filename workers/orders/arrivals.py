"""What has arrived, by lane and order, each in order of its arrival."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from schemas.commands import Create
from workers.orders.messages import CommandMessage
from workers.orders.order_batch import Arrival
from workers.orders.read import read
from workers.stream.json_text import UnreadableError
from workers.stream.writing.dead_letters import dead_letter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.stream.ports import InboundRecord, OutboundRecord


class Place(NamedTuple):
    """An order as one lane sees it; no order, for commands that name none."""

    lane: int
    order_id: str | None


Waiting = dict[Place, list[Arrival]]


@dataclass(frozen=True, slots=True)
class Arrived:
    """Messages, dead letters for what cannot be read, and how many replies nobody waits for."""

    messages: Waiting = field(default_factory=dict)
    letters: list[OutboundRecord] = field(default_factory=list)
    foreign: int = 0


def read_all(records: Sequence[InboundRecord]) -> Arrived:
    """Read all records; a lane is a partition number."""
    messages: Waiting = {}
    letters: list[OutboundRecord] = []
    foreign = 0
    for record in records:
        try:
            message = read(record)
        except UnreadableError as error:
            letters.append(dead_letter(record, error))
            continue
        if message is None:
            foreign += 1
            continue
        place = Place(record.partition, message.order_id)
        messages.setdefault(place, []).append(Arrival(message, record))
    return Arrived(messages, letters, foreign)


def each_order_once(waiting: Waiting) -> Waiting:
    """Of every order the place that came first: two lanes do not decide on one order at once."""
    first: dict[str, Place] = {}
    for place in waiting:
        if place.order_id is not None:
            first.setdefault(place.order_id, place)
    return {
        place: arrivals
        for place, arrivals in waiting.items()
        if place.order_id is None or first[place.order_id] == place
    }


def is_create(arrival: Arrival) -> bool:
    """Whether it is a create whose data is well formed."""
    message = arrival.message
    return isinstance(message, CommandMessage) and isinstance(message.data, Create)
