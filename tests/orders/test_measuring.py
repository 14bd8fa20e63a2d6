"""What the orders worker counts of its decisions, with everything around its flow in memory."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest
from prometheus_client import CollectorRegistry

from tests.orders.records import LANE, create_record
from tests.orders.world import World
from workers.orders.measuring import measure

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CREATE = {
    "customerId": "customer-1",
    "products": [{"productId": "apple", "quantity": 1}],
}


class Measured:
    """A world whose flow is measured."""

    def __init__(self, runner: asyncio.Runner) -> None:
        """Nothing has been ordered yet."""
        self.runner = runner
        self.world = World(runner)
        self.registry = CollectorRegistry()
        self.note_overdue: Callable[[int], None] = measure(
            self.world.flow, self.world.clock, self.registry
        )

    def value(self, name: str, **labels: str) -> float | None:
        """What a metric says now."""
        return self.registry.get_sample_value(name, labels)

    def handle(self) -> None:
        """All records that wait are handled."""
        self.world.handle(self.world.next_records(100, 100))

    def let_all_be_answered(self) -> None:
        """Both checks are answered, one after the other, at once."""
        for _ in range(2):
            self.world.let_services_answer()
            while self.world.on_their_way:
                self.world.deliver(0)
            self.handle()


@pytest.fixture
def measured() -> Iterator[Measured]:
    """A world of this test's own."""
    with asyncio.Runner() as runner:
        yield Measured(runner)


def test_the_life_of_an_order_is_counted(measured: Measured) -> None:
    """Each step of an accepted create counts once, and its result by command and outcome."""
    measured.world.send("o-1", "create", CREATE, "c-1")
    measured.handle()
    measured.let_all_be_answered()
    accepted = {"command": "order.create.v1", "outcome": "accepted", "code": "none"}
    assert measured.value("oms_results_total", **accepted) == 1
    transitions = (("none", "pending"), ("pending", "processing"))
    for previous, status in transitions:
        found = measured.value("oms_order_transitions_total", previous=previous, status=status)
        assert found == 1
    for request in ("customer.validate.v1", "inventory.reserve.v1"):
        assert measured.value("oms_requests_total", type=request, attempt="first") == 1


def test_the_time_of_a_command_is_that_from_its_record_to_its_result(measured: Measured) -> None:
    """A create that is answered twelve seconds after its record's time took twelve seconds."""
    measured.world.clock.time += 2_000
    measured.world.send("o-1", "create", CREATE, "c-1")
    measured.handle()
    measured.world.clock.time += 10_000
    measured.let_all_be_answered()
    assert measured.value("oms_command_result_seconds_sum", command="order.create.v1") == 12
    assert measured.value("oms_command_result_seconds_count", command="order.create.v1") == 1


def test_a_refusal_counts_with_its_code_and_a_made_up_type_as_other(measured: Measured) -> None:
    """What clients think of never becomes a label."""
    measured.world.send("nobody", "cancel", {}, "c-1")
    measured.world.send("o-1", "explode", {}, "c-2")
    measured.handle()
    refused = {"command": "order.cancel.v1", "outcome": "rejected", "code": "ORDER_NOT_FOUND"}
    unknown = {"command": "other", "outcome": "rejected", "code": "UNKNOWN_TYPE"}
    assert measured.value("oms_results_total", **refused) == 1
    assert measured.value("oms_results_total", **unknown) == 1


def test_a_request_after_a_silence_counts_as_again(measured: Measured) -> None:
    """Nobody answers the first check: the second one is counted apart from it."""
    measured.world.send("o-1", "create", CREATE, "c-1")
    measured.handle()
    measured.world.pass_time(6_000)
    measured.handle()
    asked = "customer.validate.v1"
    assert measured.value("oms_requests_total", type=asked, attempt="first") == 1
    assert measured.value("oms_requests_total", type=asked, attempt="again") == 1


def test_what_is_told_again_after_a_crash_is_no_transition(measured: Measured) -> None:
    """Kafka is away while an order is told, which is stored by then: telling it is no new step."""
    measured.world.send("o-1", "create", CREATE, "c-1")
    records = measured.world.next_records(1, 0)
    measured.world.handle(records, "cut off", published=0)
    measured.world.handle(records)
    assert measured.world.published.on("orders.events")
    assert measured.value("oms_order_transitions_total", previous="none", status="pending") is None


def test_orders_that_wait_are_counted_by_lane_with_the_oldest_ones_age(measured: Measured) -> None:
    """Two orders wait in one lane, the older for eight seconds; then none does."""
    measured.world.send("o-1", "create", CREATE, "c-1")
    measured.handle()
    measured.world.clock.time += 5_000
    measured.world.send("o-2", "create", CREATE, "c-2")
    measured.handle()
    measured.world.clock.time += 3_000
    assert measured.value("oms_waiting_orders", lane=str(LANE)) == 2
    assert measured.value("oms_oldest_waiting_order_seconds") == 8
    measured.let_all_be_answered()
    assert measured.value("oms_waiting_orders", lane=str(LANE)) == 0
    assert measured.value("oms_oldest_waiting_order_seconds") == 0


def test_a_command_in_another_lane_counts_as_forwarded(measured: Measured) -> None:
    """The order lives in one lane; its second create, which came in another, is forwarded."""
    measured.world.send("o-1", "create", CREATE, "c-1")
    measured.handle()

    async def in_another_lane() -> None:
        await measured.world.flow.open(LANE + 1, {})
        await measured.world.flow.handle([create_record("o-1", offset=7, lane=LANE + 1)])

    measured.runner.run(in_another_lane())
    assert measured.value("oms_records_forwarded_total") == 1


def test_paused_lanes_and_overdue_orders_are_told(measured: Measured) -> None:
    """A lane that takes everything does not count; overdue orders are those of the last look."""
    measured.note_overdue(4)
    assert measured.value("oms_overdue_orders") == 4
    assert measured.value("oms_paused_lanes") == 0
