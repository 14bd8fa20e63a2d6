"""A customer service that knows nothing but the contract takes the simulator's place."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from confluent_kafka import Consumer, Producer

from tests.journey.storefront import data_of, headers_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.journey.storefront import Reader, Storefront
    from tests.journey.worker_processes import Workers
    from workers.settings import Settings

CREATE = "order.create.v1"


def serve_customers(bootstrap: str, ended: threading.Event) -> None:
    """Answer each request by its headers alone, as a service in any language would.

    The reply echoes the correlation and has neither key nor subject, which the contract allows.
    """
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": f"another-customer-service-{uuid4()}",
            "auto.offset.reset": "latest",
        }
    )
    producer = Producer({"bootstrap.servers": bootstrap})
    consumer.subscribe(["customers.requests"])
    while not ended.is_set():
        message = consumer.poll(0.1)
        if message is None or message.error():
            continue
        request, customer = headers_of(message), data_of(message)["customerId"]
        is_friend = customer.startswith("friend-")
        producer.produce(
            request["kafka_replyTopic"].decode(),
            partition=int(request["kafka_replyPartition"]),
            value=b"" if is_friend else b'{"code": "NO_FRIEND", "message": "Not one of us"}',
            headers={
                "ce_specversion": b"1.0",
                "ce_id": str(uuid4()).encode(),
                "ce_source": b"/friends",
                "ce_type": b"customer.valid.v1" if is_friend else b"customer.invalid.v1",
                "kafka_correlationId": request["kafka_correlationId"],
            },
        )
        producer.flush()
    consumer.close()


@pytest.fixture
def friends(settings: Settings) -> Iterator[None]:
    """Another customer service, running."""
    ended = threading.Event()
    thread = threading.Thread(target=serve_customers, args=(settings.kafka_bootstrap, ended))
    thread.start()
    yield
    ended.set()
    thread.join()


@pytest.mark.usefixtures("friends")
async def test_another_customer_service_decides(
    workers: Workers, storefront: Storefront, results: Reader
) -> None:
    """Its yes leads to `processing`, and its no, with a code of its own, to `rejected`."""
    workers.start("orders", "inventory")
    products = [{"productId": "p1", "quantity": 1}]
    welcome = storefront.send(CREATE, {"customerId": "friend-1", "products": products})
    stranger = storefront.send(CREATE, {"customerId": "12345", "products": products})
    found = results.results_of({welcome, stranger})
    assert found[welcome]["status"] == "processing"
    assert (found[stranger]["status"], found[stranger]["code"]) == ("rejected", "NO_FRIEND")
    assert found[stranger]["message"] == "Not one of us"
