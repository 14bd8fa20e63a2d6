"""Writes down what this release writes, every document and message of a real run, and its schemas.

    python -m tests.upgrade.write_release

To be run once, when a release is made. It makes `release-<version>` and refuses to touch one
that is there.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pymongo import MongoClient

from schemas.topics import COMMANDS, REPLIES, TOPICS
from tests.journey.storefront import Storefront, data_of, read_all
from tests.journey.worker_processes import Workers
from tests.stream.broker import committed
from tests.stream.broker import read_all as read_records
from tests.upgrade.release import FOLDER, KeptRecord, document_lines, record_line
from workers.contract.json_schemas import json_schemas
from workers.dev.running import prepare
from workers.dev.stack import StackOptions, start_stack

if TYPE_CHECKING:
    from collections.abc import Callable

    from workers.settings import Settings

_COLLECTIONS = ("orders", "refusals", "customers", "stock", "reservations")
_SAMPLES_KEPT = {"12345", "blocked", "98765", "sold-out"}
_ORDER: dict[str, Any] = {
    "customerId": "12345",
    "products": [{"productId": "98765", "quantity": 2}],
    "shipping": {"company": "DHL", "trackingNumber": "ABC123"},
}
_DEADLINE_SECONDS = 60.0


class _Shop:
    """Sends commands, each with an id that says which it is, and waits for what comes of them."""

    def __init__(self, settings: Settings) -> None:
        self._storefront = Storefront(settings.kafka_bootstrap)
        self._bootstrap = settings.kafka_bootstrap
        self._replies = self._storefront.new_topic()

    def send(self, order_id: str, command: str, data: object, nth: int = 1) -> str:
        """Send a command with everything that a client may say about it."""
        command_id = f"{order_id} {command} {nth}"
        headers: dict[str, bytes | None] = {
            "ce_time": b"2026-01-31T12:00:00Z",
            "ce_correlationid": f"cart of {order_id}".encode(),
            "traceparent": b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "tracestate": b"vendor=1",
            "kafka_replyTopic": self._replies.encode(),
            "kafka_correlationId": b"\x00\xff" + command_id.encode(),
        }
        self._storefront.send(
            f"order.{command}.v1", data, order_id=order_id, command_id=command_id, headers=headers
        )
        self._storefront.flush()
        return command_id

    def send_plain(self, order_id: str, command: str, data: object) -> str:
        """Send a command with nothing but what it must have."""
        command_id = f"{order_id} {command} plain"
        self._storefront.send(f"order.{command}.v1", data, order_id=order_id, command_id=command_id)
        self._storefront.flush()
        return command_id

    def send_poison(self) -> None:
        """Send what is no command."""
        self._storefront.send_raw(b"poison", b"\xff\xfe no JSON", {})
        self._storefront.flush()

    def wait_for_result(self, command_id: str) -> None:
        """Return once the command has its result."""
        _wait_until(lambda: command_id in self._answered(), command_id)

    def _answered(self) -> set[str]:
        found = read_all(self._bootstrap, "orders.results")
        return {data_of(message)["command"]["id"] for message in found}


def _wait_until(condition: Callable[[], object], what: str) -> None:
    end = time.monotonic() + _DEADLINE_SECONDS
    while not condition():
        if time.monotonic() > end:
            sys.exit(f"waited in vain for: {what}")
        time.sleep(0.2)


def _live(shop: _Shop, workers: Workers, orders: Any) -> None:  # noqa: ANN401 - a collection
    """Let there be an order in every status, and a command of every outcome."""
    _let_orders_expire(shop, workers)
    asking = workers.start("orders", "customers", "inventory")
    _finish_orders(shop)
    _refuse_commands(shop)
    # From here on nobody answers, and what waits goes on waiting.
    for worker in asking[1:]:
        worker.end()
    shop.send("shipped-unanswered", "update-status", {"status": "shipped"})
    shop.send("canceling", "cancel", {"reason": "changed my mind"})
    shop.send("pending", "create", _ORDER)
    shop.send_plain("pending-plain", "create", _minimal())
    shop.send("canceling-pending", "create", _ORDER)
    shop.send("canceling-pending", "cancel", None)
    waits = {"waiting": {"$exists": True}}
    _wait_until(lambda: orders.count_documents(waits) == 5, "five orders that wait")
    workers.end_all()


def _minimal() -> dict[str, Any]:
    return {"customerId": "c1", "products": [{"productId": "p1", "quantity": 1}]}


def _let_orders_expire(shop: _Shop, workers: Workers) -> None:
    [hasty] = workers.start("orders", OMS_REPLY_TIMEOUT="0.3", OMS_REPLY_ATTEMPTS="2")
    shop.wait_for_result(shop.send("expired", "create", _ORDER))
    hasty.end()


def _finish_orders(shop: _Shop) -> None:
    """Orders that go as far as each can."""
    for order_id in (
        "processing",
        "shipped",
        "shipped-unanswered",
        "delivered",
        "canceled",
        "canceling",
        "deleted",
    ):
        shop.wait_for_result(shop.send(order_id, "create", _ORDER))
    shop.wait_for_result(shop.send_plain("processing-plain", "create", _minimal()))
    shop.send("rejected-customer", "create", {**_ORDER, "customerId": "blocked"})
    sold_out = {**_ORDER, "products": [{"productId": "sold-out", "quantity": 1}]}
    shop.wait_for_result(shop.send("rejected-stock", "create", sold_out))
    for order_id in ("shipped", "delivered", "deleted"):
        new = {"company": "UPS", "trackingNumber": "XYZ456"}
        shop.send(order_id, "update-shipping", new)
        shop.wait_for_result(shop.send(order_id, "update-status", {"status": "shipped"}))
    for order_id in ("delivered", "deleted"):
        shop.wait_for_result(shop.send(order_id, "update-status", {"status": "delivered"}, 2))
    shop.wait_for_result(shop.send("canceled", "cancel", {"reason": "too late"}))
    shop.wait_for_result(shop.send("deleted", "delete", None))


def _refuse_commands(shop: _Shop) -> None:
    """One command of every refusal, one that is unchanged, one that comes twice, and poison."""
    shop.send("processing", "create", {**_ORDER, "customerId": "c2"}, 2)
    shop.send("processing", "update-status", {"status": "processing"})
    shop.send("processing", "update-status", {"status": "shipped", "expectedVersion": 9}, 2)
    shop.send("delivered", "cancel", {})
    shop.send("nobody", "cancel", {})
    shop.send("deleted", "cancel", {})
    shop.send("processing", "dance", {})
    shop.send("processing", "update-shipping", {"company": "UPS", "oops": 1})
    shop.send_poison()
    shop.send("processing", "create", _ORDER)
    shop.wait_for_result(shop.send("processing", "delete", None))


def _keep(settings: Settings, folder: Path) -> None:
    for topic in TOPICS:
        found = asyncio.run(read_records(settings, topic.name))
        kept = (
            KeptRecord(r.topic, r.partition, r.offset, r.timestamp, r.key, r.value, list(r.headers))
            for r in found
        )
        lines = "".join(f"{record_line(record)}\n" for record in kept)
        (folder / f"{topic.name}.jsonl").write_text(lines, encoding="utf-8")
    with MongoClient[dict[str, Any]](settings.mongo_uri) as client:
        database = client[settings.mongo_database]
        for name in _COLLECTIONS:
            documents = database[name].find().sort("_id")
            kept_documents = [d for d in documents if _is_kept(name, d["_id"])]
            path = folder / f"{name}.documents.jsonl"
            path.write_text(document_lines(kept_documents), encoding="utf-8")
    _keep_commits(settings, folder)
    _keep_schemas(folder)


def _keep_schemas(folder: Path) -> None:
    (folder / "schemas").mkdir()
    for name, schema in json_schemas().items():
        text = json.dumps(schema, indent=2, ensure_ascii=False) + "\n"
        (folder / "schemas" / f"{name}.json").write_text(text, encoding="utf-8")


def _keep_commits(settings: Settings, folder: Path) -> None:
    done = committed(settings, "oms-orders")
    found = {
        topic: {str(p): offset for (name, p), offset in sorted(done.items()) if name == topic}
        for topic in (COMMANDS, REPLIES)
    }
    (folder / "committed.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def _is_kept(collection: str, identity: Any) -> bool:  # noqa: ANN401 - a text or a document
    return collection not in {"customers", "stock"} or identity in {*_SAMPLES_KEPT, "c1", "p1"}


def write_release(folder: Path) -> None:
    """Run all workers on a Kafka and a MongoDB of their own, and keep all that they write."""
    with (
        start_stack(StackOptions(ephemeral=True)) as stack,
        tempfile.TemporaryDirectory() as logs,
    ):
        settings = stack.settings.model_copy(
            update={"partitions": 2, "state_directory": f"{logs}/states"}
        )
        prepare(settings)
        workers = Workers(settings, Path(logs))
        with MongoClient[dict[str, Any]](settings.mongo_uri) as client:
            try:
                _live(_Shop(settings), workers, client[settings.mongo_database]["orders"])
            finally:
                workers.end_all()
        folder.mkdir()
        _keep(settings, folder)


if __name__ == "__main__":
    place = FOLDER / f"release-{version('order-management-service')}"
    if place.exists():
        sys.exit(f"{place} is there: what a release wrote is never written again")
    write_release(place)
