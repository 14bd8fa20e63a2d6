"""A worker that is asked to end does so in bounded time, and loses and doubles nothing by it.

Kafka and MongoDB are the test's own: they are stopped in the middle of the work.
"""

from __future__ import annotations

import signal
import time
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from tests.journey.storefront import Storefront, data_of, headers_of, key_of, read_all
from tests.journey.worker_processes import Workers
from tests.waiting import eventually
from workers.dev.running import prepare
from workers.dev.stack import StackOptions, start_stack
from workers.state_file import running_workers, state_directory

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from confluent_kafka import Message

    from tests.journey.storefront import Reader
    from tests.journey.worker_processes import WorkerProcess
    from workers.dev.stack import Stack
    from workers.settings import Settings

pytestmark = [pytest.mark.stack, pytest.mark.chaos, pytest.mark.slow]

CREATE = "order.create.v1"
COMMANDS = 3_000
# 20 for the work in flight and 8 to leave, as the defaults say, and what a busy machine adds.
LONGEST_END_SECONDS = 45.0


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    """A Kafka and a MongoDB that can be stopped without a harm to other tests."""
    with start_stack(StackOptions(ephemeral=True)) as found:
        prepare(found.settings)
        yield found


@pytest.fixture(name="settings")
def own_settings(stack: Stack, tmp_path: Path) -> Settings:
    """Settings of this stack."""
    return stack.settings.model_copy(update={"state_directory": str(tmp_path / "states")})


@pytest.fixture
def own_workers(settings: Settings, tmp_path: Path) -> Iterator[Workers]:
    """No worker runs yet; all end with the test."""
    found = Workers(settings, tmp_path)
    yield found
    found.end_all()


@pytest.fixture
def shop(settings: Settings) -> Storefront:
    """A client of this stack."""
    return Storefront(settings.kafka_bootstrap)


def _send_orders(shop: Storefront, count: int) -> dict[str, str]:
    """Create orders, and return the ids of their commands by those of the orders."""
    sent = {}
    for number in range(count):
        order_id = str(uuid4())
        data = {
            "customerId": f"c{number % 1000}",
            "products": [{"productId": f"p{number % 100}", "quantity": 1}],
        }
        sent[order_id] = shop.send(CREATE, data, order_id=order_id)
    shop.flush()
    return sent


@contextmanager
def _stopped(stack: Stack, part: str) -> Iterator[None]:
    """Kafka or MongoDB keeps all its connections and answers nothing."""
    found = next(one for one in stack.processes if one.name.lower().startswith(part))
    found.stop()
    try:
        yield
    finally:
        found.cont()


def _end(workers: list[WorkerProcess]) -> list[int]:
    """The exit codes of workers that are asked to end together, within the longest time."""
    for worker in workers:
        worker.process.send_signal(signal.SIGTERM)
    return [worker.process.wait(LONGEST_END_SECONDS) for worker in workers]


def _assert_all_done_once(bootstrap: str, sent: dict[str, str]) -> None:
    """Each command has one result, however often it is told, and each order its two versions."""
    told: dict[str, set[bytes]] = {}
    for message in read_all(bootstrap, "orders.results"):
        command = data_of(message)["command"]["id"]
        told.setdefault(command, set()).add(message.value() or b"")
    assert [command for command in sent.values() if len(told.get(command, ())) != 1] == []
    versions: dict[str, set[int]] = {}
    for message in read_all(bootstrap, "orders.events"):
        versions.setdefault(key_of(message).decode(), set()).add(
            int(headers_of(message)["ce_orderversion"])
        )
    assert [order for order in sent if versions.get(order) != {1, 2}] == []


@pytest.mark.parametrize("away", [None, "kafka", "mongo"])
def test_an_end_in_the_middle_of_work_is_bounded_and_loses_nothing(
    stack: Stack, own_workers: Workers, shop: Storefront, away: str | None
) -> None:
    """All workers end with 0 under load, whoever is away; those that follow finish the work."""
    results = shop.reader("orders.results")
    started = own_workers.start("orders", "customers", "inventory")
    sent = _send_orders(shop, COMMANDS)
    answered = _orders(results.until(lambda found: len(found) >= COMMANDS // 20))
    with _stopped(stack, away) if away else nullcontext():
        codes = _end(started)
    assert codes == [0, 0, 0], "\n".join(worker.log.read_text()[-3000:] for worker in started)
    open_orders = sent.keys() - answered - _answered_so_far(results)
    assert open_orders, "they were to end in the middle of the work"
    own_workers.start("orders", "customers", "inventory")
    results.until(lambda found: open_orders <= _orders(found), seconds=180)
    _assert_all_done_once(shop.bootstrap, sent)


@pytest.mark.parametrize(
    ("away", "reason"), [("kafka", "Kafka does not answer"), ("mongo", "MongoDB does not answer")]
)
async def test_an_idle_worker_notices_who_is_away_and_can_be_ended(
    stack: Stack, own_workers: Workers, settings: Settings, away: str, reason: str
) -> None:
    """Without any order it says in its state for whom it waits; asked to, it ends with 0."""
    started = own_workers.start("orders")
    with _stopped(stack, away):
        await eventually(lambda: reason in _waits(settings), "the wait")
        assert _end(started) == [0]


async def test_an_idle_worker_is_ready_again_when_kafka_is_back(
    stack: Stack, own_workers: Workers, settings: Settings
) -> None:
    """The wait is over by itself, and the worker has not left its group for good."""
    own_workers.start("customers")
    with _stopped(stack, "kafka"):
        await eventually(lambda: "Kafka does not answer" in _waits(settings), "the wait")
    await eventually(lambda: _waits(settings) == "", "the end of the wait")
    await eventually(lambda: _phases(settings) == ["working"], "the worker to work again")


def _answered_so_far(results: Reader) -> set[str]:
    """The orders of results that are there and have not been read."""
    end = time.monotonic() + 2
    return _orders(results.until(lambda _: time.monotonic() > end))


def _orders(messages: list[Message]) -> set[str]:
    return {key_of(message).decode() for message in messages}


def _waits(settings: Settings) -> str:
    """What the workers say that they wait for."""
    states = running_workers(state_directory(settings))
    return "; ".join(wait.reason for state in states for wait in state.waiting)


def _phases(settings: Settings) -> list[str]:
    return [state.phase for state in running_workers(state_directory(settings))]
