"""A small run of the benchmark on a real Kafka and MongoDB, whatever its speed."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import bson
import pytest

from schemas.topics import (
    CUSTOMER_REQUESTS,
    EVENTS,
    INVENTORY_REQUESTS,
    REPLIES,
    RESULTS,
    SNAPSHOTS,
)
from workers.database import connect
from workers.dev.bench.ground import given_stack
from workers.dev.bench.plan import Plan, Variant
from workers.dev.bench.positions import open_topic
from workers.dev.bench.running import run_bench
from workers.dev.bench.tables import tables
from workers.dev.errors import StackError
from workers.dev.running import prepare
from workers.dev.stack import StackOptions, start_stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from workers.dev.bench.figures import BenchFigures
    from workers.dev.bench.ground import Ground
    from workers.dev.bench.plan import Screen
    from workers.dev.bench.positions import Ends
    from workers.settings import Settings

pytestmark = [pytest.mark.stack, pytest.mark.slow]

TOPICS = (EVENTS, SNAPSHOTS, CUSTOMER_REQUESTS, INVENTORY_REQUESTS, REPLIES, RESULTS)
ALIKE = 0.02
PLAN = Plan(
    variants=(Variant.FLOOR, Variant.SERVICE, Variant.FAUST),
    orders=200,
    rates=(5.0,),
    seconds=2.0,
    warm_up_seconds=1.0,
    idle_seconds=0.5,
    stored=(600, 1_200),
    growth_orders=50,
    growth_warm_up=50,
    growth_rounds=2,
    changes=20,
    changes_rounds=1,
)


class Silent:
    """Shows nothing, and notes how far each bar came."""

    def __init__(self) -> None:
        self.done: dict[str, list[int]] = {}

    def tell(self, line: str) -> None:
        """Nobody looks."""

    def begin(self, what: str, total: int) -> Callable[[int], None]:
        """Note the bar and what is done of it."""
        bar = self.done.setdefault(what, [total])
        return bar.append


@pytest.fixture(scope="module")
def given() -> Iterator[Settings]:
    """A Kafka and a MongoDB of these tests' own, for nobody else's records may lie there."""
    with start_stack(StackOptions(ephemeral=True)) as stack:
        yield stack.settings


@dataclass(frozen=True, slots=True)
class Run:
    """What was found, the mean bytes of an order's records and documents, and the bars."""

    figures: BenchFigures
    sizes: dict[Variant, dict[str, float]]
    screen: Silent


@pytest.fixture(scope="module")
def run(given: Settings) -> Run:
    """A run of everything."""
    sizes: dict[Variant, dict[str, float]] = {}
    screen = Silent()

    @contextmanager
    def place(plan: Plan, variant: Variant, screen: Screen) -> Iterator[Ground]:
        with given_stack(given, plan, variant, screen) as ground:
            since = asyncio.run(all_ends(given))
            yield ground
            sizes.setdefault(variant, asyncio.run(sizes_of_orders(given, since)))

    return Run(run_bench(PLAN, place, screen), sizes, screen)


async def all_ends(settings: Settings) -> dict[str, Ends]:
    """Where each topic ends."""
    ends: dict[str, Ends] = {}
    for name in TOPICS:
        async with open_topic(settings, name) as topic:
            ends[name] = await topic.ends()
    return ends


async def sizes_of_orders(settings: Settings, since: dict[str, Ends]) -> dict[str, float]:
    """Mean number and bytes of records that an order has on each topic, and of its documents."""
    records: dict[str, list[Any]] = {}
    for name in TOPICS:
        async with open_topic(settings, name) as topic:
            records[name] = list(await topic.between(since[name], await topic.ends()))
    order_ids = [record.key.decode() for record in records[RESULTS]]
    sizes = {name: sum(map(size_of, found)) for name, found in records.items()}
    numbers = {f"{name} records": len(found) for name, found in records.items()}
    documents = await document_sizes(settings, order_ids)
    everything = {**sizes, **numbers, **documents}
    return {name: total / len(order_ids) for name, total in everything.items()}


async def document_sizes(settings: Settings, order_ids: list[str]) -> dict[str, int]:
    """Bytes of the documents of these orders, all together."""
    database = connect(settings)
    sizes: dict[str, int] = {}
    for name in ("orders", "reservations"):
        found = await database[name].find({"_id": {"$in": order_ids}}).to_list(None)
        sizes[name] = sum(len(bson.encode(document)) for document in found)
    database.client.close()
    return sizes


def size_of(record: Any) -> int:  # noqa: ANN401 - aiokafka has no types
    """Bytes of key, value and headers."""
    headers = sum(len(name) + len(value) for name, value in record.headers)
    return len(record.key or b"") + len(record.value or b"") + headers


def test_everything_is_measured_and_found_right(run: Run) -> None:
    """All three do the same work, which is checked, and every figure is above zero."""
    found = run.figures
    assert found.faults == []
    assert [one.name for one in found.variants] == ["floor", "service", "faust"]
    for one in found.variants:
        assert one.throughput.orders_per_second > 0
        assert one.throughput.spent.microseconds["orders"] > 0
        assert one.throughput.peak_bytes["orders worker"] > 1_000_000
        for latency in one.latencies:
            assert len(latency.milliseconds) == 10
            assert 0 < latency.percentiles["p50"] <= latency.percentiles["max"]
    assert any(one.latencies for one in found.variants)
    assert len(tables(found)) == 4
    assert all(sum(done) >= total for total, *done in run.screen.done.values())


def test_growth_fills_and_measures(run: Run) -> None:
    """Clones make up the number that is asked for, and changes are counted one by one."""
    growth = run.figures.growth
    assert growth is not None
    assert [step.stored for step in growth.steps] == [600, 1_200]
    assert [len(step.rounds) for step in growth.steps] == [2, 2]
    assert [spent.count for spent in growth.changes.of_one_order] == [20]
    assert all("orders worker" in spent.processor_seconds for spent in growth.changes.spread)
    assert [spent.count for spent in growth.changes.spread] == [20, 20]


@pytest.mark.parametrize("variant", [Variant.FLOOR, Variant.FAUST])
def test_all_move_the_same_records_and_documents(run: Run, variant: Variant) -> None:
    """As many records and documents for an order as the service has, and as large."""
    own, service = run.sizes[variant], run.sizes[Variant.SERVICE]
    # Left out: the service may write one snapshot for several versions in one batch.
    alike = [name for name in service if SNAPSHOTS not in name]
    assert {name: own[name] for name in alike} == pytest.approx(
        {name: service[name] for name in alike}, rel=ALIKE
    )
    assert own[f"{SNAPSHOTS} records"] == 2
    of_one = service[SNAPSHOTS] / service[f"{SNAPSHOTS} records"]
    assert own[SNAPSHOTS] == pytest.approx(2 * of_one, rel=ALIKE)


def test_workers_that_run_already_are_told_of(given: Settings) -> None:
    """On a given stack nobody else may do the work that is measured."""
    screen = Silent()
    with (
        given_stack(given, PLAN, Variant.SERVICE, screen),
        pytest.raises(StackError, match="End them first"),
        given_stack(given, PLAN, Variant.SERVICE, screen),
    ):
        pass


def test_too_little_stock_is_told_of(given: Settings) -> None:
    """More is ordered than there is: said before anything is measured, and with the product."""
    prepare(given)
    asyncio.run(set_stock(given, 3))
    try:
        with pytest.raises(StackError, match="too little of product p"):
            run_bench(replace(PLAN, stored=()), partial(given_stack, given), Silent())
    finally:
        asyncio.run(set_stock(given, 1_000_000))


async def set_stock(settings: Settings, pieces: int) -> None:
    """Have so many pieces of each product."""
    database = connect(settings)
    await database["stock"].update_many({}, {"$set": {"available": pieces}})
    database.client.close()
