"""What could be found of the service after some orders, made by its own flow, to be broken."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import cache
from typing import TYPE_CHECKING, Any

from schemas.topics import COMMANDS, CONSUMED, EVENTS, REPLIES
from tests.orders.records import Record, as_read
from tests.orders.world import STOCK, World
from workers.dev.verifying.bounds import Bounds
from workers.dev.verifying.inquiry import Inquiry
from workers.dev.verifying.reading import TOPICS
from workers.inventory.documents import to_document
from workers.orders.documents import order_to_document

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workers.dev.verifying.bounds import Place
    from workers.dev.verifying.cases import Cases
    from workers.dev.verifying.ledger import Entry
    from workers.dev.verifying.report import Verification

    Documents = dict[str, dict[str, Any]]

LINES = [{"productId": "apple", "quantity": 1}]
CREATE = {"customerId": "customer-1", "products": LINES}


@dataclass
class Found:
    """All records by topic, and the three collections by `_id`.

    `starts` and `committed` are by topic; a topic that is not there begins at 0, or is committed
    to its end.
    """

    topics: dict[str, list[Record]]
    orders: Documents
    reservations: Documents
    stock: Documents
    starts: dict[str, int] = field(default_factory=dict)
    committed: dict[str, int] = field(default_factory=dict)
    is_settled: bool = True
    ledger: list[Entry] = field(default_factory=list)
    stocked: Mapping[str, int] | None = field(default_factory=lambda: STOCK)

    def on(self, topic: str, order_id: str) -> list[int]:
        """Where the records with this key are in the list of their topic."""
        key = order_id.encode()
        return [n for n, record in enumerate(self.topics[topic]) if record.key == key]

    def change(self, topic: str, index: int, **fields: Any) -> None:  # noqa: ANN401 - of a record
        """Give one record other fields."""
        self.topics[topic][index] = replace(self.topics[topic][index], **fields)

    def append(self, record: Record, **fields: Any) -> None:  # noqa: ANN401 - of a record
        """Write a record like this one at the end of its topic."""
        offset = self.end_of(record.topic)
        self.topics[record.topic].append(replace(record, **{"offset": offset, **fields}))

    def end_of(self, topic: str) -> int:
        """The offset that the next record of the topic gets."""
        offsets = (record.offset + 1 for record in self.topics[topic])
        return max(offsets, default=self.starts.get(topic, 0))

    def age(self, topic: str, start: int) -> None:
        """Let the topic forget its first records."""
        self.starts[topic] = min(start, self.end_of(topic))
        self.topics[topic] = [r for r in self.topics[topic] if r.offset >= start]

    def bounds(self) -> Bounds:
        """How far everything reaches."""
        lanes = sorted({r.partition for records in self.topics.values() for r in records})
        ends = {(topic, lane): self.end_of(topic) for topic in TOPICS for lane in lanes}
        done: dict[Place, int] = {
            place: self.committed.get(place[0], end)
            for place, end in ends.items()
            if place[0] in CONSUMED
        }
        starts = {place: self.starts.get(place[0], 0) for place in ends}
        told = {place: end for place, end in ends.items() if place[0] == EVENTS}
        return Bounds(starts, ends, done, done, told, self.is_settled)

    def verified(self, cases: Cases | None = None, bounds: Bounds | None = None) -> Verification:
        """What a verification says of it."""
        inquiry = Inquiry(self.stocked, cases)
        known = self.bounds() if bounds is None else bounds
        inquiry.take_ledger(self.ledger)
        inquiry.take_stock(self.stock.values())
        inquiry.take_reservations(self.reservations.values())
        inquiry.take_orders(self.orders.values())
        for topic in TOPICS:
            inquiry.take_records(self.topics[topic], known)
        return inquiry.judge(known)


def headers_with(record: Record, **changed: str) -> list[tuple[str, bytes]]:
    """The record's headers, with others in place of some; names lose their `ce_`."""
    others = {f"ce_{name}": value.encode() for name, value in changed.items()}
    return [(name, others.get(name, value)) for name, value in record.headers]


def everything_well() -> Found:
    """Orders in every status but the open ones, refusals, repeats and poison; all is well.

    - `kept` is in processing, `gone` shipped, `there` delivered, `erased` deleted;
    - `dropped` is canceled, `blocked` rejected, `late` expired;
    - a command of each kind is refused or sent twice, and one is poison.
    """
    return deepcopy(_made())


@cache
def _made() -> Found:
    with asyncio.Runner() as runner:
        world = World(runner)
        _live(world)
        return _found(world)


def _live(world: World) -> None:
    for order_id in ("kept", "gone", "there", "erased", "dropped"):
        world.send(order_id, "create", CREATE, f"create-{order_id}")
    world.send("kept", "create", CREATE, "create-kept")
    world.send("kept", "create", CREATE, "create-kept-by-somebody-else")
    world.settle()
    world.customer_is_blocked = True
    world.send("blocked", "create", CREATE, "create-blocked")
    world.settle()
    world.customer_is_blocked = False
    world.send("gone", "update-status", {"status": "shipped"}, "ship-gone")
    world.send("there", "update-shipping", {"company": "UPS", "trackingNumber": "1"}, "move-there")
    world.send("there", "update-status", {"status": "delivered"}, "deliver-there")
    world.send("erased", "update-status", {"status": "delivered"}, "deliver-erased")
    world.send("dropped", "cancel", {"reason": "no"}, "cancel-dropped")
    world.send("dropped", "cancel", {"reason": "no"}, "cancel-dropped")
    world.settle()
    world.send("erased", "delete", None, "delete-erased")
    world.send("erased", "create", CREATE, "create-erased")
    world.send("gone", "delete", None, "delete-gone")
    world.send("nobody", "delete", None, "delete-nobody")
    world.settle()
    _expire(world)
    _poison(world)
    world.settle()


def _expire(world: World) -> None:
    world.send("late", "create", CREATE, "create-late")
    world.handle(world.next_records(10, 10))
    for _ in range(10):
        world.pass_time(100_000)
        world.handle(world.next_records(10, 10))


def _poison(world: World) -> None:
    waiting = world.inputs[COMMANDS].records
    good = waiting[0]
    waiting.append(replace(good, offset=len(waiting), key=b"poison", value=b"{no", headers=()))


def _found(world: World) -> Found:
    topics: dict[str, list[Record]] = defaultdict(list)
    for topic in (COMMANDS, REPLIES):
        topics[topic] = list(world.inputs[topic].records)
    for record in (*world.published.records, *world.dead_letters.records):
        topics[record.topic].append(as_read(record, offset=len(topics[record.topic])))
    return Found(
        topics=topics,
        orders={name: order_to_document(order) for name, order in world.store.orders.items()},
        reservations={
            name: to_document(name, held) for name, held in world.inventory.reservations.items()
        },
        stock={name: {"_id": name, **n._asdict()} for name, n in world.inventory.stock.items()},
    )
