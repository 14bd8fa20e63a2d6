"""No log line has personal data, whatever happens: not even what drivers say of documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from motor.motor_asyncio import AsyncIOMotorDatabase

    from tests.journey.storefront import Reader, Storefront
    from tests.journey.worker_processes import WorkerProcess, Workers

    Documents = AsyncIOMotorDatabase[dict[str, Any]]

pytestmark = [pytest.mark.stack, pytest.mark.slow]

CUSTOMER = "customer-Gertrude-Example"
COMPANY = "Gertrude-s-own-carrier"
TRACKING = "TRACKING-PRIVATE-4711"
REASON = "because-Gertrude-is-ill"
PERSONAL = (CUSTOMER, COMPANY, TRACKING, REASON)
LOUD = {"OMS_LOG_LEVEL": "debug"}


def create_for(customer: str) -> dict[str, Any]:
    """The data of a create that is all about one person."""
    return {
        "customerId": customer,
        "products": [{"productId": "98765", "quantity": 1}],
        "shipping": {"company": COMPANY, "trackingNumber": TRACKING},
    }


def assert_tells_nobody(worker: WorkerProcess) -> None:
    """Its log has lines, and none of them is about a person."""
    told = worker.log.read_text()
    assert '"event"' in told
    assert [word for word in PERSONAL if word in told] == []


@pytest.fixture
async def customer(documents: Documents) -> AsyncIterator[str]:
    """Somebody who may order."""
    await documents["customers"].insert_one({"_id": CUSTOMER, "status": "active"})
    yield CUSTOMER
    await documents["customers"].delete_one({"_id": CUSTOMER})


async def test_orders_refusals_and_poison_are_logged_without_whom_they_are_about(
    workers: Workers, storefront: Storefront, results: Reader, customer: str
) -> None:
    """At the lowest level: a whole life, refusals, broken data, and what is no command."""
    running = workers.start("orders", "customers", "inventory", **LOUD)
    order_id, dead = str(uuid4()), storefront.reader("dlq.orders.commands")
    sent = [storefront.send("order.create.v1", create_for(customer), order_id=order_id)]
    assert results.result_of(sent[0])["outcome"] == "accepted"
    cancel = {"reason": REASON}
    sent = [
        storefront.send("order.cancel.v1", cancel, order_id=order_id),
        storefront.send("order.cancel.v1", cancel, order_id=str(uuid4())),
        storefront.send("order.create.v1", create_for(f"{CUSTOMER}-unknown")),
        storefront.send("order.create.v1", {**create_for(CUSTOMER), CUSTOMER: REASON}),
        storefront.send("order.create.v1", {"customerId": [CUSTOMER], "products": REASON}),
    ]
    poison = (f'{{"customerId": "{CUSTOMER}", "reason": "{REASON}"').encode()
    storefront.send("order.create.v1", poison)
    storefront.send_raw(b"no-command", poison, {})
    assert results.results_of(set(sent)).keys() == set(sent)
    dead.until(lambda found: len(found) >= 2)
    for worker in running:
        assert_tells_nobody(worker)


async def test_what_mongodb_says_of_a_document_is_not_logged(
    workers: Workers, storefront: Storefront, results: Reader, documents: Documents, customer: str
) -> None:
    """MongoDB refuses an order and quotes it; the worker ends, says so, and tells nobody whose."""
    if "orders" not in await documents.list_collection_names():
        await documents.create_collection("orders")
    await documents.command("collMod", "orders", validator={"nobody": {"$exists": True}})
    try:
        [worker] = workers.start("orders", **LOUD)
        sent = storefront.send("order.create.v1", create_for(customer))
        storefront.flush()
        await eventually(lambda: worker.process.poll() is not None, "the worker's end")
    finally:
        await documents.command("collMod", "orders", validator={})
    assert worker.process.returncode == 1
    assert "worker_ends_itself" in worker.events()
    assert "BulkWriteError, code 121" in worker.log.read_text()
    assert_tells_nobody(worker)
    workers.start("orders", "customers", "inventory")
    assert results.result_of(sent)["outcome"] == "accepted"
