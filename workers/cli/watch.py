"""`oms watch`: the events of the orders as they happen."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic.alias_generators import to_camel
from rich.markup import escape

from schemas.topics import EVENTS, RESULTS
from workers.cli.failures import INTERRUPTED, FailedError, run
from workers.cli.kafka import await_kafka
from workers.cli.output import Json, print_json_line, stdout
from workers.dev.following import Start, follow, next_records, partitions_of
from workers.dev.telling import Told, in_words, told

if TYPE_CHECKING:
    from collections.abc import Callable

    from workers.settings import Settings


def watch(
    order: Annotated[
        str | None, typer.Argument(metavar="[ORDER]", help="Show only this order.")
    ] = None,
    from_beginning: Annotated[
        bool, typer.Option("--from-beginning", help="Begin with the oldest that is kept.")
    ] = False,
    results: Annotated[
        bool, typer.Option("--results", help="Show the results of commands as well.")
    ] = False,
    count: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="End after so many.", show_default=False)
    ] = None,
    json: Json = False,
) -> None:
    """Show the events of the orders as they happen, a line each, until Ctrl-C."""
    topics = [EVENTS, RESULTS] if results else [EVENTS]
    start = Start.BEGINNING if from_beginning else Start.NOW
    show = _show_json if json else _show_line
    try:
        run(lambda settings: _watch(settings, topics, start, order, count, show))
    except typer.Exit as end:
        if end.exit_code != INTERRUPTED:
            raise


async def _watch(
    settings: Settings,
    topics: list[str],
    start: Start,
    order: str | None,
    count: int | None,
    show: Callable[[Told], None],
) -> None:
    await await_kafka(settings)
    partitions = await partitions_of(settings, topics)
    missing = set(topics) - {partition.topic for partition in partitions}
    if missing:
        names = ", ".join(sorted(missing))
        raise FailedError(f"Topics are missing: {names}. Create them with: oms topics create")
    shown = 0
    async with follow(settings, partitions, start) as consumer:
        while shown != count:
            messages = [told(record) for record in await next_records(consumer)]
            wanted = [message for message in messages if order in {None, message.order_id}]
            for message in wanted if count is None else wanted[: count - shown]:
                show(message)
                shown += 1


def _show_json(message: Told) -> None:
    print_json_line({to_camel(name): value for name, value in asdict(message).items()})


def _show_line(message: Told) -> None:
    version = "" if message.version is None else f"v{message.version}"
    colour = "cyan" if message.topic == EVENTS else "magenta"
    stdout().print(
        f"[dim]{escape(message.time or '')}[/dim] {escape(message.order_id or '')} "
        f"[{colour}]{escape(message.type)}[/{colour}] {version} {escape(in_words(message))}",
        soft_wrap=True,
    )
