"""The options by which the commands of `oms dlq` choose dead letters, and what they mean."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated

import typer

from workers.cli.failures import wrong_usage
from workers.operating.choosing import Choice, ChoiceError, moment, place_named, topic_named

if TYPE_CHECKING:
    from collections.abc import Sequence

Name = Annotated[str, typer.Argument(metavar="LETTER", help="Its name, as oms dlq list shows it.")]
Names = Annotated[
    list[str] | None,
    typer.Argument(metavar="[LETTER]...", help="Names, as oms dlq list shows them."),
]
Topic = Annotated[
    str | None, typer.Option(metavar="TOPIC", help="Only records of this topic, or of dlq.TOPIC.")
]
Partition = Annotated[
    int | None, typer.Option(metavar="N", min=0, help="Only records of this partition.")
]
Error = Annotated[
    str | None,
    typer.Option(metavar="TEXT", help="Only where the kind of error or its message has this."),
]
Since = Annotated[
    str | None,
    typer.Option(metavar="TIME", help="Only records from then on: 30m, 2h, 7d ago, or a time."),
]
Until = Annotated[
    str | None, typer.Option(metavar="TIME", help="Only records before then, in the same form.")
]
Order = Annotated[
    str | None, typer.Option(metavar="ID", help="Only records with this order id or key.")
]
Text = Annotated[str | None, typer.Option(metavar="TEXT", help="Only where the value has this.")]
Settled = Annotated[
    bool, typer.Option("--settled", help="Also those that were replayed or discarded.")
]
Everything = Annotated[bool, typer.Option("--all", help="All that are open.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]


def choice_of(
    names: Sequence[str],
    topic: str | None,
    partition: int | None,
    error: str | None,
    since: str | None,
    until: str | None,
    order: str | None,
    text: str | None,
) -> Choice:
    """What the options choose; one that cannot be understood ends the program with a sentence."""
    now = time.time_ns() // 1_000_000
    try:
        return Choice(
            places=frozenset(map(place_named, names)),
            topic=None if topic is None else topic_named(topic),
            partition=partition,
            error=error,
            since=None if since is None else moment(since, now),
            until=None if until is None else moment(until, now),
            order=order,
            text=text,
        )
    except ChoiceError as fault:
        wrong_usage(f"{fault}.")


def some_choice_of(
    everything: bool,
    names: Sequence[str],
    topic: str | None,
    partition: int | None,
    error: str | None,
    since: str | None,
    until: str | None,
    order: str | None,
    text: str | None,
) -> Choice:
    """What the options choose; nothing chosen is wrong usage, unless it is said to be meant."""
    choice = choice_of(names, topic, partition, error, since, until, order, text)
    if choice.is_of_everything and not everything:
        wrong_usage("Say which letters: by their names, by options that choose some, or --all.")
    return choice
