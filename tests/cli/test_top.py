"""`oms top`: what lies between two looks at the service, and how it is shown."""

from __future__ import annotations

import io
import os
import pty
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from rich.console import Console

from tests.cli.command_line import CommandLine, environment_of
from tests.cli.interrupting import ctrl_c_heard
from workers.cli.overview.orders import OrderCounts
from workers.cli.overview.reading import Reading, Waiting, overview
from workers.cli.overview.screen import drawn
from workers.cli.top import as_json

if TYPE_CHECKING:
    from typing import Any

    from motor.motor_asyncio import AsyncIOMotorDatabase

    from tests.journey.worker_processes import Workers
    from workers.settings import Settings

NOW = 1_700_000_000_000
TABLES = ("records/s", "lane", "status", "waits for")


def _reading(at: float, commands: int, committed: int, waiting: Waiting | None = None) -> Reading:
    ends = {
        ("orders.commands", 3): commands,
        ("orders.commands", 4): 0,
        ("orders.events", 3): 2 * commands,
        ("dlq.orders.commands", 3): 7,
    }
    offsets = {("orders.commands", 3): committed}
    members = {"orders": 1, "customers": 0}
    return Reading(at, NOW, ends, offsets, members, {"pending": 2}, waiting or Waiting())


def test_rates_and_lags_are_what_lies_between_two_looks() -> None:
    """Rates are by the seconds that passed; behind is what is not committed, by topic and lane."""
    found = overview(_reading(10.0, 100, 40), _reading(12.0, 150, 130))
    rows = {row.topic: row for row in found.topics}
    assert (rows["orders.commands"].per_second, rows["orders.commands"].behind) == (25, 20)
    assert (rows["orders.events"].per_second, rows["orders.events"].behind) == (50, None)
    assert dict(found.lanes) == {3: 20, 4: 0}
    assert found.dead_letters == 7


def _text(reading: Reading) -> str:
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(drawn(overview(_reading(10.0, 0, 0), reading)))
    return console.export_text()


def test_the_screen_shows_rates_lanes_statuses_and_the_oldest_that_waits() -> None:
    """Everything is on one screen, and markup in an order's id is not taken for markup."""
    oldest = Waiting({"checks": 2}, 1, ("[bold]o-1", NOW - 4_500))
    shown = _text(_reading(12.0, 1_500, 300, oldest))
    for words in (*TABLES, "1,200", "pending", "checks", "[bold]o-1, 4.5 s"):
        assert words in shown


def test_too_many_orders_to_count_are_no_error() -> None:
    """Without statuses the rest is shown."""
    without = replace(_reading(12.0, 5, 5), statuses=None)
    assert "too many to count in time" in _text(without)


async def test_orders_are_counted_by_status_and_by_what_they_wait_for(
    database: AsyncIOMotorDatabase[dict[str, Any]],
) -> None:
    """Waiting and overdue orders are counted by purpose, and the oldest of all is found."""
    waits = {"checks": [100, 900], "release": [2_000]}
    for purpose, dues in waits.items():
        for due in dues:
            order = {"_id": f"{purpose}-{due}", "lane": 0, "status": "pending"}
            waiting = {"purpose": purpose, "dueAt": due}
            await database["orders"].insert_one(
                {**order, "createdAt": due - 50, "waiting": waiting}
            )
    await database["orders"].insert_one({"_id": "done", "lane": 1, "status": "delivered"})
    counts = OrderCounts(database)
    assert await counts.statuses() == {"pending": 3, "delivered": 1}
    assert await counts.waiting(1_000) == Waiting(
        {"checks": 2, "release": 1}, 2, ("checks-100", 50)
    )


@pytest.mark.stack
def test_one_look_for_programs(oms: CommandLine, service: Workers) -> None:  # noqa: ARG001 - it must run
    """After an order was accepted, its status is counted, and all workers are seen."""
    command = ("send", "create", "--customer", "12345", "--product", "98765=1")
    ended = oms(*command, "--order-id", f"top-{uuid4()}", "--wait", "--timeout", "60")
    assert ended.exit_code == 0, ended.stderr
    told = oms("top", "--json").json
    assert told["statuses"]["processing"] >= 1
    assert told["workers"] == {"orders": 1, "customers": 1, "inventory": 1}
    assert len(told["lanes"]) == 12
    assert [row["topic"] for row in told["topics"]][:2] == ["orders.commands", "orders.results"]


@pytest.mark.stack
def test_where_nobody_looks_on_it_is_printed_once(oms: CommandLine) -> None:
    """Without a terminal it ends by itself, as with --once."""
    ended = oms("top", "--every", "0.2")
    assert ended.exit_code == 0, ended.stderr
    for words in TABLES:
        assert words in ended.stdout


@pytest.mark.stack
def test_on_a_terminal_it_goes_on_until_ctrl_c(settings: Settings) -> None:
    """It draws again and again, and Ctrl-C ends it with exit code 0."""
    parent, child = pty.openpty()
    with ctrl_c_heard():
        process = subprocess.Popen(
            [sys.executable, "-m", "workers", "top", "--every", "0.2"],
            stdin=child,
            stdout=child,
            stderr=child,
            env={**os.environ, **environment_of(settings), "TERM": "xterm-256color"},
        )
    os.close(child)
    printed = b""
    try:
        with suppress(OSError):  # how a terminal says that its last program has ended
            while printed.count(b"records/s") < 3:
                printed += os.read(parent, 65_536)
            process.send_signal(signal.SIGINT)
            while os.read(parent, 65_536):
                pass
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.wait()
        os.close(parent)
    assert printed.count(b"records/s") >= 3


def test_without_kafka_it_ends_with_a_sentence(oms_alone: CommandLine) -> None:
    """At the first look, what is away is told, and nothing is drawn."""
    ended = oms_alone("top")
    assert ended.exit_code == 1
    assert ended.stderr.startswith("Kafka does not answer at")


def test_an_overview_for_programs_has_the_oldest_order() -> None:
    """Times are RFC 3339, and ages are seconds."""
    waiting = Waiting({"checks": 1}, 0, ("o-1", NOW - 1_500))
    told = as_json(overview(_reading(10.0, 0, 0), _reading(11.0, 1, 0, waiting)))
    assert told["at"] == "2023-11-14T22:13:20.000Z"
    assert told["waiting"]["oldest"] == {
        "order": "o-1",
        "createdAt": "2023-11-14T22:13:18.500Z",
        "seconds": 1.5,
    }
