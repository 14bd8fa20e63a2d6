"""The orders worker's flow, on one screen: read, load, decide, store, publish.

Acknowledging comes after, once this has returned. A round that fails half-way is gone through
again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import structlog

from schemas.replies import FulfillRefused
from schemas.topics import COMMANDS
from workers.orders.admission import Admission
from workers.orders.arrivals import each_order_once, is_create, read_all
from workers.orders.decisions import Moment
from workers.orders.lane_memory import LaneMemory
from workers.orders.messages import ReplyMessage
from workers.orders.order_batch import Known, work_through
from workers.orders.outgoing import Outgoing, encode_batch, refusal_record
from workers.orders.ports import RefusalKey, Write
from workers.stream.json_text import UnreadableError
from workers.stream.lanes.isolation import isolating_failures
from workers.stream.ports import CopyRecord, OutboundRecord
from workers.stream.writing.dead_letters import EXCEPTION, MESSAGE, dead_letter

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from workers.orders.arrivals import Place, Waiting
    from workers.orders.deadlines import Patience
    from workers.orders.order import Order
    from workers.orders.order_batch import Arrival, OrderBatch
    from workers.orders.ports import OrderStore, Refusal
    from workers.stream.ports import Clock, InboundRecord, Publisher

_log = structlog.get_logger()

_ONLY_COMMANDS: Final = frozenset({COMMANDS})
_NONE: Final = frozenset[str]()

Batches = dict["Place", "OrderBatch"]
Observe = Callable[["Waiting", "Collection[OrderBatch]"], None]
"""Told what arrived, and what came of it once all of it is published."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The settings that the flow knows."""

    patience: Patience
    most_open_orders: int


@dataclass(slots=True)
class Tally:
    """What one round counts: the replies that nobody waited for."""

    dropped_replies: int = 0


class OrdersFlow:
    """Handles the records of all lanes of this process."""

    def __init__(
        self,
        store: OrderStore,
        publisher: Publisher,
        dead_letters: Publisher,
        clock: Clock,
        rules: Rules,
    ) -> None:
        """Own no lane yet; `observe` may be set, and is then told of every pass."""
        self._store = store
        self._publisher = publisher
        self._dead_letters = dead_letters
        self._clock = clock
        self._rules = rules
        self.observe: Observe = lambda _arrived, _batches: None
        self._lanes: dict[int, LaneMemory] = {}
        self._admission = Admission(rules.patience.first_pause)

    async def open(self, lane: int, acknowledged: Mapping[str, int]) -> None:
        """Remember the lane's open orders; all outputs below these offsets are published."""
        memory = self._lanes[lane] = LaneMemory(lane, dict(acknowledged))
        await self._recall(memory)
        self._count_waiting()

    def _count_waiting(self) -> None:
        self._admission.waiting = sum(memory.first_asked for memory in self._lanes.values())

    async def _recall(self, memory: LaneMemory) -> None:
        memory.recall(await self._store.load_pending(memory.lane))

    def close(self, lane: int) -> None:
        """Forget the lane."""
        self._lanes.pop(lane, None)
        self._count_waiting()

    def acknowledged(self, lane: int, positions: Mapping[str, int]) -> None:
        """All outputs of the records below these offsets are published."""
        if lane in self._lanes:
            self._lanes[lane].acknowledge(positions)

    def open_orders(self) -> dict[int, list[Order]]:
        """The orders of each lane that wait for their checks; may be asked from any thread."""
        lanes = list(self._lanes.items())
        return {lane: list(memory.open_orders.values()) for lane, memory in lanes}

    def paused_topics(self, lane: int) -> frozenset[str]:
        """No more commands while too many orders of the lane, or of all, wait for their checks."""
        memory = self._lanes.get(lane)
        is_full = memory and len(memory.open_orders) >= self._rules.most_open_orders
        return _ONLY_COMMANDS if is_full or self._admission.is_full else _NONE

    async def handle(self, records: Sequence[InboundRecord]) -> Sequence[CopyRecord]:
        """Handle all records; one that fails by itself goes to the dead letters alone."""
        began = time.monotonic()
        memories = [self._lanes[lane] for lane in {record.partition for record in records}]
        for memory in memories:
            if not memory.is_sound:
                await self._recall(memory)
        # Until this has ended well, what is stored may be ahead of what is remembered.
        for memory in memories:
            memory.is_sound = False
        tally = Tally()
        done = await isolating_failures(
            records, lambda part: self._handle_all(part, tally), dead_letter
        )
        letters = [made for made in done if isinstance(made, OutboundRecord)]
        if letters:
            await self._dead_letters.publish(letters)
        for memory in memories:
            memory.is_sound = True
        _log.info(
            "batch",
            lanes=sorted(memory.lane for memory in memories),
            records=len(records),
            dead_letters=len(letters),
            dropped_replies=tally.dropped_replies,
            milliseconds=round((time.monotonic() - began) * 1000, 1),
        )
        _log_dead_letters(letters)
        return [made for made in done if isinstance(made, CopyRecord)]

    async def _handle_all(
        self, records: Sequence[InboundRecord], tally: Tally
    ) -> list[CopyRecord | OutboundRecord]:
        now = self._clock.now()
        arrived = read_all(records)
        _log_refused_fulfillments(arrived.messages)
        done: list[CopyRecord | OutboundRecord] = [*arrived.letters]
        tally.dropped_replies += arrived.foreign
        existing: set[Place] = set()
        waiting = arrived.messages
        moments = {
            lane: Moment(now, lane, self._rules.patience) for lane in {lane for lane, _ in waiting}
        }
        while waiting:
            turn = each_order_once(waiting)
            known = await self._load(turn, existing)
            batches = {
                place: work_through(arrivals, known[place], moments[place.lane])
                for place, arrivals in turn.items()
            }
            outgoing = {
                place: encode_batch(batch, known[place].refusals, place.lane)
                for place, batch in batches.items()
            }
            lost = await self._save(batches)
            kept = {place: batch for place, batch in batches.items() if place not in lost}
            done += await self._publish([outgoing[place] for place in kept])
            self.observe(turn, kept.values())
            self._admission.note(now, self._remember(batches, lost))
            tally.dropped_replies += sum(batch.ignored for batch in kept.values())
            existing |= lost
            postponed = {place: batch.postponed for place, batch in kept.items()}
            left = ((place, postponed.get(place, arrivals)) for place, arrivals in waiting.items())
            waiting = {place: arrivals for place, arrivals in left if arrivals}
        return done

    async def _load(self, waiting: Waiting, existing: Collection[Place]) -> dict[Place, Known]:
        """What is known of each order.

        A create is taken to be the first of its order, until its insert has failed.
        """
        taken_as_new = {
            place
            for place, arrivals in waiting.items()
            if place not in existing and is_create(arrivals[0])
        }
        remembered = {
            place: order
            for place in waiting
            if (order := self._lanes[place.lane].open_orders.get(place.order_id or ""))
        }
        to_load = {
            place.order_id
            for place in waiting
            if place not in remembered and place not in taken_as_new and place.order_id is not None
        }
        keys = [
            RefusalKey(place.order_id, arrival.message.cause.source, arrival.message.cause.id)
            for place, arrivals in waiting.items()
            for arrival in arrivals
            if _may_have_been_refused(place, arrival, taken_as_new)
        ]
        loaded, refusals = await self._fetch(to_load, keys)
        return {
            place: Known(
                remembered.get(place) or loaded.get(place.order_id or ""),
                refusals,
                self._lanes[place.lane].acknowledged,
                self._lanes[place.lane].told.get(place.order_id or "", 0),
            )
            for place in waiting
        }

    async def _fetch(
        self, order_ids: Collection[str], keys: Sequence[RefusalKey]
    ) -> tuple[dict[str, Order], dict[RefusalKey, Refusal]]:
        if not order_ids and not keys:
            return {}, {}
        return await asyncio.gather(self._store.load(order_ids), self._store.load_refusals(keys))

    async def _save(self, batches: Batches) -> set[Place]:
        """Store what has changed; return the orders that somebody else has changed meanwhile."""
        writes = [
            Write(batch.loaded, batch.order)
            for batch in batches.values()
            if batch.order is not None and batch.is_written
        ]
        lost = await self._store.save(writes)
        return {place for place in batches if place.order_id in lost} if lost else set()

    async def _publish(self, outgoing: Sequence[Outgoing]) -> list[CopyRecord]:
        """Remember refusals, then publish everything; return the copies that are to be sent."""
        new = [refusal for made in outgoing for refusal in made.refusals]
        before = await self._store.remember([refusal.refusal for refusal in new])
        results = Outgoing()
        for refusal in new:
            told = before.get(refusal.refusal.key, refusal.refusal)
            results.add_result(refusal_record(told, refusal.order, refusal.lane), refusal.addresses)
        everything = (*outgoing, results)
        await self._publisher.publish([record for made in everything for record in made.records])
        return [copy for made in everything for copy in made.copies]

    def _remember(self, batches: Batches, lost: Collection[Place]) -> int:
        """Keep the orders that wait for checks in mind; return how many got their first answers."""
        answered = 0
        for place, batch in batches.items():
            if place.order_id is not None:
                order = None if place in lost else batch.order
                answered += self._lanes[place.lane].note(place.order_id, order)
        self._count_waiting()
        return answered


def _may_have_been_refused(place: Place, arrival: Arrival, taken_as_new: Collection[Place]) -> bool:
    if isinstance(arrival.message, ReplyMessage):
        return False
    return not (place in taken_as_new and is_create(arrival))


def _log_dead_letters(letters: Sequence[OutboundRecord]) -> None:
    for letter in letters:
        headers = dict(letter.headers)
        kind = headers[EXCEPTION].decode()
        # The words of other errors may quote the record.
        reason = headers[MESSAGE].decode() if kind == UnreadableError.__name__ else None
        _log.warning(
            "dead_letter",
            topic=letter.topic,
            partition=letter.partition,
            error=kind,
            reason=reason,
        )


def _log_refused_fulfillments(waiting: Waiting) -> None:
    """Such a refusal changes nothing: what was sold was not reserved, and a person has to look."""
    for place, arrivals in waiting.items():
        for arrival in arrivals:
            message = arrival.message
            if isinstance(message, ReplyMessage) and isinstance(message.data, FulfillRefused):
                _log.warning(
                    "fulfillment_refused", order_id=place.order_id, message_id=message.cause.id
                )
