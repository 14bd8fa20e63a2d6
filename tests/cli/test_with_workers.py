"""Commands and their results on the command line, with the three workers running."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest

from schemas.commands import CommandType
from schemas.results import Code, Outcome
from schemas.status import Status
from tests.cli.command_line import CommandLine, environment_of
from workers.dev.demo import Step, Story
from workers.dev.playing import play

if TYPE_CHECKING:
    from contextlib import nullcontext

    from tests.journey.worker_processes import Workers
    from workers.dev.demo import Pieces
    from workers.dev.telling import Told
    from workers.settings import Settings

pytestmark = [pytest.mark.stack, pytest.mark.usefixtures("service")]
PATIENCE = ("--wait", "--timeout", "60")
CREATE = ("send", "create", "--customer", "12345", "--product", "98765=2")
DEADLINE_SECONDS = 60


@pytest.fixture(scope="module")
def order(oms: CommandLine, service: Workers) -> str:  # noqa: ARG001 - they must run before it
    """An order in `processing`."""
    order_id = f"cli-{uuid4()}"
    ended = oms(*CREATE, "--shipping", "DHL:ABC123", "--order-id", order_id, *PATIENCE)
    assert ended.exit_code == 0, ended.stderr
    return order_id


def test_an_accepted_create(oms: CommandLine) -> None:
    """--wait prints the result as the service sent it and ends with 0."""
    ended = oms(*CREATE, "--order-id", f"cli-{uuid4()}", "--id", "mine", *PATIENCE, "--json")
    assert ended.exit_code == 0, ended.stderr
    assert ended.json["outcome"] == "accepted"
    assert ended.json["command"] == {"id": "mine", "source": "/oms-cli", "type": "order.create.v1"}
    assert ended.json["order"]["status"] == "processing"


def test_a_rejected_create(oms: CommandLine) -> None:
    """A rejection is told with its code and message, and ends with 3."""
    ended = oms("send", "create", "--customer", "blocked", "--product", "98765=2", *PATIENCE)
    assert ended.exit_code == 3
    assert ended.stdout.startswith("rejected CUSTOMER_BLOCKED\n")
    assert "is rejected, version 2\nThe customer is blocked\n" in ended.stdout


def test_products_that_are_short_are_named(oms: CommandLine) -> None:
    """The products that were refused are listed, whatever characters their names have."""
    ended = oms("send", "create", "--customer", "12345", "--product", "no[/such]=1", *PATIENCE)
    assert ended.exit_code == 3
    assert "PRODUCT_UNKNOWN" in ended.stdout
    assert "no[/such]" in ended.stdout


def test_every_command_can_be_sent(oms: CommandLine) -> None:
    """An order is created, changed, delivered and deleted, each accepted or told why not."""
    order_id = f"cli-{uuid4()}"

    def result(*arguments: str) -> tuple[int, str, str | None]:
        ended = oms("send", *arguments, *PATIENCE, "--json")
        return ended.exit_code, ended.json["outcome"], ended.json.get("code")

    shipping = ("--company", "UPS", "--tracking-number", "XYZ456")
    assert result(*CREATE[1:], "--order-id", order_id) == (0, "accepted", None)
    assert result("update-shipping", order_id, *shipping) == (0, "accepted", None)
    assert result("update-shipping", order_id, *shipping) == (0, "unchanged", None)
    assert result("cancel", order_id, "--expected-version", "1") == (
        3,
        "rejected",
        "VERSION_CONFLICT",
    )
    assert result("update-status", order_id, "delivered") == (0, "accepted", None)
    assert result("cancel", order_id, "--reason", "late") == (3, "rejected", "INVALID_TRANSITION")
    assert result("delete", order_id) == (0, "accepted", None)
    assert result("delete", order_id) == (3, "rejected", "ORDER_DELETED")


def test_what_may_be_asked_for_instead_is_told(oms: CommandLine, order: str) -> None:
    """A refused change of status lists what is allowed now."""
    ended = oms("send", "delete", order, *PATIENCE)
    assert ended.exit_code == 3
    assert "allowed now: shipped, delivered, canceled" in ended.stdout


def test_a_file_of_orders(oms: CommandLine) -> None:
    """Every line gets its result; they are counted by how they ended."""
    lines = [
        {"customerId": "blocked" if number % 10 == 0 else "12345", "products": [product(number)]}
        for number in range(50)
    ]
    given = "\n".join(map(json.dumps, lines)).encode()
    ended = oms("send", "create", "--file", "-", *PATIENCE, "--json", given=given)
    assert ended.exit_code == 3
    assert ended.json["sent"] == 50
    assert ended.json["results"] == {"CUSTOMER_BLOCKED": 5, "OUT_OF_STOCK": 5, "accepted": 40}


def product(number: int) -> dict[str, object]:
    """A product of the samples; every eleventh time the one that is sold out."""
    return {"productId": "sold-out" if number % 11 == 1 else f"p{number}", "quantity": 1}


def test_an_order_is_shown(oms: CommandLine, order: str) -> None:
    """The document comes with readable times and its whole history."""
    shown = oms("order", "show", order, "--json").json
    assert (shown["_id"], shown["customerId"]) == (order, "12345")
    assert shown["createdAt"].endswith("Z")
    assert [change["type"] for change in shown["history"]][:2] == [
        "order.created.v1",
        "order.processing.v1",
    ]
    table = oms("order", "show", order).stdout
    assert order in table
    assert "2 × 98765" in table
    assert "order.processing.v1" in table


def test_an_order_is_explained(oms: CommandLine, order: str) -> None:
    """The story names every change, what caused it, and how long it was waited for."""
    told = oms("order", "explain", order, "--json").json
    first, second = told["story"][:2]
    assert first["because"].startswith("command order.create.v1")
    assert (second["version"], second["waited_for"]) == (2, "the inventory service")
    assert second["waited"] >= 0
    story = oms("order", "explain", order).stdout
    assert "Confirmed: the customer may order, and the stock is reserved" in story
    assert "for the inventory service" in story


def test_an_order_that_does_not_exist(oms: CommandLine, settings: Settings) -> None:
    """The order and the database are named."""
    ended = oms("order", "show", "nobody’s")
    assert ended.exit_code == 1
    assert ended.stderr == (
        f"There is no order nobody’s in the database {settings.mongo_database}.\n"
    )


def test_the_past_of_one_order_is_watched(oms: CommandLine, order: str) -> None:
    """--from-beginning shows the order's events, and nothing of other orders."""
    watched = oms("watch", order, "--from-beginning", "--count", "2", "--json").lines
    assert [(event["orderId"], event["type"], event["version"]) for event in watched] == [
        (order, "order.created.v1", 1),
        (order, "order.processing.v1", 2),
    ]
    [line] = oms("watch", order, "--from-beginning", "--count", "1").stdout.splitlines()
    assert f"{order} order.created.v1 v1 pending, customer 12345, 98765×2, DHL ABC123" in line


def test_the_present_is_watched(oms: CommandLine, settings: Settings, order: str) -> None:
    """Without --from-beginning only what happens from now on is shown, events and results."""
    command = [sys.executable, "-m", "workers", "watch", order, "--results", "--count", "2"]
    environment = {**os.environ, **environment_of(settings)}
    with subprocess.Popen(command, text=True, stdout=subprocess.PIPE, env=environment) as process:
        try:
            number = 0
            while process.poll() is None:
                number += 1
                assert number < DEADLINE_SECONDS, "nothing was shown"
                shipping = ("--company", "UPS", "--tracking-number", f"N{number}")
                oms("send", "update-shipping", order, *shipping, *PATIENCE)
            assert process.stdout is not None
            shown = process.stdout.read()
        finally:
            process.kill()
    assert "order.created.v1" not in shown
    assert "order.shipping-updated.v1" in shown
    assert "order.result.v1" in shown


def test_the_doctor_finds_nothing(oms: CommandLine) -> None:
    """Everything is ok, the workers are there, and nothing is to be done."""
    ended = oms("doctor", "--json")
    assert ended.exit_code == 0, ended.stdout
    assert {finding["state"] for finding in ended.json} == {"ok"}
    assert {finding["check"] for finding in ended.json} == {
        "Kafka address",
        "Kafka broker",
        "topics",
        "Kafka rights",
        "orders worker",
        "customers worker",
        "inventory worker",
        "MongoDB address",
        "MongoDB replica set",
        "MongoDB member",
        "MongoDB rights",
        "MongoDB version",
        "MongoDB transactions",
        "clock",
    }


class Nobody:
    """An audience that does not look."""

    def story(self, title: str, order_id: str) -> None:
        """Do not look."""

    def record(self, seconds: float, message: Told) -> None:
        """Do not look."""

    def stock(self, product: str, before: Pieces, now: Pieces) -> None:
        """Do not look."""


def _everybody_speaks(worker: str) -> nullcontext[None]:
    raise AssertionError(f"{worker} is not to be silent in this story")


async def test_a_play_that_ends_otherwise(settings: Settings) -> None:
    """What came and what should have come are told: type, outcome and stock."""
    data = {"customerId": "blocked", "products": [{"productId": "98765", "quantity": 2}]}
    wrong = Step(
        CommandType.CREATE,
        data,
        ("order.created.v1", "order.result.v1", "order.processing.v1"),
        Outcome.ACCEPTED,
        Status.PROCESSING,
        Code.CANCELED,
    )
    story = Story("Not so", "98765", (wrong,))
    name = f"other-{uuid4()}"
    differences = await play(settings, [story], Nobody(), _everybody_speaks, name, patience=2.0)
    assert "no order.processing.v1 came" in differences[0]
    assert "'code': 'CUSTOMER_BLOCKED'" in differences[1]
    assert len(differences) == 2
