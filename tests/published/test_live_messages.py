"""The running service: all that three workers write in the life of orders fits the contract."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest

from tests.journey.storefront import Storefront, data_of, headers_of, read_all
from tests.journey.worker_processes import Workers
from tests.published.files import data_faults, header_faults
from workers.contract.messages import MESSAGES, Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from confluent_kafka import Message

    from tests.journey.storefront import Reader
    from workers.settings import Settings

pytestmark = [pytest.mark.stack, pytest.mark.slow]

ORDER: Final[dict[str, Any]] = {
    "customerId": "12345",
    "products": [{"productId": "98765", "quantity": 2}],
}
REFUSED: Final[list[tuple[str, object]]] = [
    ("order.create.v1", {**ORDER, "customerId": "blocked"}),
    ("order.create.v1", {**ORDER, "products": [{"productId": "sold-out", "quantity": 1}]}),
    ("order.create.v1", {**ORDER, "products": []}),
    ("order.cancel.v1", None),
    ("order.dance.v1", {}),
]
LIFE: Final[list[tuple[str, object]]] = [
    ("order.create.v1", ORDER),
    ("order.update-shipping.v1", {"company": "UPS", "trackingNumber": "XYZ456"}),
    ("order.update-status.v1", {"status": "shipped"}),
    ("order.update-status.v1", {"status": "shipped"}),
    ("order.update-status.v1", {"status": "delivered"}),
    ("order.cancel.v1", {"reason": "too late"}),
    ("order.delete.v1", None),
]
CANCELED: Final[list[tuple[str, object]]] = [LIFE[0], ("order.cancel.v1", {"reason": "changed"})]
WRITTEN: Final = sorted({message.topic for message in MESSAGES if message.kind is not Kind.COMMAND})


@pytest.fixture(name="storefront", scope="module")
def run_everything(
    settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Storefront]:
    """A client, whose orders all three workers have taken through their lives."""
    workers = Workers(settings, tmp_path_factory.mktemp("workers"))
    storefront = Storefront(settings.kafka_bootstrap)
    results = storefront.reader("orders.results")
    try:
        workers.start("orders", "customers", "inventory")
        for number, (command, data) in enumerate(REFUSED):
            _answered(storefront, results, f"published-{number}", command, data)
        for order_id, commands in (("published-life", LIFE), ("published-canceled", CANCELED)):
            for command, data in commands:
                _answered(storefront, results, order_id, command, data)
        yield storefront
    finally:
        results.close()
        workers.end_all()


def _answered(
    storefront: Storefront, results: Reader, order_id: str, command: str, data: object
) -> None:
    command_id = storefront.send(command, data, order_id=order_id)
    storefront.flush()
    results.result_of(command_id)


@pytest.mark.parametrize("topic", WRITTEN)
def test_what_the_workers_write_fits(storefront: Storefront, topic: str) -> None:
    """Headers and data of every record that is about these orders."""
    found = [message for message in read_all(storefront.bootstrap, topic) if _is_ours(message)]
    assert found
    for message in found:
        headers = {name: text.decode() for name, text in headers_of(message).items()}
        name = headers["ce_type"]
        assert header_faults(name, headers) == []
        assert message.value() is None or data_faults(name, data_of(message)) == []


def _is_ours(message: Message) -> bool:
    key = message.key()
    return key is not None and bytes(key).startswith(b"published-")
