"""Measures one variant from its warm-up to the check of its work, on a ground that is ready."""

from __future__ import annotations

import asyncio
from random import Random
from typing import TYPE_CHECKING, Final

from workers.dev.bench.backlog import open_field, work_off
from workers.dev.bench.checks import faults, ordered_pieces
from workers.dev.bench.evidence import beginning, gather_evidence
from workers.dev.bench.figures import Idle, VariantFigures
from workers.dev.bench.latency import at_a_rate
from workers.dev.bench.load import OrderSource
from workers.dev.bench.usage import difference, processor_seconds
from workers.dev.errors import StackError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workers.dev.bench.backlog import Field
    from workers.dev.bench.checks import Pieces
    from workers.dev.bench.figures import Latency
    from workers.dev.bench.ground import Ground
    from workers.dev.bench.plan import Plan, Screen, Variant
    from workers.dev.client import CommandToSend

_SETTLE_SECONDS: Final = 2.0


async def measure(ground: Ground, plan: Plan, variant: Variant, screen: Screen) -> VariantFigures:
    """Throughput, idle cost and latencies of the variant, and what is wrong with its work.

    Raises:
        StackError: results stay away, or a process has ended; the text is for people.
        OutsideAwayError, KafkaError, PyMongoError: Kafka or MongoDB does not answer.
    """
    source = OrderSource(Random(plan.seed))  # noqa: S311 - no secret depends on it
    warm_up = source.creates(plan.warm_up(variant))
    backlog = source.creates(plan.backlog(variant))
    async with open_field(ground) as field:
        since = await beginning(field)
        _see_that_stock_suffices(since.stock, [*warm_up, *backlog])
        await work_off(field, warm_up, f"{variant}: warm-up", screen)
        throughput = await work_off(field, backlog, f"{variant}: backlog", screen)
        idle = await measure_idle(ground, plan.idle_seconds, screen)
        done = [*warm_up, *backlog]
        latencies: list[Latency] = []
        possible = [rate for rate in plan.rates if rate < throughput.orders_per_second]
        for rate in possible:
            commands = source.creates(round(rate * (plan.warm_up_seconds + plan.seconds)))
            latencies.append(await _latency(field, commands, rate, plan, f"{variant}", screen))
            done += commands
        screen.tell(f"{variant}: checking the work on {len(done)} orders")
        evidence = await gather_evidence(field, since, [create.order_id for create in done])
    left_out = tuple(rate for rate in plan.rates if rate not in possible)
    wrong = tuple(faults(done, evidence))
    return VariantFigures(variant.value, throughput, idle, tuple(latencies), left_out, wrong)


async def measure_idle(ground: Ground, seconds: float, screen: Screen) -> Idle:
    """What the processes use while nothing is asked of them."""
    await asyncio.sleep(_SETTLE_SECONDS)
    bar = screen.begin("idle", 1)
    before = processor_seconds(ground.parts)
    await asyncio.sleep(seconds)
    used = difference(processor_seconds(ground.parts), before)
    bar(1)
    return Idle(seconds, used)


async def _latency(  # noqa: PLR0913, PLR0917 - what is sent, how, and who is told
    field: Field,
    commands: Sequence[CommandToSend],
    rate: float,
    plan: Plan,
    name: str,
    screen: Screen,
) -> Latency:
    bar = screen.begin(f"{name}: {rate:g} orders/s", len(commands))
    warm_up = round(rate * plan.warm_up_seconds)
    return await at_a_rate(field.ground, commands, rate, warm_up, bar)


def _see_that_stock_suffices(stock: Mapping[str, Pieces], creates: Sequence[CommandToSend]) -> None:
    for product, count in ordered_pieces(creates).items():
        if product not in stock or stock[product].available < count:
            raise StackError(
                f"There is too little of product {product} in stock: {count} are ordered. "
                "Measure fewer orders, or give another database: OMS_MONGO_DATABASE"
            )
