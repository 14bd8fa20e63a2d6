"""What must hold once nothing is in flight, checked on the topics and collections alone.

The numbers are those of the list of invariants in `docs/reliability.md`. Each check returns
sentences for people, one for each thing that does not hold.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import orjson

from schemas.topics import (
    CONSUMED,
    CUSTOMER_REQUESTS,
    EVENTS,
    INVENTORY_REQUESTS,
    SNAPSHOTS,
    dead_letter_topic,
)
from tests.simulation.world import STOCK

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.simulation.broker import StoredRecord
    from tests.simulation.world import World
    from workers.orders.order import Order

Contents = tuple[object, ...]
Event = dict[str, Any]

_STEPS: dict[str, frozenset[tuple[str | None, str]]] = {
    "created": frozenset({(None, "pending")}),
    "processing": frozenset({("pending", "processing")}),
    "rejected": frozenset({("pending", "rejected")}),
    "expired": frozenset({("pending", "expired")}),
    "shipping-updated": frozenset((name, name) for name in ("pending", "processing", "shipped")),
    "shipped": frozenset({("processing", "shipped")}),
    "delivered": frozenset({("processing", "delivered"), ("shipped", "delivered")}),
    "cancel-requested": frozenset({("pending", "canceling"), ("processing", "canceling")}),
    "cancel-refused": frozenset({("canceling", "pending"), ("canceling", "processing")}),
    "canceled": frozenset({("canceling", "canceled")}),
    "deleted": frozenset(
        (name, "deleted") for name in ("delivered", "rejected", "expired", "canceled")
    ),
}
_MOST_REPETITIONS = 50
_HOLDS = {"processing": "reserved", "shipped": "fulfilled", "delivered": "fulfilled"}


def broken(world: World) -> list[str]:
    """Everything that does not hold, but for outcomes, which have a module of their own."""
    events = events_of(world)
    return [
        *world.surprises,
        *_versions(world, events),
        *_duplicates(world),
        *_places(world),
        *_steps(events),
        *_documents(world, events),
        *_books(world),
        *_reservations(world),
        *_forgeries(world),
        *_lags(world),
        *_storms(world),
        *_dead_letters(world),
    ]


def events_of(world: World) -> dict[str, dict[int, StoredRecord]]:
    """Each order's events by version, as they first appeared."""
    found: dict[str, dict[int, StoredRecord]] = defaultdict(dict)
    for record in world.broker.on(EVENTS):
        found[key_of(record)].setdefault(version_of(record), record)
    return found


def key_of(record: StoredRecord) -> str:
    """The order that a record is about."""
    return (record.key or b"").decode()


def version_of(record: StoredRecord) -> int:
    """The order's version that an event or a snapshot tells."""
    return int(dict(record.headers)["ce_orderversion"])


def _versions(world: World, events: dict[str, dict[int, StoredRecord]]) -> Iterator[str]:
    orders = world.database.orders
    for order_id in orders.keys() | events.keys():
        told = sorted(events.get(order_id, ()))
        order = orders.get(order_id)
        stored = [] if order is None else [change.version for change in order.history]
        version = 0 if order is None else order.version
        if not told == stored == list(range(1, version + 1)):
            yield f"3, 8: {order_id} has version {version}, history {stored} and events {told}"


def _duplicates(world: World) -> Iterator[str]:
    for topic in (EVENTS, SNAPSHOTS, CUSTOMER_REQUESTS, INVENTORY_REQUESTS):
        found: dict[str, StoredRecord] = {}
        poison = {where[1:] for where in world.poison if where[0] == topic}
        for record in world.broker.on(topic):
            if (record.partition, record.offset) in poison:
                continue
            first = found.setdefault(dict(record.headers)["ce_id"].decode(), record)
            if (first.key, first.value, first.headers) != (
                record.key,
                record.value,
                record.headers,
            ):
                yield f"4: told in two ways: {first} and {record}"


def _places(world: World) -> Iterator[str]:
    highest: Counter[str] = Counter()
    for record in world.broker.on(EVENTS):
        order_id, version = key_of(record), version_of(record)
        if version > highest[order_id] + 1:
            yield f"5: version {version} of {order_id} was told before {version - 1}"
        highest[order_id] = max(version, highest[order_id])
    for topic in (EVENTS, SNAPSHOTS):
        for record in world.broker.on(topic):
            order = world.database.orders.get(key_of(record))
            if order is not None and order.lane != record.partition:
                yield f"5: {key_of(record)} lives in lane {order.lane}, and is told in {record}"


def _steps(events: dict[str, dict[int, StoredRecord]]) -> Iterator[str]:
    for order_id, versions in events.items():
        status = None
        for version in sorted(versions):
            record = versions[version]
            data = orjson.loads(record.value or b"")
            kind = dict(record.headers)["ce_type"].decode().split(".")[1]
            step = (data.get("previousStatus"), data["order"]["status"])
            if step not in _STEPS[kind] or step[0] != status:
                yield f"6: {kind} leads {order_id} from {status} by {step}"
            status = step[1]


def _documents(world: World, events: dict[str, dict[int, StoredRecord]]) -> Iterator[str]:
    newest: dict[str, StoredRecord] = {}
    for record in world.broker.on(SNAPSHOTS):
        newest[key_of(record)] = record  # what compaction keeps
    for order_id, order in world.database.orders.items():
        if not events.get(order_id):
            continue
        shown = orjson.loads(events[order_id][max(events[order_id])].value or b"")["order"]
        if shown != document(order):
            yield f"7: {order_id} is stored as {document(order)}, and told as {shown}"
        snapshot = newest.get(order_id)
        wanted = None if order.status == "deleted" else shown
        if snapshot is None or orjson.loads(snapshot.value or b"null") != wanted:
            yield f"7: the newest snapshot of {order_id} is {snapshot}"


def document(order: Order) -> dict[str, Any]:
    """The order as the contract shows it."""
    products = None
    if order.products is not None:
        products = [{"productId": p.product_id, "quantity": p.quantity} for p in order.products]
    shipping = None
    if order.shipping is not None:
        shipping = {
            "company": order.shipping.company,
            "trackingNumber": order.shipping.tracking_number,
        }
    fields = {
        "id": order.id,
        "customerId": order.customer_id,
        "storefrontId": order.storefront_id,
        "products": products,
        "shipping": shipping,
        "status": order.status.value,
        "version": order.version,
        "reason": order.reason,
        "createdAt": _time(order.created_at),
        "updatedAt": _time(order.updated_at),
    }
    return {name: value for name, value in fields.items() if value is not None}


def _time(milliseconds: int) -> str:
    moment = datetime.fromtimestamp(milliseconds // 1000, tz=UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{milliseconds % 1000:03d}Z"


def _books(world: World) -> Iterator[str]:
    held: Counter[str] = Counter()
    for reservation in world.database.reservations.values():
        if reservation.state == "reserved":
            held.update({line.product_id: line.quantity for line in reservation.lines})
    for product, pieces in world.database.stock.items():
        if sum(pieces) != STOCK[product] or pieces.reserved != held[product]:
            yield f"9: {product}: {pieces} of {STOCK[product]}, and {held[product]} are held"
    if world.database.lowest < 0:
        yield f"9: there were {world.database.lowest} pieces of a product"


def _reservations(world: World) -> Iterator[str]:
    orders, reservations = world.database.orders, world.database.reservations
    for order_id in orders.keys() | reservations.keys():
        order, reservation = orders.get(order_id), reservations.get(order_id)
        state = None if reservation is None else reservation.state.value
        status = None if order is None else order.status.value
        wanted = _HOLDS.get(status or "")
        if (wanted is not None and state != wanted) or (wanted is None and state == "reserved"):
            yield f"10: {order_id} is {status}, and its reservation is {state}"


def _forgeries(world: World) -> Iterator[str]:
    for order in world.database.orders.values():
        for change in order.history:
            if change.cause.id in world.forged:
                yield f"11: {order.id} was changed by a forged reply: {change}"


def _lags(world: World) -> Iterator[str]:
    for order in world.database.orders.values():
        if order.waiting is not None or order.status in {"pending", "canceling"}:
            yield f"12: {order.id} is {order.status} and waits for {order.waiting}"
    for name, group in world.groups.items():
        for tp, committed, end in group.lag(world.broker):
            yield f"13: {name} stands at {committed} of {end} in {tp}"


def _storms(world: World) -> Iterator[str]:
    """What is told again, after a crash say, is not told again and again."""
    for topic in (EVENTS, CUSTOMER_REQUESTS, INVENTORY_REQUESTS):
        times = Counter(dict(record.headers).get("ce_id") for record in world.broker.on(topic))
        for identity, count in times.items():
            if count > _MOST_REPETITIONS and identity != b"1":
                yield f"12: {identity!r} was written {count} times to {topic}"


def _dead_letters(world: World) -> Iterator[str]:
    found: dict[tuple[str, int, int], set[Contents]] = defaultdict(set)
    for topic in CONSUMED:
        for letter in world.broker.on(dead_letter_topic(topic)):
            headers = dict(letter.headers)
            partition = int(headers["__dlq.errors.partition"])
            offset = int(headers["__dlq.errors.offset"])
            found[topic, partition, offset].add((letter.value, letter.headers))
    for where in found.keys() - set(world.poison):
        yield f"14: {where} is a dead letter, and no poison: {found[where]}"
    for where in set(world.poison):
        if len(found.get(where, ())) != 1:
            yield f"14: the poison at {where} has {len(found.get(where, ()))} dead letters"
