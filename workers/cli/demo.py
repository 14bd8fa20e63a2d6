"""`oms demo`: the whole service on this machine, and the life of some orders before your eyes."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Annotated, Final

import typer
from rich.markup import escape

from schemas import topics
from workers.cli.failures import FAILED, failures_as_sentences, silence_libraries
from workers.cli.output import stderr, stdout

if TYPE_CHECKING:
    from rich.console import Console

    from workers.dev.demo import Pieces
    from workers.dev.running import RunningService
    from workers.dev.telling import Told

_LOOKS: Final = {
    topics.COMMANDS: ("→", "bold white"),
    topics.CUSTOMER_REQUESTS: ("↗", "yellow"),
    topics.INVENTORY_REQUESTS: ("↗", "yellow"),
    topics.REPLIES: ("↙", "cyan"),
    topics.EVENTS: ("●", "green"),
    topics.RESULTS: ("←", "bold magenta"),
}


def demo(
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave everything running afterwards, until Ctrl-C.")
    ] = False,
) -> None:
    """Run the service on this machine, walk orders through their life and check how they end.

    Exit code 1, and what went otherwise, if an order did not end as it should.
    """
    try:
        from workers.dev.demo import (  # noqa: PLC0415 - --help needs no driver
            REPLY_ATTEMPTS,
            REPLY_TIMEOUT,
        )
        from workers.dev.endings import ending_in_order  # noqa: PLC0415 - needs the local extra
        from workers.dev.running import run_service  # noqa: PLC0415 - needs the local extra
        from workers.dev.stack import StackOptions  # noqa: PLC0415 - needs the local extra
    except ModuleNotFoundError as error:
        _tell(f"{error.name} is missing: pip install 'order-management-service[local]'")
        raise typer.Exit(FAILED) from error
    silence_libraries()
    impatience = {"OMS_REPLY_TIMEOUT": REPLY_TIMEOUT, "OMS_REPLY_ATTEMPTS": REPLY_ATTEMPTS}
    options = StackOptions(ephemeral=True)
    with (
        ending_in_order(),
        run_service(options, report=_tell, environment=impatience) as service,
    ):
        differences = _play(service)
        if keep:
            _keep(service)
    for difference in differences:
        _tell(difference)
    if differences:
        raise typer.Exit(FAILED)


def _play(service: RunningService) -> list[str]:
    from workers.dev.demo import STORIES  # noqa: PLC0415 - --help needs no driver
    from workers.dev.playing import play  # noqa: PLC0415 - --help needs no driver

    began = time.monotonic()
    with failures_as_sentences(service.settings):
        differences = asyncio.run(
            play(service.settings, STORIES, _Screen(stdout()), service.supervisor.silence)
        )
    seconds = time.monotonic() - began
    if not differences:
        stdout().print(f"\n[green]Every order ended as it should[/green], in {seconds:.1f} s.")
    return differences


def _keep(service: RunningService) -> None:
    for name, value in service.stack.environment.items():
        stdout().print(f"export {name}='{value}'", markup=False, soft_wrap=True)
    _tell("Everything goes on running; Ctrl-C ends it")
    service.wait()


class _Screen:
    """Shows the play on a console."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def story(self, title: str, order_id: str) -> None:
        self._console.print(f"\n[bold]{escape(title)}[/bold] (order {order_id})")

    def record(self, seconds: float, message: Told) -> None:
        from workers.dev.telling import in_words  # noqa: PLC0415 - --help needs no driver

        arrow, style = _LOOKS[message.topic]
        version = "" if message.version is None else f"v{message.version} "
        self._console.print(
            f"[dim]{seconds:7.3f} s[/dim] {message.topic:<18} "
            f"[{style}]{arrow} {escape(message.type):<27}[/{style}] "
            f"{version}{escape(in_words(message))}",
            soft_wrap=True,
        )

    def stock(self, product: str, before: Pieces, now: Pieces) -> None:
        changes = (
            f"{name} {old}" if old == new else f"{name} {old} → [bold]{new}[/bold]"
            for name, old, new in (
                ("available", before.available, now.available),
                ("reserved", before.reserved, now.reserved),
                ("fulfilled", before.fulfilled, now.fulfilled),
            )
        )
        self._console.print(f"[dim]{'stock':>9}[/dim] {product}: {', '.join(changes)}")


def _tell(line: str) -> None:
    stderr().print(line, style="dim", markup=False, soft_wrap=True)
