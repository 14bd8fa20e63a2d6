"""What holds whatever happens: random commands, replies, crashes and time, on one lane.

For a long look: `HYPOTHESIS_PROFILE=thorough pytest -o timeout=0` with this file.
"""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from schemas import headers as names
from tests.orders.world import STOCK, Fate, World
from workers.inventory.books import State
from workers.orders.encode import order_json

if TYPE_CHECKING:
    from workers.stream.ports import OutboundRecord

STEPS = {
    "pending": {"pending", "processing", "rejected", "expired", "canceling"},
    "processing": {"processing", "shipped", "delivered", "canceling"},
    "shipped": {"shipped", "delivered"},
    "canceling": {"canceled", "pending", "processing"},
    "delivered": {"deleted"},
    "rejected": {"deleted"},
    "expired": {"deleted"},
    "canceled": {"deleted"},
    "deleted": set(),
}
"""Every step that the contract allows; the same status again is a change of shipping."""

ORDERS = ("a", "b", "c")
CREATE = {"customerId": "customer-1", "products": [{"productId": "apple", "quantity": 3}]}
BOTH = [{"productId": "apple", "quantity": 2}, {"productId": "pear", "quantity": 2}]
Command = tuple[str, dict[str, Any] | None]

A_CREATE = st.sampled_from([CREATE, {**CREATE, "products": BOTH}])
A_REASON = st.sampled_from([None, {}, {"reason": "changed my mind"}, {"expectedVersion": 2}])
A_STATUS = st.sampled_from(["processing", "shipped", "delivered", "canceled"])
ANY_COMMAND: st.SearchStrategy[Command] = st.one_of(
    st.tuples(st.just("create"), A_CREATE),
    st.tuples(
        st.just("update-shipping"),
        st.builds(lambda n: {"company": "UPS", "trackingNumber": str(n)}, st.integers(0, 9)),
    ),
    st.tuples(st.just("update-status"), st.builds(lambda status: {"status": status}, A_STATUS)),
    st.tuples(st.just("cancel"), A_REASON),
    st.tuples(st.just("delete"), st.sampled_from([None, {"expectedVersion": 3}])),
    st.sampled_from(
        [
            ("create", {**CREATE, "products": [{"productId": "plum", "quantity": 1}]}),
            ("create", {**CREATE, "products": []}),
            ("update-shipping", {"company": "GLS", "trackingNumber": "2", "expectedVersion": 2}),
            ("unheard-of", {}),
        ]
    ),
)


AN_END: st.SearchStrategy[list[Command]] = st.sampled_from(
    [
        [("update-status", {"status": "delivered"}), ("delete", None)],
        [("cancel", None), ("delete", None)],
        [("delete", None), ("cancel", None)],
    ]
)
A_FATE: st.SearchStrategy[Fate] = st.sampled_from(["cut off", "dies", "well"])


class AnyStory(RuleBasedStateMachine):
    """The service, its services and its faults, in any order."""

    def __init__(self) -> None:
        """Begin with nothing."""
        super().__init__()
        self._runner = asyncio.Runner()
        self.world = World(self._runner)
        self.sent: dict[str, tuple[str, str, dict[str, Any] | None]] = {}
        self.fulfilled_behind_our_back: set[str] = set()

    @initialize(customers_forget=st.booleans(), processing=st.integers(0, len(ORDERS)))
    def begin(self, *, customers_forget: bool, processing: int) -> None:
        """Some orders are processing already.

        Either customers may answer one request in two ways, or replies may be lost; not both:
        then a grant could be lost that nobody knows was asked for.
        """
        self.world.customers_forget = customers_forget
        for order_id in ORDERS[:processing]:
            self._send(order_id, ("create", CREATE))
        for _ in range(3):
            self.go_on()

    def _send(self, order_id: str, command: Command) -> None:
        identity = f"{order_id}-{len(self.sent)}"
        self.sent[identity] = (order_id, *command)
        self.world.send(*self.sent[identity], identity)

    @rule(
        order_id=st.sampled_from(ORDERS),
        commands=st.one_of(st.lists(ANY_COMMAND, min_size=1, max_size=4), AN_END),
    )
    def send(self, order_id: str, commands: list[Command]) -> None:
        """A client sends some commands."""
        for command in commands:
            self._send(order_id, command)

    @precondition(lambda self: self.sent)
    @rule(data=st.data())
    def send_again(self, data: st.DataObject) -> None:
        """A client sends a command that it has sent before."""
        identity = data.draw(st.sampled_from(list(self.sent)))
        self.world.send(*self.sent[identity], identity)

    @rule(fate=A_FATE, published=st.integers(0, 9))
    def go_on(self, fate: Fate = "well", published: int = 0) -> None:
        """Everything that waits is handled, if need be in two attempts, answered and delivered."""
        self.world.handle(self.world.next_records(100, 100), fate, published)
        self.world.handle(self.world.next_records(100, 100))
        self.world.let_services_answer()
        while self.world.on_their_way:
            self.world.deliver(0)

    @precondition(lambda self: self.world.something_waits)
    @rule(commands=st.integers(0, 4), replies=st.integers(0, 4))
    def handle(self, commands: int, replies: int) -> None:
        """The worker handles a batch."""
        self.world.handle(self.world.next_records(commands, replies))

    @precondition(lambda self: self.world.something_waits)
    @rule(
        records=st.integers(1, 9),
        replies_first=st.booleans(),
        fate=A_FATE,
        published=st.integers(0, 9),
        then_dies=st.booleans(),
    )
    def fail(
        self, *, records: int, replies_first: bool, fate: Fate, published: int, then_dies: bool
    ) -> None:
        """The worker is cut off from Kafka, or dies before it acknowledges."""
        batch = self.world.next_records(records, records)
        if replies_first:
            batch.sort(key=lambda record: record.topic, reverse=True)
        self.world.handle(batch, fate, published)
        if then_dies:
            self.world.restart()

    @rule()
    def let_services_answer(self) -> None:
        """Customers and inventory answer what they were asked."""
        self.world.let_services_answer()

    @precondition(lambda self: self.world.on_their_way)
    @rule(data=st.data(), keep=st.booleans())
    def deliver(self, data: st.DataObject, *, keep: bool) -> None:
        """Some reply arrives, not always the oldest, and may arrive once more."""
        index = data.draw(st.integers(0, len(self.world.on_their_way) - 1))
        self.world.deliver(index, keep=keep)

    @precondition(lambda self: self.world.on_their_way and not self.world.customers_forget)
    @rule(data=st.data())
    def lose(self, data: st.DataObject) -> None:
        """Some reply never arrives."""
        del self.world.on_their_way[data.draw(st.integers(0, len(self.world.on_their_way) - 1))]

    @rule(data=st.data())
    def answer_again(self, data: st.DataObject) -> None:
        """A request comes to its service again, and may be answered otherwise."""
        requests = [
            record for record in self.world.published.records if record.topic.endswith(".requests")
        ]
        if requests:
            self.world.let_a_service_answer_again(data.draw(st.sampled_from(requests)))

    @precondition(lambda self: self.world.customers_forget)
    @rule(data=st.data())
    def contradict(self, data: st.DataObject) -> None:
        """The customer changes, and a check that was answered is answered once more, at once."""
        requests = self.world.published.on("customers.requests")
        if requests:
            self.change_the_customer()
            self.world.let_a_service_answer_again(data.draw(st.sampled_from(requests[-3:])))
            self.world.deliver(-1)

    @rule()
    def change_the_customer(self) -> None:
        """The customer is blocked, or may order again."""
        self.world.customer_is_blocked = not self.world.customer_is_blocked

    @rule(milliseconds=st.sampled_from([5_000, 11_000, 85_000, 301_000, 3_600_000, -3_600_000]))
    def pass_time(self, milliseconds: int) -> None:
        """Time passes, or the clock jumps on or back."""
        self.world.pass_time(milliseconds)

    @rule(rounds=st.integers(1, 6), fate=A_FATE)
    def be_silent(self, rounds: int, fate: Fate) -> None:
        """Nobody answers for a while: every deadline comes, and is handled."""
        for _ in range(rounds):
            self.world.pass_time(85_000)
            self.world.handle(self.world.next_records(100, 100), fate)

    @rule(order_id=st.sampled_from(ORDERS))
    def fulfill_behind_our_back(self, order_id: str) -> None:
        """The stock has left, so that a cancel will be refused."""
        self.fulfilled_behind_our_back.add(order_id)
        self.world.fulfill_behind_our_back(order_id)

    @invariant()
    def nothing_is_told_in_two_ways(self) -> None:
        """Whatever has the same id on a topic is equal to the byte (invariants 1 and 4)."""
        seen: dict[tuple[str, bytes], OutboundRecord] = {}
        for record in self.world.published.records:
            identity = (record.topic, dict(record.headers)[names.ID])
            first = seen.setdefault(identity, record)
            assert record.headers == first.headers
            if record.topic == "orders.results" and record.value != first.value:
                self._check_shortened(first, record)
            else:
                assert record == first

    def _check_shortened(self, first: OutboundRecord, again: OutboundRecord) -> None:
        """Once an order is deleted, repeated results leave it out."""
        before, after = orjson.loads(first.value or b""), orjson.loads(again.value or b"")
        assert self.world.store.orders[before["orderId"]].status == "deleted"
        assert "order" not in after
        del before["order"]
        assert after == before

    @invariant()
    def versions_come_in_order_and_take_allowed_steps(self) -> None:
        """1 2 3 2 is fine, 1 3 2 is not; nothing follows `deleted` (invariants 3, 5 and 6)."""
        for events in self._events().values():
            statuses = [event["order"]["status"] for event in events]
            assert [event["order"]["version"] for event in events] == [*range(1, len(events) + 1)]
            assert statuses[:1] == ["pending"]
            assert all(after in STEPS[before] for before, after in pairwise(statuses))
            told_before = [event.get("previousStatus") for event in events]
            assert told_before == [None, *statuses[:-1]]

    def _events(self) -> dict[str, list[dict[str, Any]]]:
        """The events of each order, as they first appeared."""
        found: dict[str, dict[int, dict[str, Any]]] = defaultdict(dict)
        for record in self.world.published.on("orders.events"):
            event = orjson.loads(record.value or b"")
            found[event["order"]["id"]].setdefault(event["order"]["version"], event)
        return {order_id: list(events.values()) for order_id, events in found.items()}

    @invariant()
    def no_event_without_its_version(self) -> None:
        """What is told is stored (invariant 8)."""
        for order_id, events in self._events().items():
            stored = self.world.store.orders[order_id]
            assert len(events) <= stored.version
            types = [change.type for change in stored.history]
            assert [change.version for change in stored.history] == [*range(1, len(types) + 1)]

    @invariant()
    def the_books_balance(self) -> None:
        """Never oversold, and nothing appears or vanishes (invariant 9)."""
        for product_id, pieces in self.world.inventory.stock.items():
            assert min(pieces) >= 0
            assert sum(pieces) == STOCK[product_id]

    @invariant()
    def nothing_personal_is_told_after_a_deletion(self) -> None:
        """Neither by results that are repeated, nor by anything else."""
        deleted: set[bytes | None] = set()
        for record in self.world.published.records:
            if record.key in deleted:
                assert b"customer-1" not in (record.value or b"")
            if dict(record.headers)[names.TYPE] == b"order.deleted.v1":
                deleted.add(record.key)

    @invariant()
    def nothing_is_a_dead_letter(self) -> None:
        """Every record here can be read, so none may fail (invariant 14)."""
        assert self.world.dead_letters.records == []

    def teardown(self) -> None:
        """Let everything work again: then nothing is stuck, and all is told."""
        try:
            self.world.settle()
            self.nothing_is_told_in_two_ways()
            self.versions_come_in_order_and_take_allowed_steps()
            self._check_nobody_waits()
            self._check_every_command_has_its_result()
            self._check_documents_and_topics_agree()
            self._check_reservations()
            self._check_a_replay_changes_nothing()
        finally:
            self._runner.close()

    def _check_nobody_waits(self) -> None:
        """Invariant 12."""
        for order in self.world.store.orders.values():
            assert order.waiting is None
            assert order.status not in {"pending", "canceling"}

    def _check_every_command_has_its_result(self) -> None:
        """Invariant 1: none is missing, and there is none that nobody asked for."""
        results = [orjson.loads(r.value or b"") for r in self.world.published.on("orders.results")]
        assert {result["command"]["id"] for result in results} == set(self.sent)

    def _check_documents_and_topics_agree(self) -> None:
        """Invariants 3, 7 and 8."""
        events = self._events()
        assert events.keys() == self.world.store.orders.keys()
        newest: dict[str, bytes | None] = {}
        for record in self.world.published.on("orders.snapshots"):
            newest[(record.key or b"").decode()] = record.value
        for order_id, order in self.world.store.orders.items():
            shown = orjson.dumps(order_json(order))
            assert len(events[order_id]) == order.version
            assert events[order_id][-1]["order"] == orjson.loads(shown)
            assert newest[order_id] == (None if order.status == "deleted" else shown)

    def _check_reservations(self) -> None:
        """Invariants 10 and 11: stock is held by those who should, and by nobody else."""
        expected = {"processing": {State.RESERVED}, "shipped": {State.FULFILLED}}
        released = {State.RELEASED, State.REFUSED, None}
        for order_id, order in self.world.store.orders.items():
            if order_id in self.fulfilled_behind_our_back:
                continue
            reservation = self.world.inventory.reservations.get(order_id)
            state = None if reservation is None else reservation.state
            was_delivered = any(c.type == "order.delivered.v1" for c in order.history)
            final = {State.FULFILLED} if was_delivered else released
            assert state in expected.get(order.status, final)

    def _check_a_replay_changes_nothing(self) -> None:
        """Invariant 2: the group is reset to the beginning."""
        orders = dict(self.world.store.orders)
        events = self._events()
        for topic in self.world.inputs.values():
            topic.acknowledged = 0
        self.world.restart()
        self.world.handle(self.world.next_records(10_000, 10_000))
        assert self._events() == events
        self.nothing_is_told_in_two_ways()
        self.world.settle()
        assert self._events() == events
        for order_id, order in self.world.store.orders.items():
            assert order.history == orders[order_id].history


SETTINGS = {
    "default": settings(max_examples=400, stateful_step_count=30),
    "thorough": settings(max_examples=4_000, stateful_step_count=80),
}
PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "default")

TestAnyStory = pytest.mark.slow(AnyStory.TestCase)
TestAnyStory.settings = settings(
    SETTINGS[PROFILE], deadline=None, suppress_health_check=list(HealthCheck)
)
