"""`oms verify`: checks from outside that nothing was lost, doubled, or left stuck."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer
from rich.markup import escape
from rich.table import Table

from workers.cli.failures import FAILED, run, wrong_usage
from workers.cli.output import Json, print_json, stdout
from workers.cli.progress import ShownProgress
from workers.dev.verifying.report import COUNTED, INVARIANTS, LedgerError, Question

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.dev.verifying.report import Verification
    from workers.settings import Settings

_WAIT_SECONDS = 60.0


def verify(
    ledger: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="What Kafka acknowledged to a producer: a JSON object a line, with source, id and "
            "orderId, and partition and offset if they are known; poison is true for a record that "
            "must be a dead letter.",
        ),
    ] = None,
    stocked: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="How many pieces were stocked of each product: a JSON object by product id.",
        ),
    ] = None,
    settled: Annotated[
        bool,
        typer.Option(
            "--settled/--live",
            help="Whether everything must have come to rest, or orders may be under way.",
        ),
    ] = True,
    wait: Annotated[
        float,
        typer.Option(metavar="SECONDS", min=0, help="How long to wait until all is at rest."),
    ] = _WAIT_SECONDS,
    json: Json = False,
) -> None:
    """Check all invariants from outside, by topics and MongoDB; exit code 0 if all of them hold."""
    with _usage_errors():
        if ledger is not None:
            _bytes(ledger, most=0)
        question = Question(ledger, None if stocked is None else _pieces(stocked), settled, wait)
        found = run(lambda settings: _verify(settings, question))
    if json:
        print_json(_as_json(found))
    else:
        _print(found)
    if not found.holds:
        raise typer.Exit(FAILED)


@contextmanager
def _usage_errors() -> Iterator[None]:
    try:
        yield
    except LedgerError as error:
        wrong_usage(f"{error}.")


def _bytes(path: Path, most: int = -1) -> bytes:
    """So many bytes of a file, all of it by default."""
    try:
        with path.open("rb") as file:
            return file.read(most)
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}"
        raise LedgerError(message) from error


def _pieces(path: Path) -> dict[str, int]:
    """How many pieces were stocked, by product id."""
    try:
        found = orjson.loads(_bytes(path))
        return {str(product): int(pieces) for product, pieces in found.items()}
    except (AttributeError, TypeError, ValueError) as error:
        message = f"{path} is not a JSON object of whole numbers: {error}"
        raise LedgerError(message) from error


async def _verify(settings: Settings, question: Question) -> Verification:
    from workers.cli.kafka import await_kafka  # noqa: PLC0415 - --help needs no driver
    from workers.cli.mongo import database_that_answers  # noqa: PLC0415 - --help needs no driver
    from workers.dev.verifying.verify import verify as check  # noqa: PLC0415 - --help needs no driver

    await await_kafka(settings)
    async with database_that_answers(settings):
        pass
    with ShownProgress() as progress:
        return await check(settings, question, progress)


def _print(found: Verification) -> None:
    console = stdout()
    console.print(_table(found))
    for violation in found.violations:
        order = f"order {violation.order_id}: " if violation.order_id else ""
        text = escape(f"{order}{violation.evidence}")
        console.print(f"[red]{violation.invariant}[/red] {text}", soft_wrap=True)
    for number, count in found.counts.items():
        for reason, left_out in count.unchecked.items():
            console.print(f"[yellow]{number}[/yellow] not checked: {left_out}, {reason}")
    hold = "[green]All invariants hold[/green]" if found.holds else "[red]Not all hold[/red]"
    console.print(
        f"{hold}: {found.records} records and {found.documents} documents in {found.seconds:.1f} s"
    )


def _table(found: Verification) -> Table:
    table = Table("", "invariant", "checked", "violated")
    for number, count in found.counts.items():
        colour = "red" if count.violated else "green"
        checked = f"{count.checked} {COUNTED[number]}"
        violated = f"[{colour}]{count.violated}[/{colour}]"
        table.add_row(str(number), INVARIANTS[number], checked, violated)
    return table


def _as_json(found: Verification) -> dict[str, Any]:
    return {
        "holds": found.holds,
        "records": found.records,
        "documents": found.documents,
        "seconds": round(found.seconds, 3),
        "invariants": [
            {
                "number": number,
                "name": INVARIANTS[number],
                "checked": count.checked,
                "violated": count.violated,
                "unchecked": count.unchecked,
            }
            for number, count in found.counts.items()
        ],
        "violations": [
            {
                "invariant": violation.invariant,
                "name": violation.name,
                "orderId": violation.order_id,
                "evidence": violation.evidence,
            }
            for violation in found.violations
        ],
    }
