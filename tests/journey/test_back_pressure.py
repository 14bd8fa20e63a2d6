"""However much waits, and however slow MongoDB is: a worker's memory is bounded, its group kept.

The bound is the one that docs/architecture.md states, for the settings of these tests.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions
from confluent_kafka.admin import AdminClient

from tests.journey.storefront import Storefront
from tests.journey.worker_processes import Workers
from tests.waiting import eventually
from workers.dev.chaos.proxy import running_proxies
from workers.dev.ports import free_ports
from workers.dev.running import prepare
from workers.dev.stack import StackOptions, start_stack

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.journey.worker_processes import WorkerProcess
    from workers.dev.chaos.proxy import Proxy
    from workers.settings import Settings

pytestmark = [
    pytest.mark.stack,
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux tells peaks"),
]

COMMANDS = 60_000
BATCH_RECORDS = 100
OPEN_ORDERS = 200
SMALL = {"OMS_LANE_BATCH_RECORDS": str(BATCH_RECORDS), "OMS_LANE_OPEN_ORDERS": str(OPEN_ORDERS)}

_KILOBYTE = 1 / 1024
_TOPICS = 2
_LANES = 12
# In megabytes, as docs/architecture.md says; an order of these tests is 3 kilobytes, a
# command 1. A lane may take two rounds more than its open orders.
_FETCHED = _TOPICS * _LANES * 1
_WAITING = _TOPICS * _LANES * 2 * BATCH_RECORDS * _KILOBYTE
_OPEN = _LANES * (OPEN_ORDERS + 2 * BATCH_RECORDS) * 3 * _KILOBYTE
_ROUNDS = 32
MOST_GROWTH = _FETCHED + _WAITING + _OPEN + _ROUNDS


@pytest.fixture(scope="module", name="settings")
def own_settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """A Kafka and a MongoDB of this module's own, which nobody else has to read to the end."""
    with start_stack(StackOptions(ephemeral=True)) as stack:
        prepare(stack.settings)
        states = str(tmp_path_factory.mktemp("states"))
        yield stack.settings.model_copy(update={"state_directory": states})


@pytest.fixture
def mongo(settings: Settings) -> Iterator[Proxy]:
    """A way to MongoDB that can be slow."""
    [port] = free_ports(1)
    target = urlsplit(settings.mongo_uri).port
    assert target is not None
    with running_proxies({port: target}) as proxies:
        yield proxies[port]


@pytest.fixture
def own_workers(settings: Settings, tmp_path: Path) -> Iterator[Workers]:
    """No worker runs yet; all end with the test."""
    found = Workers(settings, tmp_path)
    yield found
    found.end_all()


def _send_backlog(settings: Settings, count: int) -> None:
    shop = Storefront(settings.kafka_bootstrap)
    for number in range(count):
        data: dict[str, Any] = {
            "customerId": f"c{number % 1000}",
            "products": [{"productId": f"p{number % 100}", "quantity": 1}],
            "shipping": {"company": "DHL", "trackingNumber": str(number)},
        }
        shop.send("order.create.v1", data, order_id=str(uuid4()))
        if number % 10_000 == 0:
            shop.flush()
    shop.flush()


def _megabytes(worker: WorkerProcess, what: str) -> float:
    """Memory of a process: `VmRSS` of now, `VmHWM` at most so far."""
    status = Path(f"/proc/{worker.process.pid}/status").read_text(encoding="ascii")
    found = re.search(rf"^{what}:\s+(\d+) kB$", status, re.MULTILINE)
    assert found is not None
    return int(found[1]) / 1024


class Group:
    """The orders worker's consumer group, as the broker sees it."""

    def __init__(self, settings: Settings) -> None:
        """Connect."""
        self._client = AdminClient({"bootstrap.servers": settings.kafka_bootstrap})

    def done(self) -> int:
        """How many commands are acknowledged."""
        asked = [ConsumerGroupTopicPartitions("oms-orders")]
        [answer] = self._client.list_consumer_group_offsets(asked).values()
        places = answer.result(60).topic_partitions
        return sum(max(p.offset, 0) for p in places if p.topic == "orders.commands")

    def members(self) -> set[str]:
        """Who is in it; a member that leaves and joins again is another one."""
        [answer] = self._client.describe_consumer_groups(["oms-orders"]).values()
        return {member.member_id for member in answer.result(60).members}

    async def has_done(self, count: int, what: str) -> None:
        """Return once so many commands are acknowledged."""
        await eventually(lambda: self.done() >= count, what, within=280)


@pytest.fixture
def group(settings: Settings) -> Group:
    """The group of this module's Kafka."""
    return Group(settings)


async def test_a_backlog_becomes_lag_and_not_memory(
    own_workers: Workers, settings: Settings, group: Group
) -> None:
    """60,000 creates and nobody who answers: the lanes fill and stop; then they are worked off."""
    [worker] = own_workers.start("orders", **SMALL)
    before, members = _megabytes(worker, "VmRSS"), group.members()
    _send_backlog(settings, COMMANDS)
    await group.has_done(_LANES * OPEN_ORDERS, "the lanes to fill")
    own_workers.start("customers", "inventory")
    await group.has_done(COMMANDS // 4, "a quarter of the backlog to be worked off")
    assert _megabytes(worker, "VmHWM") - before < MOST_GROWTH
    assert group.members() == members


async def test_a_slow_mongodb_costs_no_memory_and_not_the_group(
    own_workers: Workers, settings: Settings, group: Group, mongo: Proxy
) -> None:
    """Each answer of MongoDB takes half a second: less is done, in the same memory."""
    uri = f"mongodb://127.0.0.1:{mongo.port}/?directConnection=true"
    [worker] = own_workers.start("orders", OMS_MONGO_URI=uri, **SMALL)
    own_workers.start("customers", "inventory")
    before, members = _megabytes(worker, "VmRSS"), group.members()
    mongo.slow(0.5)
    _send_backlog(settings, COMMANDS // 3)
    await group.has_done(group.done() + 1_000, "some slow progress")
    assert _megabytes(worker, "VmHWM") - before < MOST_GROWTH
    assert group.members() == members
    mongo.heal()
    await group.has_done(group.done() + 3_000, "faster progress again")
    assert group.members() == members
