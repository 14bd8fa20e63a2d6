"""The timer of deadlines: it decides nothing, it only writes a deadline into its order's lane.

There the deadline comes after every reply that is already there, and is acknowledged and handled
again like any other record.
"""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from schemas import headers as names
from schemas.replies import ReplyType
from schemas.topics import REPLIES
from workers.orders.deadlines import FIRST_REQUEST
from workers.orders.encode import SOURCE, request_id, stable_id
from workers.stream.codec import encode_headers
from workers.stream.patience import patiently
from workers.stream.ports import OutboundRecord
from workers.stream.times import rfc3339

if TYPE_CHECKING:
    from collections.abc import Callable

    from workers.orders.order import Order, Waiting
    from workers.orders.ports import OrderStore
    from workers.stream.ports import Clock, Publisher

_log = structlog.get_logger()

_LOOK_SECONDS: Final = 1.0
_MOST_AT_ONCE: Final = 1_000
_WRITE_AGAIN_MILLISECONDS: Final = 30_000


async def remind(
    store: OrderStore,
    publisher: Publisher,
    clock: Clock,
    lanes: Callable[[], frozenset[int]],
    note_overdue: Callable[[int], None] = lambda _orders: None,
) -> None:
    """Look each second for orders of our lanes whose wait is over, and write their deadlines.

    `note_overdue` is told each time how many were found.
    """
    written: dict[str, int] = {}
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        now = clock.now()
        written = {
            deadline: at for deadline, at in written.items() if now - at < _WRITE_AGAIN_MILLISECONDS
        }
        overdue = 0
        if lanes():
            overdue = await patiently(partial(_remind_once, store, publisher, now, lanes, written))
        note_overdue(overdue)


async def _remind_once(
    store: OrderStore,
    publisher: Publisher,
    now: int,
    lanes: Callable[[], frozenset[int]],
    written: dict[str, int],
) -> int:
    due = await store.due(lanes(), now, _MOST_AT_ONCE)
    records = {
        deadline_id(order, order.waiting): deadline_record(order, order.waiting)
        for order in due
        if order.waiting is not None
    }
    new = {identity: record for identity, record in records.items() if identity not in written}
    if new:
        await publisher.publish(list(new.values()))
        written.update(dict.fromkeys(new, now))
        _log.info("deadlines", orders=len(new))
    return len(due)


def deadline_id(order: Order, waiting: Waiting) -> str:
    """The same for the same silence, however often it is written."""
    return stable_id("deadline", order.id, str(waiting.since), str(waiting.attempt))


def deadline_record(order: Order, waiting: Waiting) -> OutboundRecord:
    """The record that says: nobody has answered this request in time."""
    request = request_id(order.id, FIRST_REQUEST[waiting.purpose], waiting.since, waiting.attempt)
    headers = encode_headers(
        event_id=deadline_id(order, waiting),
        source=SOURCE,
        event_type=ReplyType.DEADLINE,
        time=rfc3339(waiting.due_at).encode(),
        subject=order.id,
        correlation_id=None,
        causation_id=request,
    )
    headers.append((names.REPLY_CORRELATION, request.encode()))
    return OutboundRecord(REPLIES, order.lane, order.id.encode(), b"{}", headers)
