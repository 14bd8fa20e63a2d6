"""With the least rights of each, the service works, and its operator can use every verb."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pytest

from schemas.topics import EVENTS, RESULTS
from tests.journey.storefront import data_of, headers_of
from tests.journey.worker_processes import WorkerProcess
from tests.security.parties import PLANS, WAYS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cli.command_line import CommandLine
    from tests.journey.storefront import Storefront
    from tests.security.place import Place

pytestmark = [pytest.mark.stack, pytest.mark.slow]

CREATE: Final = {"customerId": "12345", "products": [{"productId": "98765", "quantity": 1}]}


@pytest.fixture(name="workers", scope="module")
def run_workers(
    place: Place, oms: CommandLine, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, WorkerProcess]]:
    """Each worker as its own user, and each in another way; the samples are there."""
    assert oms("seed").exit_code == 0
    folder = tmp_path_factory.mktemp("workers")
    settings = {user: place.settings_of(user, *way) for user, way in WAYS.items()}
    found = {
        user: WorkerProcess(plan.name, settings[user], folder, OMS_LOG_LEVEL="debug")
        for user, plan in PLANS.items()
    }
    for worker in found.values():
        worker.wait_until_ready()
    yield found
    codes = [worker.end() for worker in found.values()]
    assert not any(codes)


@pytest.mark.usefixtures("workers")
def test_an_order_lives_with_the_least_rights(shop: Storefront, oms: CommandLine) -> None:
    """Create, change, cancel and delete, a copy for the storefront, and dead letters of poison."""
    topic = shop.new_topic()
    replies, results, events = (shop.reader(name) for name in (topic, RESULTS, EVENTS))
    address = {"kafka_replyTopic": topic.encode(), "kafka_correlationId": b"1"}
    created = shop.send("order.create.v1", CREATE, order_id="o-1", headers=address)
    shop.flush()
    assert results.result_of(created)["outcome"] == "accepted"
    copy = replies.first(lambda message: headers_of(message)["kafka_correlationId"] == b"1")
    assert data_of(copy)["status"] == "processing"
    for command, data in (
        ("update-shipping", {"company": "UPS", "trackingNumber": "1"}),
        ("cancel", {}),
        ("delete", {}),
    ):
        sent = shop.send(f"order.{command}.v1", data, order_id="o-1")
        shop.flush()
        assert results.result_of(sent)["outcome"] == "accepted", command
    refused = shop.send("order.cancel.v1", {}, order_id="nobody-knows-it")
    shop.send("order.create.v1", b"{no JSON", order_id="o-2")
    shop.flush()
    assert results.result_of(refused)["code"] == "ORDER_NOT_FOUND"
    deleted = events.first(lambda message: headers_of(message)["ce_type"] == b"order.deleted.v1")
    assert headers_of(deleted)["ce_subject"] == b"o-1"
    for reader in (replies, results, events):
        reader.close()
    assert "not JSON" in oms("dlq", "list").stdout


@pytest.mark.usefixtures("workers")
def test_the_operator_can_use_every_verb(oms: CommandLine) -> None:
    """With the operator's rights, and with no others."""
    create = ("send", "create", "--order-id", "o-3", "--customer", "12345", "--product", "98765=1")
    for arguments in (
        ("topics", "create"),
        ("topics", "check"),
        ("doctor",),
        (*create, "--wait"),
        ("order", "show", "o-3"),
        ("order", "explain", "o-3"),
        ("watch", "o-3", "--from-beginning", "--count", "2"),
        ("top", "--once", "--every", "1"),
        ("snapshots", "rebuild"),
        ("verify", "--wait", "30"),
        ("dlq", "replay", "--all", "--yes"),
        ("dlq", "discard", "--all", "--yes", "--reason", "a test"),
    ):
        ended = oms(*arguments)
        assert ended.exit_code == 0, f"{arguments}: {ended.stdout}{ended.stderr}"


def test_no_output_tells_a_secret(workers: dict[str, WorkerProcess], oms: CommandLine) -> None:
    """Neither the workers' logs, also with all details, nor what verbs print."""
    told = [worker.log.read_text() for worker in workers.values()]
    for arguments in (("config",), ("config", "--json"), ("doctor", "--json"), ("health",)):
        ended = oms(*arguments)
        told += [ended.stdout, ended.stderr]
    assert "secret-of" not in "".join(told)
