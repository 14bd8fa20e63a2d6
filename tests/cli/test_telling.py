"""A record in a few words: what changed, what is asked for, what was answered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest
from aiokafka.structs import ConsumerRecord

from workers.dev.telling import in_words, told

if TYPE_CHECKING:
    from workers.stream.ports import InboundRecord

PRODUCTS = [{"productId": "98765", "quantity": 2}]
SHIPPING = {"company": "DHL", "trackingNumber": "ABC123"}


def record(
    ce_type: str | None, value: bytes | None, key: bytes | None = b"o1", **headers: str
) -> InboundRecord:
    """A record as it is read from a topic."""
    found = {**headers, **({"ce_type": ce_type} if ce_type else {})}
    encoded = [(name, text.encode()) for name, text in found.items()]
    return ConsumerRecord("orders.events", 3, 7, 0, 0, key, value, None, 0, 0, encoded)  # type: ignore[no-any-return]  # aiokafka has no types


@pytest.mark.parametrize(
    ("message_type", "data", "words"),
    [
        (
            "order.create.v1",
            {"customerId": "12345", "products": PRODUCTS, "shipping": SHIPPING},
            "customer 12345, 98765×2, DHL ABC123",
        ),
        ("order.update-shipping.v1", SHIPPING, "DHL ABC123"),
        ("order.update-status.v1", {"status": "delivered"}, "delivered"),
        ("customer.valid.v1", {}, ""),
        ("inventory.refused.v1", {"code": "OUT_OF_STOCK", "products": ["p1"]}, "p1, OUT_OF_STOCK"),
        (
            "order.created.v1",
            {"order": {"status": "pending", "customerId": "1", "shipping": SHIPPING}},
            "pending, customer 1, DHL ABC123",
        ),
        (
            "order.rejected.v1",
            {"order": {"status": "rejected"}, "previousStatus": "pending", "reason": "no"},
            "pending → rejected, no",
        ),
        (
            "order.shipping-updated.v1",
            {"order": {"status": "shipped", "shipping": SHIPPING}, "previousStatus": "shipped"},
            "shipped, DHL ABC123",
        ),
        (
            "order.result.v1",
            {"outcome": "rejected", "code": "CANCELED", "status": "canceled", "version": 4},
            "rejected, CANCELED, the order is canceled, version 4",
        ),
        (
            "order.result.v1",
            {"outcome": "rejected", "code": "UNKNOWN_TYPE"},
            "rejected, UNKNOWN_TYPE",
        ),
    ],
)
def test_data_in_words(message_type: str, data: dict[str, Any], words: str) -> None:
    """The few fields that matter for each kind of message."""
    assert in_words(told(record(message_type, orjson.dumps(data)))) == words


def test_the_envelope() -> None:
    """Order, type, version and time come from the headers; the key stands in for the subject."""
    message = told(record("order.created.v1", b"{}", ce_orderversion="4", ce_time="now"))
    assert (message.order_id, message.version, message.time) == ("o1", 4, "now")
    assert told(record("order.created.v1", b"{}", ce_subject="o2")).order_id == "o2"


@pytest.mark.parametrize("value", [None, b"", b"\xff", b"[]", b"nonsense", b"7"])
def test_a_foreign_record(value: bytes | None) -> None:
    """Whatever somebody else has written is shown as unknown, and breaks nothing."""
    message = told(record(None, value, key=b"\xff", ce_orderversion="x"))
    assert (message.type, message.version) == ("unknown", None)
    assert in_words(message) == ""
