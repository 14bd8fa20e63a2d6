"""`oms doctor`: what keeps the service from working here, and what to do about it."""

from __future__ import annotations

from asyncio import gather
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer
from rich.markup import escape
from rich.table import Table

from workers.cli.checks.finding import Finding, State
from workers.cli.failures import FAILED, run
from workers.cli.output import Json, print_json, stderr, stdout

if TYPE_CHECKING:
    from workers.settings import Settings

_COLOURS = {State.OK: "green", State.WARN: "yellow", State.FAIL: "red"}


def doctor(json: Json = False) -> None:
    """Check addresses, topics, rights, workers, MongoDB and clocks; exit code 1 if something fails.

    What keeps the service from working fails; what only makes it worse is a warning. Each comes
    with its remedy.
    """
    with stderr().status("Looking at Kafka and MongoDB"):
        findings = run(_findings)
    if json:
        print_json([asdict(finding) for finding in findings])
    else:
        _print(findings)
    if any(finding.state is State.FAIL for finding in findings):
        raise typer.Exit(FAILED)


async def _findings(settings: Settings) -> list[Finding]:
    from workers.cli.checks.kafka import check_kafka  # noqa: PLC0415 - --help needs no driver
    from workers.cli.checks.mongo import check_mongo  # noqa: PLC0415 - --help needs no driver
    from workers.cli.checks.own_settings import check_settings  # noqa: PLC0415 - as above

    of_kafka, of_mongo = await gather(check_kafka(settings), check_mongo(settings))
    return [*of_kafka, *of_mongo, *check_settings(settings)]


def _print(findings: list[Finding]) -> None:
    console = stdout()
    table = Table.grid(padding=(0, 2))
    for finding in findings:
        colour = _COLOURS[finding.state]
        table.add_row(f"[{colour}]{finding.state}[/{colour}]", finding.check, escape(finding.found))
    console.print(table)
    for remedy in dict.fromkeys(finding.remedy for finding in findings if finding.remedy):
        console.print(f"Remedy: {remedy}", markup=False, soft_wrap=True)
