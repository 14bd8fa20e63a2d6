"""`oms dlq`: look at dead letters, and send their records again or give them up."""

from __future__ import annotations

from typing import Annotated

import typer

from workers.cli.letters.choice import (
    DryRun,
    Error,
    Everything,
    Name,
    Names,
    Order,
    Partition,
    Settled,
    Since,
    Text,
    Topic,
    Until,
    Yes,
    choice_of,
    some_choice_of,
)
from workers.cli.letters.work import How, discard_letters, replay_letters, replay_one, show_letter
from workers.cli.letters.work import list_letters as list_them
from workers.cli.output import Json

_VALUE_BYTES = 4_000

dlq = typer.Typer(
    no_args_is_help=True,
    help="Dead letters: records that no worker could handle. A letter is named by where its record "
    "was, TOPIC:PARTITION:OFFSET.",
)


@dlq.command("list")
def list_letters(
    topic: Topic = None,
    partition: Partition = None,
    error: Error = None,
    since: Since = None,
    until: Until = None,
    order: Order = None,
    text: Text = None,
    settled: Settled = False,
    json: Json = False,
) -> None:
    """List the dead letters that are open: neither replayed nor discarded."""
    choice = choice_of([], topic, partition, error, since, until, order, text)
    list_them(choice, settled, json)


@dlq.command()
def show(
    letter: Name,
    value_bytes: Annotated[
        int, typer.Option("--bytes", metavar="N", min=0, help="So much of its value at most.")
    ] = _VALUE_BYTES,
    raw: Annotated[
        bool, typer.Option("--raw", help="Print the bytes of its value, and nothing else.")
    ] = False,
    json: Json = False,
) -> None:
    """Show a dead letter: why it is one, its headers and its value; exit code 1 if there is none.

    oms dlq show LETTER --raw > value.json, a correction of that file, and
    oms dlq replay LETTER --value value.json mend a record whose value was wrong.
    """
    show_letter(choice_of([letter], *_ANYTHING), value_bytes, raw, json)


@dlq.command()
def replay(
    letters: Names = None,
    topic: Topic = None,
    partition: Partition = None,
    error: Error = None,
    since: Since = None,
    until: Until = None,
    order: Order = None,
    text: Text = None,
    everything: Everything = False,
    settled: Settled = False,
    value: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Send one record with the value in FILE (- for standard input) instead of its "
            "own; its id stays.",
        ),
    ] = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Send the records of dead letters again, as they were, to the partitions that they were in.

    A command that is sent twice is still one command, for its id is the same. Exit code 1 if one
    of them cannot be sent: too large ones, which can only be discarded or corrected.
    """
    names = letters or []
    choice = some_choice_of(everything, names, topic, partition, error, since, until, order, text)
    how = How(settled, dry_run, yes, json)
    if value is None:
        replay_letters(choice, how)
    else:
        replay_one(choice, value, how)


@dlq.command()
def discard(
    letters: Names = None,
    topic: Topic = None,
    partition: Partition = None,
    error: Error = None,
    since: Since = None,
    until: Until = None,
    order: Order = None,
    text: Text = None,
    everything: Everything = False,
    reason: Annotated[str, typer.Option(metavar="TEXT", help="Why; is kept with it.")] = "",
    dry_run: DryRun = False,
    yes: Yes = False,
    json: Json = False,
) -> None:
    """Give dead letters up: they are not listed any more, but stay on their topic while it does."""
    names = letters or []
    choice = some_choice_of(everything, names, topic, partition, error, since, until, order, text)
    discard_letters(choice, reason, How(settled=False, dry_run=dry_run, yes=yes, json=json))


_ANYTHING = (None,) * 7
