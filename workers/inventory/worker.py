"""The inventory worker: load, decide, store and reply; `answering` does what is around it."""

from __future__ import annotations

from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, Final

import orjson
import stamina

from schemas.replies import ReplyType
from schemas.requests import (
    FulfillStock,
    InventoryRequest,
    ReleaseStock,
    RequestType,
    ReserveStock,
)
from schemas.results import Code
from schemas.topics import INVENTORY_REQUESTS, REPLIES, dead_letter_topic
from workers.database import connect
from workers.inventory.decide import RELEASED_BEFORE, Reply, assume_plenty, decide
from workers.inventory.ports import ConflictError, InventoryStore, Transaction
from workers.inventory.store import MongoInventoryStore
from workers.stream.answering import RequestAnswerer
from workers.stream.failpoints import failpoints_of
from workers.stream.ports import OutsideAwayError
from workers.stream.requests import Request, reply_record
from workers.stream.running import Tools, WorkerPlan
from workers.stream.transport.partitions import count_partitions
from workers.stream.writing.misbehaving import misbehaving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from workers.inventory.books import Known
    from workers.stream.ports import BatchHandler, OutboundRecord

MODELS: Final[Mapping[str, type[InventoryRequest]]] = {
    RequestType.RESERVE: ReserveStock,
    RequestType.RELEASE: ReleaseStock,
    RequestType.FULFILL: FulfillStock,
}

_SOURCE: Final = b"/inventory"
_ONLY_LANE: Final = 0
_ATTEMPTS: Final = 12
_FIRST_PAUSE_SECONDS: Final = 0.005
_LONGEST_PAUSE_SECONDS: Final = 0.5
_JITTER_SECONDS: Final = 0.02

_MESSAGES: Final[Mapping[str, str]] = {
    Code.PRODUCT_UNKNOWN: "There is no such product",
    Code.OUT_OF_STOCK: "There is not enough in stock",
    RELEASED_BEFORE: "The order was released before it was reserved",
}
_FIXED_VALUES: Final[Mapping[ReplyType, bytes]] = {
    ReplyType.RESERVED: b"{}",
    ReplyType.RELEASED: b"{}",
    ReplyType.FULFILLED: b"{}",
    ReplyType.RELEASE_REFUSED: orjson.dumps({"message": "The pieces have already left"}),
    ReplyType.FULFILL_REFUSED: orjson.dumps({"message": "Nothing is reserved"}),
}


def plan() -> WorkerPlan:
    """The worker that answers `inventory.requests`.

    All partitions are one lane: transactions on the same product would only collide.
    """
    return WorkerPlan(
        name="inventory",
        group="oms-inventory",
        topics=frozenset({INVENTORY_REQUESTS}),
        writes=frozenset({REPLIES, dead_letter_topic(INVENTORY_REQUESTS)}),
        lane_of=lambda _partition: _ONLY_LANE,
        handler=_connected,
    )


@asynccontextmanager
async def _connected(tools: Tools) -> AsyncIterator[BatchHandler]:
    database = connect(tools.settings)
    store = MongoInventoryStore(database, tools.guard)
    failpoints = failpoints_of(tools.settings, "inventory")
    publisher = failpoints.publisher(tools.publisher)
    try:
        async with misbehaving(publisher, tools.settings) as replies:
            yield RequestAnswerer(
                MODELS,
                partial(answer, failpoints.store(store, "transact")),
                replies,
                tools.dead_letters,
                partial(count_partitions, tools.settings, REPLIES),
            )
    finally:
        await store.finish()
        database.client.close()


async def answer(
    store: InventoryStore, requests: Sequence[Request[InventoryRequest]]
) -> list[OutboundRecord]:
    """The replies to all requests, in their order, once what they say is stored.

    Raises:
        OutsideAwayError: the store does not answer, or others change the same stock all the time.
    """
    assumed = assume_plenty([request.data for request in requests])
    if assumed is not None:
        with suppress(ConflictError):
            return await store.transact(partial(_decide_and_save, requests, assumed))
    try:
        return await _settle(store, requests)
    except ConflictError as error:
        message = f"stock could not be changed in {_ATTEMPTS} attempts: {error}"
        raise OutsideAwayError(message) from error


@stamina.retry(
    on=ConflictError,
    attempts=_ATTEMPTS,
    timeout=None,
    wait_initial=_FIRST_PAUSE_SECONDS,
    wait_max=_LONGEST_PAUSE_SECONDS,
    wait_jitter=_JITTER_SECONDS,
)
async def _settle(
    store: InventoryStore, requests: Sequence[Request[InventoryRequest]]
) -> list[OutboundRecord]:
    order_ids = {request.data.order_id for request in requests}
    product_ids = {product for request in requests for product in _products(request.data)}

    async def load_decide_save(transaction: Transaction) -> list[OutboundRecord]:
        known = await transaction.load(order_ids, product_ids)
        return await _decide_and_save(requests, known, transaction)

    return await store.transact(load_decide_save)


async def _decide_and_save(
    requests: Sequence[Request[InventoryRequest]], known: Known, transaction: Transaction
) -> list[OutboundRecord]:
    decisions = decide([request.data for request in requests], known)
    # Encoded before anything is stored: what cannot be told must not happen.
    replies = [
        reply_record(request, _SOURCE, reply.type, request.data.order_id, _value(reply))
        for request, reply in zip(requests, decisions.replies, strict=True)
    ]
    if not decisions.changes.empty:
        await transaction.save(decisions.changes)
    return replies


def _products(request: InventoryRequest) -> list[str]:
    if isinstance(request, ReserveStock):
        return [product.product_id for product in request.products]
    return []


def _value(reply: Reply) -> bytes:
    refusal = reply.refusal
    if refusal is None:
        return _FIXED_VALUES[reply.type]
    return orjson.dumps(
        {
            "code": refusal.code,
            "products": [{"productId": product_id} for product_id in refusal.product_ids],
            "message": _MESSAGES.get(refusal.code),
        }
    )
