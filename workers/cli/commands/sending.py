"""Sends commands for `oms send`, with progress, and prints what became of them."""

from __future__ import annotations

import sys
import time
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table

from workers.cli.commands.data import BadDataError, creates_of_lines
from workers.cli.failures import FailedError, run, wrong_usage
from workers.cli.kafka import await_kafka
from workers.cli.output import print_json, stderr, stdout, write_line
from workers.dev.client import command_sender
from workers.dev.exchange import exchange
from workers.dev.reply_inbox import NoReplyTopicError, open_inbox
from workers.dev.results_reader import open_results

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.progress import TaskID

    from workers.dev.client import CommandToSend
    from workers.settings import Settings

REJECTED: Final = 3
NO_RESULT: Final = 4
_NO_RESULT_TEXT: Final = "no result"


@dataclass(frozen=True, slots=True)
class How:
    """What the options say about waiting and printing; `timeout` in seconds."""

    wait: bool
    timeout: float
    reply_topic: str
    json: bool


@contextmanager
def usage_errors() -> Iterator[None]:
    """End the program with a sentence and exit code 2 when what was given breaks the contract."""
    try:
        yield
    except BadDataError as error:
        wrong_usage(f"{error}.")


def send_one(command: CommandToSend, how: How) -> None:
    """Send a command and print its ids or, if it is waited for, its result."""
    value = run(lambda settings: _send_one(settings, command, how))
    if not how.wait:
        _print_sent(command, how)
    elif value is None:
        typer.echo(
            f"No result of command {command.id} for order {command.order_id} within "
            f"{how.timeout:g} s; the command stays sent. Do the workers run? See: oms doctor",
            err=True,
        )
        raise typer.Exit(NO_RESULT)
    else:
        result = orjson.loads(value)
        if how.json:
            write_line(value)
        else:
            _print_result(result)
        if result["outcome"] == "rejected":
            raise typer.Exit(REJECTED)


def send_file(name: str, source: str, how: How) -> None:
    """Send a create for each line of a file, and print how many came to which end."""
    with usage_errors():
        commands = creates_of_lines(_lines(name), name, source)
    started = time.monotonic()
    with _progress(len(commands), how) as (on_sent, on_result):
        values = run(lambda settings: _send_many(settings, commands, how, on_sent, on_result))
    seconds = time.monotonic() - started
    ends = Counter(map(_end, values)) if how.wait else Counter(sent=len(commands))
    if how.json:
        print_json({"sent": len(commands), "seconds": round(seconds, 3), "results": dict(ends)})
    else:
        _print_ends(ends, seconds)
    _exit_for(ends)


def _lines(name: str) -> list[bytes]:
    try:
        return (sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()).splitlines()
    except OSError as error:
        message = f"{name} cannot be read: {error.strerror}"
        raise BadDataError(message) from error


async def _send_one(settings: Settings, command: CommandToSend, how: How) -> bytes | None:
    await await_kafka(settings)
    if not how.wait:
        async with command_sender(settings) as sender:
            await sender.send([command])
        return None
    inbox = open_inbox(settings, how.reply_topic)
    try:
        [value] = await exchange(settings, [command], inbox, how.timeout)
    except NoReplyTopicError as error:
        raise FailedError(str(error)) from error
    return value


async def _send_many(
    settings: Settings,
    commands: Sequence[CommandToSend],
    how: How,
    on_sent: Callable[[int], None],
    on_result: Callable[[int], None],
) -> Sequence[bytes | None]:
    await await_kafka(settings)
    if how.wait:
        results = open_results(settings)
        return await exchange(settings, commands, results, how.timeout, on_sent, on_result)
    async with command_sender(settings) as sender:
        await sender.send(commands, on_sent)
    return [None] * len(commands)


@contextmanager
def _progress(
    total: int, how: How
) -> Iterator[tuple[Callable[[int], None], Callable[[int], None]]]:
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]:.0f}/s"),
        console=stderr(),
    ) as progress:
        sent = progress.add_task("sent", total=total, rate=0.0)
        results = progress.add_task("results", total=total, rate=0.0, visible=how.wait)
        yield partial(_advance, progress, sent), partial(_advance, progress, results)


def _advance(progress: Progress, task: TaskID, count: int) -> None:
    done, seconds = progress.tasks[task].completed + count, progress.tasks[task].elapsed
    progress.update(task, advance=count, rate=done / seconds if seconds else 0.0)


def _end(value: bytes | None) -> str:
    if value is None:
        return _NO_RESULT_TEXT
    result = orjson.loads(value)
    return str(result.get("code") or result["outcome"])


def _print_sent(command: CommandToSend, how: How) -> None:
    if how.json:
        print_json(
            {
                "commandId": command.id,
                "orderId": command.order_id,
                "type": command.type.value,
                "source": command.source,
            }
        )
    else:
        stdout().print(f"sent {command.type.value}\ncommand {command.id}\norder {command.order_id}")


def _print_result(result: dict[str, Any]) -> None:
    console = stdout()
    colour = {"accepted": "green", "unchanged": "yellow"}.get(result["outcome"], "red")
    order = result.get("order", {})
    status = result.get("status") or order.get("status")
    version = result.get("version") or order.get("version")
    console.print(f"[{colour}]{result['outcome']}[/{colour}] {result.get('code', '')}".rstrip())
    if status:
        console.print(f"order {result['orderId']} is {status}, version {version}")
    else:
        console.print(f"order {result.get('orderId', 'unknown')}")
    if "message" in result:
        console.print(result["message"], markup=False)
    for error in result.get("errors", []):
        console.print("  " + " ".join(str(part) for part in error.values()), markup=False)
    if "allowed" in result:
        console.print(f"allowed now: {', '.join(result['allowed']) or 'nothing'}")


def _print_ends(ends: Counter[str], seconds: float) -> None:
    total = ends.total()
    table = Table("result", "count", title=f"{total} in {seconds:.1f} s, {total / seconds:.0f}/s")
    for end, count in ends.most_common():
        table.add_row(end, str(count))
    stdout().print(table)


def _exit_for(ends: Counter[str]) -> None:
    if ends[_NO_RESULT_TEXT]:
        raise typer.Exit(NO_RESULT)
    if set(ends) - {"accepted", "unchanged", "sent"}:
        raise typer.Exit(REJECTED)
