"""Clients choose how they compress: whatever Kafka knows can be read, and ends no worker."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from confluent_kafka import Producer

from tests.journey.storefront import DEADLINE_SECONDS, SOURCE

if TYPE_CHECKING:
    from tests.journey.storefront import Reader, Storefront

pytestmark = [pytest.mark.usefixtures("service"), pytest.mark.stack]


@pytest.mark.parametrize("compression", ["gzip", "snappy", "lz4", "zstd"])
def test_a_command_may_come_compressed(
    storefront: Storefront, results: Reader, compression: str
) -> None:
    """It is answered as any other, by the same workers."""
    producer = Producer(
        {"bootstrap.servers": storefront.bootstrap, "compression.type": compression}
    )
    command_id = str(uuid4())
    products = [{"productId": f"p{number}", "quantity": 1} for number in range(50)]
    producer.produce(
        "orders.commands",
        key=str(uuid4()),
        value=json.dumps({"customerId": "12345", "products": products}),
        headers={
            "ce_specversion": b"1.0",
            "ce_id": command_id.encode(),
            "ce_source": SOURCE.encode(),
            "ce_type": b"order.create.v1",
        },
    )
    assert producer.flush(DEADLINE_SECONDS) == 0
    assert results.result_of(command_id)["outcome"] == "accepted"
