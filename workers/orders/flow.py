"""The orders worker's flow, on one screen: read, load, decide, store, publish.

Acknowledging comes after, in the lane. A round that fails half-way is gone through again.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from schemas.commands import Create
from schemas.replies import FulfillRefused
from schemas.status import Status
from schemas.topics import COMMANDS
from workers.orders.decisions import Moment
from workers.orders.messages import CommandMessage, ReplyMessage
from workers.orders.order_batch import Arrival, Known, OrderBatch, work_through
from workers.orders.outgoing import Outgoing, encode_batch, refusal_record
from workers.orders.ports import RefusalKey, Write
from workers.orders.read import read
from workers.stream.codec import UnreadableError
from workers.stream.dead_letters import MESSAGE, dead_letter
from workers.stream.isolation import isolating_failures
from workers.stream.ports import CopyRecord, OutboundRecord

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from workers.orders.deadlines import Patience
    from workers.orders.order import Order
    from workers.orders.ports import OrderStore, Refusal
    from workers.stream.ports import Clock, InboundRecord, Publisher

_log = structlog.get_logger()

Waiting = dict[str | None, list[Arrival]]
Batches = dict[str | None, OrderBatch]


@dataclass(slots=True)
class LaneMemory:
    """What is known of a lane that is ours.

    All outputs of records below `acknowledged` are published; `open_orders` wait for checks;
    `dropped` counts the replies of a batch that nobody waited for.
    """

    acknowledged: dict[str, int]
    open_orders: dict[str, Order] = field(default_factory=dict)
    is_sound: bool = False
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class Rules:
    """The settings that the flow knows."""

    patience: Patience
    most_open_orders: int


class OrdersFlow:
    """Handles the batches of all lanes of this process."""

    def __init__(
        self,
        store: OrderStore,
        publisher: Publisher,
        dead_letters: Publisher,
        clock: Clock,
        rules: Rules,
    ) -> None:
        """Own no lane yet."""
        self._store = store
        self._publisher = publisher
        self._dead_letters = dead_letters
        self._clock = clock
        self._rules = rules
        self._lanes: dict[int, LaneMemory] = {}

    async def open(self, lane: int, acknowledged: Mapping[str, int]) -> None:
        """Remember the lane's open orders; all outputs below these offsets are published."""
        self._lanes[lane] = LaneMemory(dict(acknowledged))
        await self._recall(lane)

    async def _recall(self, lane: int) -> None:
        memory = self._lanes[lane]
        pending = await self._store.load_pending(lane)
        memory.open_orders = {order.id: order for order in pending}
        memory.is_sound = True

    def close(self, lane: int) -> None:
        """Forget the lane."""
        self._lanes.pop(lane, None)

    def acknowledged(self, lane: int, positions: Mapping[str, int]) -> None:
        """All outputs of the records below these offsets are published."""
        if lane in self._lanes:
            self._lanes[lane].acknowledged.update(positions)

    def paused_topics(self, lane: int) -> frozenset[str]:
        """No more commands while too many orders of the lane wait for their checks."""
        memory = self._lanes.get(lane)
        is_full = memory and len(memory.open_orders) >= self._rules.most_open_orders
        return frozenset({COMMANDS}) if is_full else frozenset()

    async def handle(self, lane: int, records: Sequence[InboundRecord]) -> Sequence[CopyRecord]:
        """Handle all records; one that fails by itself goes to the dead letters alone."""
        began = time.monotonic()
        memory = self._lanes[lane]
        if not memory.is_sound:
            await self._recall(lane)
        # Until this has ended well, what is stored may be ahead of what is remembered.
        memory.is_sound = False
        memory.dropped = 0
        done = await isolating_failures(
            records, lambda part: self._handle_all(lane, part), dead_letter
        )
        letters = [made for made in done if isinstance(made, OutboundRecord)]
        if letters:
            await self._dead_letters.publish(letters)
        memory.is_sound = True
        milliseconds = round((time.monotonic() - began) * 1000, 1)
        _log.info(
            "batch",
            lane=lane,
            records=len(records),
            dead_letters=len(letters),
            dropped_replies=memory.dropped,
            milliseconds=milliseconds,
        )
        _log_dead_letters(letters)
        return [made for made in done if isinstance(made, CopyRecord)]

    async def _handle_all(
        self, lane: int, records: Sequence[InboundRecord]
    ) -> list[CopyRecord | OutboundRecord]:
        moment = Moment(self._clock.now(), lane, self._rules.patience)
        waiting, done, foreign = _read_all(records)
        self._lanes[lane].dropped += foreign
        _log_refused_fulfillments(waiting)
        told: set[str | None] = set()
        lost: frozenset[str | None] = frozenset()
        while waiting:
            known = await self._load(lane, waiting, told, lost)
            batches = {
                order_id: work_through(arrivals, known[order_id], moment)
                for order_id, arrivals in waiting.items()
            }
            outgoing = {
                order_id: encode_batch(batch, known[order_id].refusals, lane)
                for order_id, batch in batches.items()
            }
            lost = await self._save(batches)
            kept = [made for order_id, made in outgoing.items() if order_id not in lost]
            done += await self._publish(lane, kept)
            self._remember(lane, batches, lost)
            ignored = (batch.ignored for order_id, batch in batches.items() if order_id not in lost)
            self._lanes[lane].dropped += sum(ignored)
            told |= batches.keys() - lost
            waiting = {
                order_id: waiting[order_id] if order_id in lost else batch.postponed
                for order_id, batch in batches.items()
                if order_id in lost or batch.postponed
            }
        return done

    async def _load(
        self,
        lane: int,
        waiting: Waiting,
        told: Collection[str | None],
        lost: Collection[str | None],
    ) -> dict[str | None, Known]:
        """What is known of each order.

        A create is taken to be the first of its order, until its insert has been `lost`.
        """
        memory = self._lanes[lane]
        taken_as_new = {
            order_id
            for order_id, arrivals in waiting.items()
            if order_id not in lost and _is_create(arrivals[0])
        }
        open_orders = memory.open_orders
        to_load = waiting.keys() - open_orders.keys() - taken_as_new - {None}
        keys = [
            RefusalKey(order_id, arrival.message.cause.source, arrival.message.cause.id)
            for order_id, arrivals in waiting.items()
            for arrival in arrivals
            if _may_have_been_refused(arrival, taken_as_new)
        ]
        loaded, refusals = await self._fetch(to_load, keys)
        orders = {**loaded, **open_orders}
        return {
            order_id: Known(
                orders.get(order_id or ""), refusals, memory.acknowledged, order_id in told
            )
            for order_id in waiting
        }

    async def _fetch(
        self, order_ids: Collection[str | None], keys: Sequence[RefusalKey]
    ) -> tuple[dict[str, Order], dict[RefusalKey, Refusal]]:
        if not order_ids and not keys:
            return {}, {}
        return await asyncio.gather(
            self._store.load([order_id for order_id in order_ids if order_id is not None]),
            self._store.load_refusals(keys),
        )

    async def _save(self, batches: Batches) -> frozenset[str | None]:
        """Store what has changed; return the orders that somebody else has changed meanwhile."""
        writes = [
            Write(batch.loaded, batch.order)
            for batch in batches.values()
            if batch.order is not None and batch.is_written
        ]
        return frozenset(await self._store.save(writes))

    async def _publish(self, lane: int, outgoing: Sequence[Outgoing]) -> list[CopyRecord]:
        """Remember refusals, then publish everything; return the copies that are to be sent."""
        new = [refusal for made in outgoing for refusal in made.refusals]
        before = await self._store.remember([refusal.refusal for refusal in new])
        results = Outgoing()
        for refusal in new:
            told = before.get(refusal.refusal.key, refusal.refusal)
            results.add_result(refusal_record(told, refusal.order, lane), refusal.addresses)
        everything = (*outgoing, results)
        await self._publisher.publish([record for made in everything for record in made.records])
        return [copy for made in everything for copy in made.copies]

    def _remember(self, lane: int, batches: Batches, lost: Collection[str | None]) -> None:
        """Keep the orders that wait for checks in mind, and only those."""
        open_orders = self._lanes[lane].open_orders
        for order_id, batch in batches.items():
            if order_id is None:
                continue
            order = batch.order
            is_open = order is not None and order.status is Status.PENDING
            if order is not None and is_open and order.lane == lane and order_id not in lost:
                open_orders[order_id] = order
            else:
                open_orders.pop(order_id, None)


def _read_all(
    records: Sequence[InboundRecord],
) -> tuple[Waiting, list[CopyRecord | OutboundRecord], int]:
    """The messages by order, in order of arrival; dead letters for what cannot be read.

    And the number of replies that name no request of ours.
    """
    waiting: Waiting = {}
    letters: list[CopyRecord | OutboundRecord] = []
    foreign = 0
    for record in records:
        try:
            message = read(record)
        except UnreadableError as error:
            letters.append(dead_letter(record, error))
        else:
            if message is None:
                foreign += 1
            else:
                waiting.setdefault(message.order_id, []).append(Arrival(message, record))
    return waiting, letters, foreign


def _is_create(arrival: Arrival) -> bool:
    message = arrival.message
    return isinstance(message, CommandMessage) and isinstance(message.data, Create)


def _may_have_been_refused(arrival: Arrival, taken_as_new: Collection[str | None]) -> bool:
    if isinstance(arrival.message, ReplyMessage):
        return False
    return not (arrival.message.order_id in taken_as_new and _is_create(arrival))


def _log_dead_letters(letters: Sequence[OutboundRecord]) -> None:
    for letter in letters:
        reason = dict(letter.headers)[MESSAGE].decode()
        _log.warning("dead_letter", topic=letter.topic, partition=letter.partition, reason=reason)


def _log_refused_fulfillments(waiting: Waiting) -> None:
    """Such a refusal changes nothing: what was sold was not reserved, and a person has to look."""
    for order_id, arrivals in waiting.items():
        for arrival in arrivals:
            message = arrival.message
            if isinstance(message, ReplyMessage) and isinstance(message.data, FulfillRefused):
                _log.warning("fulfillment_refused", order_id=order_id, message_id=message.cause.id)
