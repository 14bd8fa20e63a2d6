"""The orders worker: its group, its topics, and what its flow is made of."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final

from schemas import topics
from schemas.topics import dead_letter_topic
from workers.database import connect
from workers.orders.deadlines import Patience
from workers.orders.flow import OrdersFlow, Rules
from workers.orders.reminders import remind
from workers.orders.store import MongoOrderStore
from workers.stream.failpoints import failpoints_of
from workers.stream.patience import patiently
from workers.stream.running import WorkerPlan
from workers.stream.shifted_clock import clock_of
from workers.stream.watching.watchdog import end_process_on_failure

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from prometheus_client import CollectorRegistry

    from workers.stream.ports import Clock
    from workers.stream.running import Tools


_LETTERS_OF_OTHERS: Final = {
    dead_letter_topic(topics.CUSTOMER_REQUESTS),
    dead_letter_topic(topics.INVENTORY_REQUESTS),
}


def plan() -> WorkerPlan:
    """The orders worker, to be run by `run_worker`."""
    return WorkerPlan(
        name="orders",
        group="oms-orders",
        topics=frozenset({topics.COMMANDS, topics.REPLIES}),
        writes=topics.OWN_TOPICS - _LETTERS_OF_OTHERS,
        lane_of=lambda partition: partition,
        handler=_handler,
    )


@asynccontextmanager
async def _handler(tools: Tools) -> AsyncIterator[OrdersFlow]:
    settings = tools.settings
    database = connect(settings)
    failpoints = failpoints_of(settings, "orders")
    publisher = failpoints.publisher(tools.publisher)
    own = MongoOrderStore(database, settings.refusals_keep_days, tools.guard)
    store = failpoints.store(own, "save", "remember")
    await patiently(store.prepare)
    clock = clock_of(settings)
    patience = Patience(int(settings.reply_timeout * 1000), settings.reply_attempts)
    flow = OrdersFlow(
        store,
        publisher,
        tools.dead_letters,
        clock,
        Rules(patience, settings.lane_open_orders),
    )
    note_overdue = _measured(flow, clock, tools.registry)
    reminding = asyncio.create_task(
        remind(store, publisher, clock, tools.lanes, note_overdue), name="reminders"
    )
    reminding.add_done_callback(end_process_on_failure)
    try:
        yield flow
    finally:
        reminding.cancel()
        database.client.close()


def _measured(
    flow: OrdersFlow, clock: Clock, registry: CollectorRegistry | None
) -> Callable[[int], None]:
    """Measure the flow if there is a registry; return whom to tell how many orders are overdue."""
    if registry is None:
        return lambda _orders: None
    # Who is not measured loads nothing that measures.
    from workers.orders.measuring import measure  # noqa: PLC0415 - see above

    return measure(flow, clock, registry)
