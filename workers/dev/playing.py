"""Plays stories of orders against a running service, and finds what did not end as it should."""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Protocol

from schemas import topics
from schemas.results import RESULT_TYPE
from workers.database import away_when_unreachable, connect
from workers.dev.client import CommandToSend, command_sender
from workers.dev.demo import Pieces
from workers.dev.following import Start, follow, next_records, partitions_of
from workers.dev.telling import Told, told
from workers.inventory.store import STOCK

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from aiokafka import AIOKafkaConsumer
    from motor.motor_asyncio import AsyncIOMotorDatabase

    from workers.dev.client import CommandSender
    from workers.dev.demo import Step, Story
    from workers.settings import Settings

_PATIENCE_SECONDS: Final = 20.0
_SHOWN: Final = (
    topics.COMMANDS,
    topics.REPLIES,
    topics.EVENTS,
    topics.CUSTOMER_REQUESTS,
    topics.INVENTORY_REQUESTS,
    topics.RESULTS,
)
_SOURCE: Final = "/oms-demo"


class Audience(Protocol):
    """Whoever watches the play."""

    def story(self, title: str, order_id: str) -> None:
        """A story begins."""

    def record(self, seconds: float, message: Told) -> None:
        """A record came, so long after the play began."""

    def stock(self, product: str, before: Pieces, now: Pieces) -> None:
        """What has become of the product's stock since the story began."""


@dataclass(slots=True)
class _Stage:
    """What the play happens on, and everything that has come on the topics."""

    consumer: AIOKafkaConsumer
    sender: CommandSender
    database: AsyncIOMotorDatabase[dict[str, Any]]
    audience: Audience
    silence: Callable[[str], AbstractContextManager[None]]
    patience: float
    began: float = field(default_factory=time.monotonic)
    seen: list[Told] = field(default_factory=list)


async def play(  # noqa: PLR0913, PLR0917 - what a play is made of
    settings: Settings,
    stories: Sequence[Story],
    audience: Audience,
    silence: Callable[[str], AbstractContextManager[None]],
    name: str = "demo",
    patience: float = _PATIENCE_SECONDS,
) -> list[str]:
    """Play all stories, one after the other; a sentence for each thing that went otherwise.

    The orders are called `name` and a number; what does not come within `patience` seconds does
    not come. `silence` keeps the worker of that name from answering until the end of its block.

    Raises:
        OutsideAwayError, KafkaError: Kafka or MongoDB does not answer.
    """
    database = connect(settings)
    places = await partitions_of(settings, _SHOWN)
    try:
        async with (
            follow(settings, places, Start.NOW) as consumer,
            command_sender(settings) as sender,
        ):
            stage = _Stage(consumer, sender, database, audience, silence, patience)
            differences = []
            for number, story in enumerate(stories, start=1):
                differences += await _play_story(stage, story, f"{name}-{number}")
    finally:
        database.client.close()
    return differences


async def _play_story(stage: _Stage, story: Story, order_id: str) -> list[str]:
    stage.audience.story(story.title, order_id)
    with nullcontext() if story.silent is None else stage.silence(story.silent):
        return await _play_steps(stage, story, order_id)


async def _play_steps(stage: _Stage, story: Story, order_id: str) -> list[str]:
    before = await _pieces(stage, story.product)
    differences = []
    for step in story.steps:
        command = CommandToSend(step.sends, order_id, step.data, source=_SOURCE)
        first = len(stage.seen)
        await stage.sender.send([command])
        missing = await _missing_after(stage, step, order_id, first)
        differences += [f"{order_id}: after {step.sends} no {name} came" for name in missing]
        differences += _compare_result(step, order_id, stage.seen[first:])
        now = await _pieces(stage, story.product)
        stage.audience.stock(story.product, before, now)
        differences += _compare_stock(step, story.product, order_id, before, now)
    return differences


async def _missing_after(stage: _Stage, step: Step, order_id: str, first: int) -> list[str]:
    """Show what comes until everything that must come has; the types that did not come in time."""
    deadline = time.monotonic() + stage.patience
    missing = list(step.then)
    while missing and time.monotonic() < deadline:
        await _show_next(stage)
        came = {told.type for told in stage.seen[first:] if told.order_id == order_id}
        missing = [name for name in step.then if name not in came]
    return missing


async def _show_next(stage: _Stage) -> None:
    records = await next_records(stage.consumer)
    # What was written in the same millisecond is shown in the order of cause and effect.
    for record in sorted(records, key=lambda one: (one.timestamp, _SHOWN.index(one.topic))):
        message = told(record)
        stage.seen.append(message)
        stage.audience.record(time.monotonic() - stage.began, message)


def _compare_result(step: Step, order_id: str, seen: Sequence[Told]) -> list[str]:
    expected = {"outcome": step.outcome.value, "status": step.status.value}
    if step.code is not None:
        expected["code"] = step.code.value
    results = [told.data for told in seen if told.type == RESULT_TYPE and told.order_id == order_id]
    found = {name: value for name, value in (results or [{}])[-1].items() if name in expected}
    if not results or found == expected:
        return []
    return [f"{order_id}: {step.sends} should lead to {expected}, it led to {found}"]


async def _pieces(stage: _Stage, product: str) -> Pieces:
    with away_when_unreachable():
        document = await stage.database[STOCK].find_one({"_id": product})
    counted = document or {}
    return Pieces(*(counted.get(name, 0) for name in ("available", "reserved", "fulfilled")))


def _compare_stock(
    step: Step, product: str, order_id: str, before: Pieces, now: Pieces
) -> list[str]:
    changed = Pieces(
        now.available - before.available,
        now.reserved - before.reserved,
        now.fulfilled - before.fulfilled,
    )
    if changed == step.stock:
        return []
    expected = f"the stock of {product} should have changed by {step.stock}"
    return [f"{order_id}: after {step.sends} {expected}, it changed by {changed}"]
