"""Everything around the orders worker, in memory: topics, services, time, and what goes wrong.

The flow under test is the real one, on the real bytes. Customers and inventory answer as the
simulated services do; their replies may be lost, late, repeated or in another order. One lane.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from schemas import headers as names
from schemas.replies import ReplyType
from schemas.requests import REQUEST_MODELS, FulfillStock, ReleaseStock, RequestType, ReserveStock
from schemas.topics import COMMANDS, CUSTOMER_REQUESTS, INVENTORY_REQUESTS, REPLIES
from tests.inventory.memory import MemoryInventoryStore
from tests.orders.memory_publisher import MemoryPublisher
from tests.orders.memory_store import MemoryOrderStore
from tests.orders.records import LANE, Record, as_read, command_record, reply_record
from workers.inventory.decide import decide
from workers.orders.deadlines import Patience
from workers.orders.flow import OrdersFlow, Rules
from workers.orders.reminders import deadline_id, deadline_record
from workers.stream.ports import OutsideAwayError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping, Sequence

    from schemas.requests import InventoryRequest
    from workers.stream.ports import CopyRecord, OutboundRecord

Fate = Literal["well", "cut off", "dies"]
STOCK = {"apple": 8, "pear": 3}
RULES = Rules(Patience(first_pause=5_000, attempts=5), most_open_orders=1_000)


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        """Begin some day."""
        self.time = 1_700_000_000_000

    def now(self) -> int:
        """Milliseconds since 1970."""
        return self.time


@dataclass
class InputTopic:
    """Records that wait to be handled, and the offset below which they are acknowledged."""

    records: list[Record]
    acknowledged: int = 0

    @property
    def waiting(self) -> Sequence[Record]:
        """Those that are not acknowledged yet."""
        return self.records[self.acknowledged :]


class World:
    """One lane of the service, and everything that it talks to."""

    def __init__(self, runner: asyncio.Runner) -> None:
        """Nothing has been ordered yet; `customer-1` may order."""
        self._runner = runner
        self.clock = Clock()
        self.store = MemoryOrderStore()
        self.published = MemoryPublisher()
        self.dead_letters = MemoryPublisher()
        self.inventory = MemoryInventoryStore(STOCK)
        self.customer_is_blocked = False
        self.customers_forget = False
        self.inputs = {COMMANDS: InputTopic([]), REPLIES: InputTopic([])}
        self.on_their_way: list[tuple[OutboundRecord, ReplyType, Mapping[str, object]]] = []
        self.copies: list[CopyRecord] = []
        self._answered = {CUSTOMER_REQUESTS: 0, INVENTORY_REQUESTS: 0}
        self._customer_was_blocked: dict[bytes, bool] = {}
        self._reminded: set[str] = set()
        self.restart()

    def restart(self) -> None:
        """The worker dies and starts again: only what is stored or acknowledged is left."""
        self.flow = OrdersFlow(self.store, self.published, self.dead_letters, self.clock, RULES)
        acknowledged = {topic: found.acknowledged for topic, found in self.inputs.items()}
        self._runner.run(self.flow.open(LANE, acknowledged))

    def send(
        self, order_id: str, command_type: str, data: Mapping[str, object] | None, identity: str
    ) -> None:
        """A client sends a command, for the first time or again."""
        topic = self.inputs[COMMANDS]
        offset = len(topic.records)
        topic.records.append(
            command_record(order_id, command_type, data, offset=offset, identity=identity)
        )

    def handle(self, records: Sequence[Record], fate: Fate = "well", published: int = 0) -> None:
        """Handle these records, which are the next of their topics.

        When cut off, only so many outputs are `published` before Kafka is away. Who dies has not
        acknowledged anything.
        """
        if fate == "cut off" and records:
            self.published.cut_off_after(published)
        try:
            self.copies += self._runner.run(self.flow.handle(records))
        except OutsideAwayError:
            return
        if fate == "dies":
            self.restart()
            return
        positions = {record.topic: record.offset + 1 for record in records}
        for topic, offset in positions.items():
            self.inputs[topic].acknowledged = offset
        self.flow.acknowledged(LANE, positions)

    @property
    def something_waits(self) -> bool:
        """Whether there is a record to be handled."""
        return any(topic.waiting for topic in self.inputs.values())

    def next_records(self, commands: int, replies: int) -> list[Record]:
        """At most so many of each topic, in order."""
        return [
            *self.inputs[COMMANDS].waiting[:commands],
            *self.inputs[REPLIES].waiting[:replies],
        ]

    def let_services_answer(self) -> None:
        """Both services answer all requests they have not seen; replies are on their way then."""
        for topic in (CUSTOMER_REQUESTS, INVENTORY_REQUESTS):
            requests = self.published.on(topic)
            for request in requests[self._answered[topic] :]:
                self.on_their_way.append((request, *self._answer(request)))
            self._answered[topic] = len(requests)

    def let_a_service_answer_again(self, request: OutboundRecord) -> None:
        """A request comes to its service once more."""
        self.on_their_way.append((request, *self._answer(request)))

    def fulfill_behind_our_back(self, order_id: str) -> None:
        """The stock of an order leaves although nobody asked for it."""
        self._answer_inventory(FulfillStock(order_id=order_id))

    def _answer(self, request: OutboundRecord) -> tuple[ReplyType, Mapping[str, object]]:
        request_type = RequestType(dict(request.headers)[names.TYPE].decode())
        if request_type is RequestType.VALIDATE:
            return self._answer_customers(dict(request.headers)[names.ID])
        asked = REQUEST_MODELS[request_type].model_validate_json(request.value or b"")
        assert isinstance(asked, ReserveStock | ReleaseStock | FulfillStock)
        return self._answer_inventory(asked)

    def _answer_customers(self, request_id: bytes) -> tuple[ReplyType, Mapping[str, object]]:
        if self.customers_forget or request_id not in self._customer_was_blocked:
            self._customer_was_blocked[request_id] = self.customer_is_blocked
        if self._customer_was_blocked[request_id]:
            return ReplyType.CUSTOMER_INVALID, {"code": "CUSTOMER_BLOCKED"}
        return ReplyType.CUSTOMER_VALID, {}

    def _answer_inventory(self, asked: InventoryRequest) -> tuple[ReplyType, Mapping[str, object]]:
        decisions = decide([asked], self.inventory.known())
        self.inventory.apply(decisions.changes)
        (reply,) = decisions.replies
        if reply.refusal is None:
            return reply.type, {}
        products = [{"productId": name} for name in reply.refusal.product_ids]
        return reply.type, {"code": reply.refusal.code, "products": products}

    def deliver(self, index: int, *, keep: bool = False) -> None:
        """One of the replies on their way arrives; when kept, it will come once more."""
        request, reply_type, data = self.on_their_way[index]
        if not keep:
            del self.on_their_way[index]
        topic = self.inputs[REPLIES]
        topic.records.append(reply_record(request, reply_type, data, offset=len(topic.records)))

    def pass_time(self, milliseconds: int) -> None:
        """Time passes, and deadlines that are due then are written, each once."""
        self.clock.time += milliseconds
        due = self._runner.run(self.store.due({LANE}, self.clock.now(), 1_000))
        for order in due:
            assert order.waiting is not None
            identity = deadline_id(order, order.waiting)
            if identity not in self._reminded:
                self._reminded.add(identity)
                topic = self.inputs[REPLIES]
                record = as_read(deadline_record(order, order.waiting), offset=len(topic.records))
                topic.records.append(record)

    def settle(self) -> None:
        """Everything works again: all replies arrive, all silences end, all work is done."""
        for _ in range(40):
            self.let_services_answer()
            while self.on_their_way:
                self.deliver(0)
            self.handle(self.next_records(1_000, 1_000))
            self.let_services_answer()
            if self.is_settled:
                return
            self.pass_time(301_000)

    @property
    def is_settled(self) -> bool:
        """Whether nothing is in flight and no order waits for anybody."""
        waiting = any(order.waiting for order in self.store.orders.values())
        return not (waiting or self.something_waits or self.on_their_way)
