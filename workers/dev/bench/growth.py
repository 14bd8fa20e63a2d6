"""How cost follows what is stored: many clones of real orders, and orders with long histories."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from workers.database import connect
from workers.dev.bench.backlog import open_field, work_off
from workers.dev.bench.checks import faults
from workers.dev.bench.evidence import beginning, gather_evidence
from workers.dev.bench.figures import Changes, Growth, GrowthStep
from workers.dev.bench.latency import at_a_rate
from workers.dev.bench.load import OrderSource, update_shipping

if TYPE_CHECKING:
    from motor.motor_asyncio import AsyncIOMotorCollection, AsyncIOMotorDatabase

    from workers.dev.bench.backlog import Field
    from workers.dev.bench.figures import Spent, Throughput
    from workers.dev.bench.ground import Ground
    from workers.dev.bench.plan import Plan, Screen
    from workers.dev.client import CommandToSend

    Document = dict[str, Any]

_AT_ONCE: Final = 2_000
_TEMPLATES: Final = 500


async def measure_growth(ground: Ground, plan: Plan, screen: Screen) -> Growth:
    """Cost of an order at each number of stored orders, then of changes of one order and many.

    Raises:
        StackError: results stay away, or a process has ended; the text is for people.
        OutsideAwayError, KafkaError, PyMongoError: Kafka or MongoDB does not answer.
    """
    source = OrderSource(Random(plan.seed))  # noqa: S311 - no secret depends on it
    async with open_field(ground) as field:
        await work_off(field, source.creates(plan.growth_warm_up), "growth: warm-up", screen)
        steps: list[GrowthStep] = []
        wrong: list[str] = []
        for stored in plan.stored:
            await fill(ground, stored, screen)
            step, found = await _step(field, source, plan, stored, screen)
            steps.append(step)
            wrong += found
        changes, found = await _changes(field, source, plan, screen)
    return Growth(tuple(steps), changes, tuple(wrong + found))


async def _step(
    field: Field, source: OrderSource, plan: Plan, stored: int, screen: Screen
) -> tuple[GrowthStep, list[str]]:
    since = await beginning(field)
    rounds: list[Throughput] = []
    done: list[CommandToSend] = []
    for _ in range(plan.growth_rounds):
        creates = source.creates(plan.growth_orders)
        rounds.append(await work_off(field, creates, f"growth: {stored:,} stored", screen))
        done += creates
    evidence = await gather_evidence(field, since, [create.order_id for create in done])
    return GrowthStep(stored, tuple(rounds)), faults(done, evidence)


async def fill(ground: Ground, stored: int, screen: Screen) -> None:
    """Clone processed orders and their reservations until so many orders are stored."""
    database = connect(ground.settings)
    try:
        missing = stored - await database["orders"].estimated_document_count()
        bar = screen.begin(f"growth: filling up to {stored:,}", max(0, missing))
        templates = await _templates(database)
        for first in range(0, missing, _AT_ONCE):
            count = min(_AT_ONCE, missing - first)
            await _insert_clones(database, templates, count)
            bar(count)
    finally:
        database.client.close()


async def _templates(
    database: AsyncIOMotorDatabase[Document],
) -> list[tuple[Document, Document]]:
    """Some processed orders, each with its reservation."""
    orders = await database["orders"].find({"status": "processing"}).to_list(_TEMPLATES)
    ids = [order["_id"] for order in orders]
    found = await database["reservations"].find({"_id": {"$in": ids}}).to_list(None)
    reservations = {one["_id"]: one for one in found}
    return [(order, reservations[order["_id"]]) for order in orders]


async def _insert_clones(
    database: AsyncIOMotorDatabase[Document],
    templates: list[tuple[Document, Document]],
    count: int,
) -> None:
    clones = [(str(uuid4()), *templates[number % len(templates)]) for number in range(count)]
    await _insert(database["orders"], [{**order, "_id": name} for name, order, _ in clones])
    await _insert(database["reservations"], [{**held, "_id": name} for name, _, held in clones])


async def _insert(collection: AsyncIOMotorCollection[Document], documents: list[Document]) -> None:
    await collection.insert_many(documents, ordered=False)


async def _changes(
    field: Field, source: OrderSource, plan: Plan, screen: Screen
) -> tuple[Changes, list[str]]:
    """Rounds of changes: all of one order, then one each of as many orders."""
    singles: list[Spent] = []
    many: list[Spent] = []
    wrong: list[str] = []
    for number in range(1, plan.changes_rounds + 1):
        creates = source.creates(plan.changes + 1)
        await work_off(field, creates, f"growth: orders of round {number}", screen)
        one, *others = [create.order_id for create in creates]
        singles.append(await _change(field, [one] * plan.changes, f"round {number}, one", screen))
        many.append(await _change(field, others, f"round {number}, many", screen))
        wrong += await _wrong_versions(field.ground, {one: 2 + plan.changes})
        wrong += await _wrong_versions(field.ground, dict.fromkeys(others, 3))
    spread, lost = await _spread_changes(field, source, plan, screen)
    return Changes(tuple(singles), tuple(many), plan.changes_rate, spread), wrong + lost


async def _spread_changes(
    field: Field, source: OrderSource, plan: Plan, screen: Screen
) -> tuple[tuple[Spent, Spent], list[str]]:
    """The same at a fixed rate, so that few changes of one order come together in a batch."""
    creates = source.creates(plan.changes + 1)
    await work_off(field, creates, "growth: orders for changes at a rate", screen)
    one, *others = [create.order_id for create in creates]
    spent: list[Spent] = []
    for order_ids in ([one] * plan.changes, others):
        commands = [update_shipping(name, number) for number, name in enumerate(order_ids)]
        bar = screen.begin(f"growth: {plan.changes_rate:g} changes/s", len(commands))
        found = await at_a_rate(field.ground, commands, plan.changes_rate, 0, bar)
        spent.append(found.spent)
    wanted = {one: 2 + plan.changes, **dict.fromkeys(others, 3)}
    return (spent[0], spent[1]), await _wrong_versions(field.ground, wanted)


async def _change(field: Field, order_ids: list[str], what: str, screen: Screen) -> Spent:
    commands = [update_shipping(name, number) for number, name in enumerate(order_ids)]
    return (await work_off(field, commands, f"growth: changes, {what}", screen)).spent


async def _wrong_versions(ground: Ground, wanted: dict[str, int]) -> list[str]:
    """Which of the orders do not have the version that they must, as one sentence."""
    database = connect(ground.settings)
    try:
        query = {"_id": {"$in": list(wanted)}}
        found = await database["orders"].find(query, {"version": 1}).to_list(None)
    finally:
        database.client.close()
    versions = {order["_id"]: order["version"] for order in found}
    wrong = [name for name, version in wanted.items() if versions.get(name) != version]
    return [f"{len(wrong)} orders have lost changes, such as {wrong[0]}"] if wrong else []
