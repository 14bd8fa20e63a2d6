"""The customer worker: load, decide, and the replies; `answering` does what is around it."""

from __future__ import annotations

from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Final

import orjson

from schemas.requests import RequestType, ValidateCustomer
from schemas.topics import CUSTOMER_REQUESTS, REPLIES, dead_letter_topic
from workers.customers.decide import Verdict, decide
from workers.customers.store import MongoCustomerStore
from workers.database import connect
from workers.stream.answering import RequestAnswerer
from workers.stream.failpoints import failpoints_of
from workers.stream.requests import Request, reply_record
from workers.stream.running import Tools, WorkerPlan
from workers.stream.transport.partitions import count_partitions
from workers.stream.writing.misbehaving import misbehaving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from workers.customers.ports import CustomerStore
    from workers.stream.ports import BatchHandler, OutboundRecord

MODELS: Final[Mapping[str, type[ValidateCustomer]]] = {RequestType.VALIDATE: ValidateCustomer}

_SOURCE: Final = b"/customers"
_ONLY_LANE: Final = 0


def plan() -> WorkerPlan:
    """The worker that answers `customers.requests`."""
    return WorkerPlan(
        name="customers",
        group="oms-customers",
        topics=frozenset({CUSTOMER_REQUESTS}),
        writes=frozenset({REPLIES, dead_letter_topic(CUSTOMER_REQUESTS)}),
        lane_of=lambda _partition: _ONLY_LANE,
        handler=_connected,
    )


@asynccontextmanager
async def _connected(tools: Tools) -> AsyncIterator[BatchHandler]:
    database = connect(tools.settings)
    publisher = failpoints_of(tools.settings, "customers").publisher(tools.publisher)
    try:
        async with misbehaving(publisher, tools.settings) as replies:
            yield RequestAnswerer(
                MODELS,
                partial(answer, MongoCustomerStore(database)),
                replies,
                tools.dead_letters,
                partial(count_partitions, tools.settings, REPLIES),
            )
    finally:
        database.client.close()


async def answer(
    store: CustomerStore, requests: Sequence[Request[ValidateCustomer]]
) -> list[OutboundRecord]:
    """The replies to all requests, in their order.

    Raises:
        OutsideAwayError: the store does not answer.
    """
    statuses = await store.load({request.data.customer_id for request in requests})
    verdicts = decide([request.data for request in requests], statuses)
    return [
        reply_record(request, _SOURCE, verdict.type, request.data.order_id, _value(verdict))
        for request, verdict in zip(requests, verdicts, strict=True)
    ]


def _value(verdict: Verdict) -> bytes:
    if verdict.code is None:
        return b"{}"
    return orjson.dumps({"code": verdict.code, "message": verdict.message})
