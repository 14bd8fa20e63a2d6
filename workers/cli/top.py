"""`oms top`: what the service does now, from Kafka and MongoDB, drawn anew each second."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Annotated, Any

import typer
from aiokafka.errors import KafkaError
from rich.live import Live
from rich.text import Text

from workers.cli.failures import INTERRUPTED, run, sentence
from workers.cli.kafka import await_kafka
from workers.cli.output import Json, print_json, stdout
from workers.cli.overview.looking import looking
from workers.cli.overview.reading import overview
from workers.cli.overview.screen import drawn
from workers.stream.ports import OutsideAwayError
from workers.stream.times import rfc3339

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from workers.cli.overview.reading import Overview
    from workers.settings import Settings


def top(
    every: Annotated[
        float, typer.Option(metavar="SECONDS", min=0.2, help="Seconds between two looks.")
    ] = 1.0,
    once: Annotated[bool, typer.Option("--once", help="Print it once, and end.")] = False,
    json: Json = False,
) -> None:
    """Show rates, lags, statuses and who waits, until Ctrl-C; once where nobody looks on.

    All of it is read from Kafka and MongoDB; with --json once, for programs.
    """
    if json:
        print_json(as_json(run(lambda settings: _first(settings, every))))
    elif once or not stdout().is_terminal:
        stdout().print(drawn(run(lambda settings: _first(settings, every))))
    else:
        _until_interrupted(every)


def _until_interrupted(every: float) -> None:
    try:
        run(lambda settings: _live(settings, every))
    except typer.Exit as end:
        if end.exit_code != INTERRUPTED:
            raise


async def _first(settings: Settings, every: float) -> Overview:
    async with aclosing(_overviews(settings, every)) as overviews:
        return await anext(overviews)


async def _live(settings: Settings, every: float) -> None:
    """Show it again and again; what is away after the first time is waited for."""
    has_shown = False
    with Live(console=stdout(), auto_refresh=False, screen=True) as live:
        while True:
            try:
                async with aclosing(_overviews(settings, every)) as overviews:
                    async for found in overviews:
                        live.update(drawn(found), refresh=True)
                        has_shown = True
            except (OutsideAwayError, KafkaError, TimeoutError) as error:
                if not has_shown:
                    raise
                live.update(Text(f"{sentence(error, settings)} Trying again."), refresh=True)
                await asyncio.sleep(every)


async def _overviews(settings: Settings, every: float) -> AsyncGenerator[Overview]:
    await await_kafka(settings)
    async with looking(settings) as looker:
        before = await looker.look()
        while True:
            await asyncio.sleep(every)
            after = await looker.look()
            yield overview(before, after)
            before = after


def as_json(found: Overview) -> dict[str, Any]:
    """An overview for programs; times are RFC 3339."""
    oldest = found.waiting.oldest
    return {
        "at": rfc3339(found.now),
        "seconds": round(found.seconds, 3),
        "topics": [
            {"topic": row.topic, "perSecond": round(row.per_second, 3), "behind": row.behind}
            for row in found.topics
        ],
        "deadLetters": found.dead_letters,
        "lanes": [{"lane": lane, "behind": found.lanes[lane]} for lane in sorted(found.lanes)],
        "workers": dict(found.members),
        "statuses": None if found.statuses is None else dict(found.statuses),
        "waiting": {
            "for": dict(found.waiting.purposes),
            "overdue": found.waiting.overdue,
            "oldest": None
            if oldest is None
            else {
                "order": oldest[0],
                "createdAt": rfc3339(oldest[1]),
                "seconds": max(0, found.now - oldest[1]) / 1000,
            },
        },
    }
