"""`oms chaos`: breaks whatever can break around the service, and checks that nothing is lost."""

from __future__ import annotations

import shlex
import sys
from datetime import UTC, datetime
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from workers.cli.failures import FAILED, silence_libraries
from workers.cli.output import stderr, stdout

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.dev.chaos.board import Options, Outcome

_LOCAL = "{name} is missing: pip install 'order-management-service[local]'"


def chaos(
    seconds: Annotated[
        float, typer.Option(min=1, help="How long each run makes faults under load.")
    ] = 120,
    seed: Annotated[int, typer.Option(help="Decides which fault comes when.")] = 1,
    runs: Annotated[
        int, typer.Option(min=1, help="So many runs, with this seed and those after it.")
    ] = 1,
    rate: Annotated[float, typer.Option(min=1, help="Commands a second.")] = 50,
    faults: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME,NAME,…",
            help="Only these: names, beginnings such as kill, or workers, servers, clients. "
            "Given more than once, runs take turns.",
            show_default="all that are possible",
        ),
    ] = None,
    brokers: Annotated[int, typer.Option(min=1, max=3, help="Kafka brokers.")] = 1,
    members: Annotated[int, typer.Option(min=1, max=3, help="Members of MongoDB.")] = 1,
    drain: Annotated[
        float, typer.Option(min=1, help="Seconds within which all must be done afterwards.")
    ] = 300,
    other_release: Annotated[
        Path | None,
        typer.Option(
            metavar="OMS",
            exists=True,
            dir_okay=False,
            help="The oms of another release: workers are started of this and that in turn.",
        ),
    ] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a report here, in Markdown.")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Make each run's data directory here; kept if something does not hold.",
            show_default="the system's temporary directory",
        ),
    ] = None,
    show_faults: Annotated[
        bool, typer.Option("--list", help="List the faults, and do nothing.")
    ] = False,
) -> None:
    """Run the service on this machine and break it on purpose: then everything must add up.

    Exit code 1, and what went otherwise, if something was lost, doubled or stuck.
    """
    try:
        import workers.dev.stack  # noqa: F401, PLC0415 - needs the local extra
    except ModuleNotFoundError as error:
        stderr().print(_LOCAL.format(name=error.name), markup=False)
        raise typer.Exit(FAILED) from error
    if show_faults:
        _list()
        return
    from workers.dev.chaos.board import Options  # noqa: PLC0415 - --help needs no driver

    turns = cycle([_chosen(given, brokers, members) for given in faults or [""]])
    options = [
        Options(
            seconds,
            number,
            rate,
            names,
            brokers,
            members,
            drain_seconds=drain,
            other_release=other_release and other_release.absolute(),
        )
        for number, names in zip(range(seed, seed + runs), turns, strict=False)
    ]
    _run(options, report, data)


def _run(options: Sequence[Options], file: Path | None, data: Path | None) -> None:
    from workers.cli.chaos_screen import shown  # noqa: PLC0415 - --help needs no driver
    from workers.dev.chaos.report import report, verdict  # noqa: PLC0415 - --help needs no driver
    from workers.dev.chaos.running import run_chaos  # noqa: PLC0415 - --help needs no driver
    from workers.dev.endings import ending_in_order  # noqa: PLC0415 - needs the local extra

    silence_libraries()
    when = f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"
    command_line = shlex.join(["oms", *sys.argv[1:]])
    outcomes: list[Outcome] = []
    with ending_in_order():
        for run in options:
            with shown(stderr()) as screen:
                outcomes.append(run_chaos(run, screen, data))
            if file is not None:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(report(outcomes, command_line, when))
    for outcome in outcomes:
        _tell_what_was_found(outcome)
    stdout().print(verdict(outcomes), markup=False)
    if not all(outcome.holds for outcome in outcomes):
        raise typer.Exit(FAILED)


def _tell_what_was_found(outcome: Outcome) -> None:
    for found in outcome.faults_found:
        stdout().print(f"seed {outcome.board.options.seed}: {found}", markup=False, soft_wrap=True)
    if outcome.kept is not None:
        stdout().print(f"The data and all logs are kept in {outcome.kept}", markup=False)


def _chosen(given: str, brokers: int, members: int) -> tuple[str, ...]:
    from workers.dev.chaos.faults import named, possible  # noqa: PLC0415 - --help needs no driver

    words = [word.strip() for word in given.split(",") if word.strip()]
    try:
        return named(words, possible(brokers, members))
    except KeyError as error:
        message = (
            f"there is no fault {error.args[0]!r} with {brokers} brokers and {members} members: "
            "oms chaos --list shows all"
        )
        raise typer.BadParameter(message, param_hint="--faults") from error


def _list() -> None:
    from rich.table import Table  # noqa: PLC0415 - --help needs no table

    from workers.dev.chaos.faults import FAULTS  # noqa: PLC0415 - --help needs no driver

    table = Table("fault", "what", box=None, header_style="bold")
    for fault in FAULTS.values():
        needs = f" (needs {fault.brokers} brokers)" if fault.brokers > 1 else ""
        table.add_row(fault.name, fault.what + needs)
    stdout().print(table)
