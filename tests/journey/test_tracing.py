"""One trace from a client's command to the last event, through three workers."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.journey.collector import CollectedSpan, Collector, collecting
from tests.journey.storefront import headers_of
from tests.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.journey.storefront import Reader, Storefront
    from tests.journey.worker_processes import Workers

pytestmark = [pytest.mark.stack, pytest.mark.slow]

CLIENT_SPAN = "b7ad6b7169203331"
CUSTOMER = "12345"
TRACKING = "TRACKING-PRIVATE-4711"
CREATE = {
    "customerId": CUSTOMER,
    "products": [{"productId": "98765", "quantity": 1}],
    "shipping": {"company": "DHL", "trackingNumber": TRACKING},
}
PATH = [
    "send orders.events",  # that the order is processing
    "process orders.replies",
    "send orders.replies",
    "process inventory.requests",
    "send inventory.requests",
    "process orders.replies",
    "send orders.replies",
    "process customers.requests",
    "send customers.requests",
    "process orders.commands",
]
"""From the last event back to the command."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    """A collector that nothing has been sent to."""
    with collecting() as found:
        yield found


async def test_a_command_and_all_that_comes_of_it_are_one_trace(
    workers: Workers, storefront: Storefront, results: Reader, collector: Collector
) -> None:
    """From the last event every span leads to the one before, and the first to the client's."""
    traced = {
        "OMS_TRACING": "on",
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint,
        "OTEL_BSP_SCHEDULE_DELAY": "200",
    }
    workers.start("orders", "customers", "inventory", **traced)
    trace_id = uuid4().hex
    parent = f"00-{trace_id}-{CLIENT_SPAN}-01".encode()
    events = storefront.reader("orders.events")
    sent = storefront.send("order.create.v1", CREATE, headers={"traceparent": parent})
    storefront.send("order.create.v1", CREATE)
    assert results.result_of(sent)["outcome"] == "accepted"
    event = events.first(lambda m: headers_of(m)["ce_type"] == b"order.processing.v1")
    assert headers_of(event).get("traceparent", parent) == parent

    def paths() -> list[list[str]]:
        return [_names_up_from(span, collector) for span in collector.spans]

    await eventually(lambda: PATH in paths(), "the whole trace")
    assert {span.trace_id for span in collector.spans} == {trace_id}
    assert {span.service for span in collector.spans} == {
        "oms-orders",
        "oms-customers",
        "oms-inventory",
    }
    told = b"".join(collector.raw)
    assert TRACKING.encode() not in told
    assert CUSTOMER.encode() not in told


def _names_up_from(span: CollectedSpan, collector: Collector) -> list[str]:
    """The names of a span and of all above it; empty unless they lead to the client's."""
    by_id = {found.span_id: found for found in collector.spans}
    names: list[str] = []
    step: CollectedSpan | None = span
    while step is not None:
        names.append(step.name)
        above = step.parent_id
        if above == CLIENT_SPAN:
            return names
        step = by_id.get(above)
    return []


async def test_a_collector_that_is_away_holds_nothing_up(
    workers: Workers, storefront: Storefront, results: Reader
) -> None:
    """Orders go on, and workers end in order, while nobody takes their spans."""
    nobody = {"OMS_TRACING": "on", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9"}
    workers.start("orders", "customers", "inventory", **nobody)
    parent = f"00-{uuid4().hex}-{CLIENT_SPAN}-01".encode()
    sent = storefront.send("order.create.v1", CREATE, headers={"traceparent": parent})
    assert results.result_of(sent)["outcome"] == "accepted"
    workers.end_all()
