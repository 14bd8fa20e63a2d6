"""`oms topics`: make the topics of the contract, and see whether they are as they should be."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import typer
from rich.markup import escape

from workers.cli.failures import FAILED, run
from workers.cli.output import Json, print_json, stdout

if TYPE_CHECKING:
    from workers.cli.topic_check import Difference
    from workers.settings import Settings
    from workers.stream.topic_admin import TopicsCreated

topics = typer.Typer(no_args_is_help=True, help="Create and check the topics of the service.")


@topics.command()
def create(json: Json = False) -> None:
    """Create the topics that are missing; those that are there stay as they are."""
    report = run(_create)
    if json:
        print_json(asdict(report))
        return
    for name in report.created:
        stdout().print(f"created {name}")
    stdout().print(f"{len(report.created)} created, {len(report.existing)} were there")


@topics.command()
def check(json: Json = False) -> None:
    """Compare the topics with what the service needs; exit code 1 if they differ.

    Partitions, replicas, leaders, how they are kept and how large records may be: each difference
    comes with the command that mends it.
    """
    found = run(_check)
    if json:
        print_json([asdict(difference) for difference in found])
    else:
        _print_differences(found)
    if found:
        raise typer.Exit(FAILED)


def _print_differences(found: list[Difference]) -> None:
    console = stdout()
    if not found:
        console.print("All topics are as they should be")
    for difference in found:
        colour = "red" if difference.stops else "yellow"
        console.print(f"[{colour}]{difference.topic}[/{colour}] {escape(difference.problem)}")
    for remedy in dict.fromkeys(difference.remedy for difference in found):
        console.print(f"Remedy: {remedy}", markup=False, soft_wrap=True)


async def _create(settings: Settings) -> TopicsCreated:
    from workers.cli.kafka import await_kafka  # noqa: PLC0415 - --help needs no driver
    from workers.stream.topic_admin import create_topics  # noqa: PLC0415 - --help needs no driver

    await await_kafka(settings)
    return await create_topics(settings)


async def _check(settings: Settings) -> list[Difference]:
    from workers.cli.kafka import await_kafka  # noqa: PLC0415 - --help needs no driver
    from workers.cli.topic_check import topic_differences  # noqa: PLC0415 - --help needs no driver

    await await_kafka(settings)
    return await topic_differences(settings)
