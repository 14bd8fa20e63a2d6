"""`oms snapshots rebuild` writes what the workers wrote, beside them, and the newest last."""

from __future__ import annotations

from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.journey.storefront import Storefront, data_of, headers_of, key_of, read_all

if TYPE_CHECKING:
    from confluent_kafka import Message

    from tests.cli.command_line import CommandLine
    from tests.journey.worker_processes import Workers
    from workers.settings import Settings

pytestmark = [pytest.mark.stack, pytest.mark.usefixtures("service")]
CREATE = {"customerId": "12345", "products": [{"productId": "98765", "quantity": 1}]}
CHANGES = 40


@pytest.fixture(scope="module")
def storefront(settings: Settings, service: Workers) -> Storefront:  # noqa: ARG001 - they must run
    """A client of the service."""
    return Storefront(settings.kafka_bootstrap)


def orders_in_processing(storefront: Storefront, number: int) -> list[str]:
    """The ids of so many new orders, once they are in processing."""
    orders = [f"kept-{uuid4()}" for _ in range(number)]
    results = storefront.reader("orders.results")
    asked = {storefront.send("order.create.v1", CREATE, order_id=name) for name in orders}
    assert {result["status"] for result in results.results_of(asked).values()} == {"processing"}
    results.close()
    return orders


def snapshots(storefront: Storefront, orders: list[str]) -> dict[str, list[Message]]:
    """All snapshots of these orders, in the order in which they lie on the topic."""
    found: dict[str, list[Message]] = defaultdict(list)
    for message in read_all(storefront.bootstrap, "orders.snapshots"):
        if key_of(message).decode() in orders:
            found[key_of(message).decode()].append(message)
    return found


def version_of(message: Message) -> int:
    """The version of the order that a snapshot shows."""
    return int(headers_of(message)["ce_orderversion"])


def test_what_is_written_again_is_equal_to_the_byte(
    oms: CommandLine, storefront: Storefront
) -> None:
    """Partition, key, value and headers are those of the worker's, for a deleted order as well."""
    kept, erased = orders = orders_in_processing(storefront, 2)
    results = storefront.reader("orders.results")
    storefront.send("order.update-status.v1", {"status": "delivered"}, order_id=erased)
    results.result_of(storefront.send("order.delete.v1", None, order_id=erased))
    results.close()
    before = snapshots(storefront, orders)
    ended = oms("snapshots", "rebuild", *orders, "--json")
    assert ended.exit_code == 0, ended.stderr
    assert ended.json == {"orders": 2, "deleted": 1, "moved": 0, "dryRun": False}
    after = snapshots(storefront, orders)
    for order_id in orders:
        assert len(after[order_id]) == len(before[order_id]) + 1
        old, new = (found[order_id][-1] for found in (before, after))
        assert (new.partition(), new.value()) == (old.partition(), old.value())
        assert new.headers() == old.headers()
    assert data_of(after[kept][-1])["status"] == "processing"
    assert after[erased][-1].value() is None


def test_orders_may_change_meanwhile(oms: CommandLine, storefront: Storefront) -> None:
    """Beside workers that change the orders all the time, the newest version still lies last."""
    orders = orders_in_processing(storefront, 5)
    results = storefront.reader("orders.results")
    asked: set[str] = set()
    for number in range(CHANGES):
        data = {"company": "UPS", "trackingNumber": f"N{number}"}
        asked |= {storefront.send("order.update-shipping.v1", data, order_id=o) for o in orders}
    with ThreadPoolExecutor(1) as pool:
        answered = pool.submit(results.results_of, asked)
        while not answered.done():
            ended = oms("snapshots", "rebuild", *orders)
            assert ended.exit_code == 0, ended.stderr
        answered.result()
    for order_id, found in snapshots(storefront, orders).items():
        versions = [version_of(message) for message in found]
        assert versions[-1] == max(versions) == 2 + CHANGES, order_id


def test_a_dry_run_writes_nothing(oms: CommandLine, storefront: Storefront) -> None:
    """It counts the orders alone."""
    orders = orders_in_processing(storefront, 1)
    before = snapshots(storefront, orders)
    ended = oms("snapshots", "rebuild", *orders, "--dry-run")
    assert ended.stdout == "1 snapshots would be written: 1 with an order, 0 with null\n"
    assert len(snapshots(storefront, orders)[orders[0]]) == len(before[orders[0]])
    everything = oms("snapshots", "rebuild", "--dry-run", "--json").json
    assert everything["orders"] >= 1


def test_an_order_that_does_not_exist(oms: CommandLine, settings: Settings) -> None:
    """It is named, and nothing is written."""
    ended = oms("snapshots", "rebuild", "nobody")
    assert ended.exit_code == 1
    assert ended.stderr == f"There is no order nobody in {settings.mongo_database}.\n"
