"""Workers that are measured, and that have had every kind of work."""

from __future__ import annotations

import urllib.request
from typing import TYPE_CHECKING, NamedTuple
from uuid import uuid4

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.journey.storefront import Storefront
from tests.journey.worker_processes import Workers
from tests.waiting import eventually
from workers.dev.ports import free_ports

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from prometheus_client.metrics_core import Metric

    from workers.settings import Settings

NAMES = ("orders", "customers", "inventory")
CUSTOMER = "measured-customer-Gertrude"
REASON = "reason-that-nobody-may-read"
TRACKING = "TRACKING-4711-PRIVATE"
ORDER = "measured-order"
"""What the ids of orders begin with; more than one module has such workers."""


class Measured(NamedTuple):
    """Where each worker's metrics can be read."""

    ports: dict[str, int]

    def text(self, worker: str) -> str:
        """What a worker tells."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.ports[worker]}/metrics") as answer:
            return str(answer.read().decode())

    def families(self) -> Iterator[Metric]:
        """All families of all workers."""
        for worker in NAMES:
            yield from text_string_to_metric_families(self.text(worker))

    def has(self, name: str, **labels: str) -> bool:
        """Whether a sample with these labels is there, and is not 0."""
        return any(
            sample.name == name and labels.items() <= sample.labels.items() and sample.value > 0
            for family in self.families()
            for sample in family.samples
        )


@pytest.fixture(scope="module")
async def measured(
    settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Measured]:
    """All three workers, which have accepted, refused, waited, forwarded and set aside."""
    folder: Path = tmp_path_factory.mktemp("measured")
    workers = Workers(settings, folder)
    found = Measured(dict(zip(NAMES, free_ports(len(NAMES)), strict=True)))
    try:
        _start(workers, found, "orders")
        storefront = Storefront(settings.kafka_bootstrap)
        order_id = f"{ORDER}-{uuid4()}"
        _send_all(storefront, order_id)
        # Nobody answers yet, so that the first check has to be asked again.
        await eventually(lambda: 'attempt="again"' in found.text("orders"), "a second request")
        _start(workers, found, "customers")
        _start(workers, found, "inventory")
        await eventually(
            lambda: found.has("oms_order_transitions_total", status="processing"), "an order"
        )
        storefront.send("order.cancel.v1", {"reason": REASON}, order_id=order_id)
        storefront.flush()
        await eventually(
            lambda: found.has("oms_order_transitions_total", status="canceled"), "a canceled order"
        )
        await eventually(lambda: "oms_lag_records{" in found.text("orders"), "the lag")
        await eventually(lambda: "oms_lag_records{" in found.text("inventory"), "the lag")
        yield found
    finally:
        workers.end_all()


def _start(workers: Workers, measured: Measured, name: str) -> None:
    port = str(measured.ports[name])
    workers.start(name, OMS_METRICS_PORT=port, OMS_REPLY_TIMEOUT="1", OMS_REPLY_ATTEMPTS="8")


def _send_all(storefront: Storefront, order_id: str) -> None:
    data = {
        "customerId": "12345",
        "products": [{"productId": "98765", "quantity": 1}],
        "shipping": {"company": "DHL", "trackingNumber": TRACKING},
    }
    storefront.send("order.create.v1", data, order_id=order_id)
    storefront.send("order.create.v1", {**data, "customerId": CUSTOMER}, order_id="unknown")
    storefront.send("order.cancel.v1", {}, order_id="nobody-has-made-it")
    storefront.send("order.of.nobody.v1", {}, order_id="nobody-has-made-it")
    storefront.send_raw(b"poison", b"{ " + CUSTOMER.encode(), {})
    storefront.flush()
