"""`oms bench`: how fast the service is and what it costs, beside a floor and idiomatic Faust."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from workers.cli.failures import (
    FAILED,
    FailedError,
    failures_as_sentences,
    read_settings,
    silence_libraries,
)
from workers.cli.output import Json, print_json, stderr, stdout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rich.console import Console

    from workers.dev.bench.figures import BenchFigures
    from workers.dev.bench.plan import Plan, Variant
    from workers.settings import Settings


def bench(
    orders: Annotated[int, typer.Option(min=1, help="Orders in the backlog.")] = 20_000,
    rates: Annotated[
        str, typer.Option(metavar="N,N", help="Orders a second at which latency is measured.")
    ] = "50,300",
    seconds: Annotated[float, typer.Option(min=0.5, help="Seconds at each rate.")] = 8.0,
    variants: Annotated[
        str, typer.Option(metavar="NAME,NAME", help="What is measured: floor, service, faust.")
    ] = "floor,service,faust",
    growth: Annotated[
        bool, typer.Option("--growth", help="Measure cost as orders and changes are stored, too.")
    ] = False,
    stored: Annotated[
        str, typer.Option(metavar="N,N", help="With --growth: stored orders to measure at.")
    ] = "10000,100000,1000000",
    orders_workers: Annotated[int, typer.Option(min=1, help="Orders workers.")] = 1,
    here: Annotated[
        bool,
        typer.Option(
            "--here",
            help="Use the Kafka and MongoDB of the settings: samples and orders are put there.",
        ),
    ] = False,
    plot: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.svg",
            help="Where the picture goes.",
            show_default="oms-bench.svg; with --json, nowhere",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Measure orders per second, processor time, memory and latency, and check the work.

    Beside the service: the floor, which moves the same records and documents in batches with no
    rules and no safety, and idiomatic Faust, one event at a time. All figures are given with
    their ratio to the floor. Exit code 1 if the work that was measured is wrong.
    """
    silence_libraries()
    settings = read_settings()
    with failures_as_sentences(settings):
        plan = _plan(orders, rates, seconds, variants, stored if growth else "", orders_workers)
        if here and growth:
            raise FailedError("--growth fills a database with clones: leave out --here.")
        if growth and not plan.stored:
            raise FailedError("--stored is empty: give numbers above 0, separated by commas.")
        if not growth and not plan.variants:
            raise FailedError("--variants is empty: choose among floor, service, faust.")
        file = _writable(plot or (None if as_json else Path("oms-bench.svg")))
    figures = _measure(plan, settings, here)
    _show(figures, file, as_json)
    for fault in figures.faults:
        stderr().print(fault, style="red", markup=False, soft_wrap=True)
    if figures.faults:
        raise typer.Exit(FAILED)


def _plan(
    orders: int, rates: str, seconds: float, variants: str, stored: str, orders_workers: int
) -> Plan:
    from workers.dev.bench.plan import Plan  # noqa: PLC0415 - --help needs no driver

    return Plan(
        variants=_variants(variants),
        orders=orders,
        rates=tuple(_numbers(rates, "--rates")),
        seconds=seconds,
        orders_workers=orders_workers,
        stored=tuple(int(number) for number in _numbers(stored, "--stored")),
    )


def _numbers(text: str, option: str) -> list[float]:
    """The numbers in a list with commas, in rising order."""
    try:
        numbers = sorted(float(part) for part in text.split(",") if part.strip())
    except ValueError:
        numbers = [0.0]
    if any(not 0 < number < float("inf") for number in numbers):
        raise FailedError(f"{option} is {text!r}: give numbers above 0, separated by commas.")
    return numbers


def _variants(text: str) -> tuple[Variant, ...]:
    """Those that are asked for, in the order in which they are measured."""
    from workers.dev.bench.plan import Variant  # noqa: PLC0415 - --help needs no driver

    asked = {part.strip() for part in text.split(",") if part.strip()}
    unknown = sorted(asked - {variant.value for variant in Variant})
    if unknown:
        names = ", ".join(variant.value for variant in Variant)
        raise FailedError(f"--variants has {', '.join(unknown)}: choose among {names}.")
    return tuple(variant for variant in Variant if variant.value in asked)


def _writable(file: Path | None) -> Path | None:
    """The file, which can be written: better said before minutes of measuring than after."""
    if file is not None:
        try:
            file.touch()
        except OSError as error:
            raise FailedError(f"--plot {file} cannot be written: {error.strerror}.") from error
    return file


def _measure(plan: Plan, settings: Settings, here: bool) -> BenchFigures:
    try:
        from workers.dev.bench.ground import (  # noqa: PLC0415 - needs the local extra
            given_stack,
            own_stack,
        )
        from workers.dev.bench.running import run_bench  # noqa: PLC0415 - needs the local extra
        from workers.dev.endings import ending_in_order  # noqa: PLC0415 - needs the local extra
    except ModuleNotFoundError as error:
        _tell(f"{error.name} is missing: pip install 'order-management-service[local]'")
        raise typer.Exit(FAILED) from error
    place = partial(given_stack, settings) if here else own_stack
    with ending_in_order(), _screen(stderr()) as screen, failures_as_sentences(settings):
        return run_bench(plan, place, screen)


def _show(figures: BenchFigures, file: Path | None, as_json: bool) -> None:
    from workers.dev.bench.as_json import as_json as plain  # noqa: PLC0415 - needs the local extra
    from workers.dev.bench.plot import plot  # noqa: PLC0415 - needs the local extra
    from workers.dev.bench.tables import tables  # noqa: PLC0415 - needs the local extra

    if as_json:
        print_json(plain(figures))
    else:
        for table in tables(figures):
            stdout().print(_as_table(table.title, table.columns, table.rows))
        about = ", ".join(f"{name} {text}" for name, text in figures.machine.items())
        stdout().print(f"{about}; × is the ratio to the floor", markup=False, soft_wrap=True)
    if file is not None:
        file.write_text(plot(figures))
        _tell(f"Picture: {file}")


def _as_table(title: str, columns: tuple[str, ...], rows: tuple[tuple[str, ...], ...]) -> Table:
    table = Table(title=title, title_justify="left")
    for number, column in enumerate(columns):
        table.add_column(column, justify="right" if number else "left")
    for row in rows:
        table.add_row(*row)
    return table


class _Screen:
    """Shows lines and bars on a console."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def tell(self, line: str) -> None:
        self._progress.console.print(line, style="dim", markup=False, soft_wrap=True)

    def begin(self, what: str, total: int) -> Callable[[int], None]:
        for task in self._progress.tasks:
            task.visible = not task.finished
        bar = self._progress.add_task(what, total=total)
        return lambda more: self._progress.advance(bar, more)


@contextmanager
def _screen(console: Console) -> Iterator[_Screen]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, TimeElapsedColumn(), console=console) as progress:
        yield _Screen(progress)


def _tell(line: str) -> None:
    stderr().print(line, style="dim", markup=False, soft_wrap=True)
