"""Runs histories by hand: `python -m tests.simulation run --histories 1000000`, or one again."""

from __future__ import annotations

import time
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from tests.simulation.history import run
from tests.simulation.many import Total, in_parallel
from tests.simulation.plan import Fault, draw
from tests.simulation.shrinking import describe, shrink

_MOST_FAILURES = 20
_TELL_EVERY = 5_000

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)


@app.command("run")
def run_many(
    histories: Annotated[int, typer.Option(help="How many.")] = 10_000,
    from_seed: Annotated[int, typer.Option(help="The first seed; the others follow it.")] = 0,
    processes: Annotated[int, typer.Option(help="How many at the same time.")] = 1,
) -> None:
    """Run histories of one seed after the other; exit code 1 if anything does not hold in one."""
    console = Console()
    total = Total()
    began = time.monotonic()
    try:
        _run_all(range(from_seed, from_seed + histories), processes, total, console)
    except KeyboardInterrupt:
        console.print("Ended before its time.")
    _summarize(total, from_seed, time.monotonic() - began, console)
    if total.failures:
        _explain(min(total.failures), console)
        raise typer.Exit(1)


def _run_all(seeds: range, processes: int, total: Total, console: Console) -> None:
    columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(TextColumn("{task.description}"), *columns, console=console) as progress:
        task = progress.add_task("histories", total=len(seeds))
        for done in in_parallel(seeds, processes):
            for seed, told in done:
                total.add(seed, told)
                if told.violations:
                    progress.console.print(f"seed {seed}: {told.violations[0]}", markup=False)
            progress.advance(task, len(done))
            if not console.is_terminal and total.histories % _TELL_EVERY == 0:
                console.print(f"{total.histories:,} histories, {len(total.failures)} failed")
            if len(total.failures) >= _MOST_FAILURES:
                return


def _summarize(total: Total, from_seed: int, seconds: float, console: Console) -> None:
    table = Table("what", "how many", show_header=False)
    rows = {
        "histories": total.histories,
        "with a violation": len(total.failures),
        "first seed": from_seed,
        "commands": total.commands,
        "records": total.records,
        "steps of the scheduler": total.steps,
        "seconds": round(seconds),
        "histories a second": round(total.histories / max(seconds, 0.001), 1),
        **dict(sorted(total.happened.items())),
    }
    for name, value in rows.items():
        table.add_row(name, f"{value:,}")
    console.print(table)


def _explain(seed: int, console: Console) -> None:
    console.print(f"\nThe smallest that is left of seed {seed}:\n")
    console.print(describe(seed, *shrink(seed)), markup=False, highlight=False, soft_wrap=True)


@app.command()
def replay(
    seed: Annotated[int, typer.Argument(help="The seed of the history.")],
    without: Annotated[list[Fault] | None, typer.Option(help="Leave this fault out.")] = None,
    commands: Annotated[int | None, typer.Option(help="At most so many commands.")] = None,
    *,
    smaller: Annotated[bool, typer.Option(help="Leave out first what it does not need.")] = False,
) -> None:
    """Run one history again, step by step; exit code 1 if anything does not hold in it."""
    left_out = tuple(without or ())
    if smaller:
        left_out, commands = shrink(seed)
    console = Console()
    text = describe(seed, left_out, commands)
    console.print(text, markup=False, highlight=False, soft_wrap=True)
    if run(draw(seed, left_out, commands)).violations:
        raise typer.Exit(1)


if __name__ == "__main__":
    app()
