"""What became of commands: one outcome each, whatever is repeated, and the same after a replay."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

import orjson

from schemas.topics import RESULTS
from tests.simulation.invariants import document, events_of
from tests.simulation.world import Sent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.simulation.world import World

Contents = tuple[object, ...]


def results(world: World) -> dict[Sent, set[Contents]]:
    """The different results of each command, to the byte; without what a deletion erases."""
    found: dict[Sent, set[Contents]] = defaultdict(set)
    for record in set(world.broker.on(RESULTS)):
        data = orjson.loads(record.value or b"")
        command = data["command"]
        order = world.database.orders.get(data.get("orderId"))
        content: object = record.value
        if order is not None and order.status == "deleted":
            content = orjson.dumps({k: v for k, v in data.items() if k not in {"order", "message"}})
        key = Sent(data.get("orderId"), command["source"], command["id"])
        found[key].add((content, record.headers))
    return found


def wrong_outcomes(world: World) -> Iterator[str]:
    """Invariant 1: every command has one result, and there is no other."""
    found = results(world)
    for sent in world.ledger:
        if len(found.get(sent, ())) != 1:
            yield f"1: {sent} has {len(found.get(sent, ()))} results: {found.get(sent)}"
    for sent in found.keys() - world.ledger.keys():
        yield f"1: {sent} was never sent, and has a result"
    told = {record.value for record in world.broker.on(RESULTS)}
    for copy in world.broker.copies:
        if copy.value not in told:
            yield f"1: a copy is like no result: {copy}"


class State(NamedTuple):
    """What a replay of all commands must leave as it is."""

    orders: Mapping[str, object]
    books: Mapping[str, object]
    events: Mapping[str, object]
    results: Mapping[Sent, object]


def state(world: World) -> State:
    """What a replay of all commands must leave as it is."""
    orders = {
        name: (order.history, document(order)) for name, order in world.database.orders.items()
    }
    told = {order_id: sorted(versions) for order_id, versions in events_of(world).items()}
    books = {"stock": dict(world.database.stock), "held": dict(world.database.reservations)}
    return State(orders, books, told, results(world))


def what_a_replay_changed(before: State, after: State) -> list[str]:
    """Invariant 2: orders, books, events and results are what they were."""
    return [
        f"2: the replay has changed the {name}: {old} became {new}"
        for name, old, new in zip(State._fields, before, after, strict=True)
        if old != new
    ]
