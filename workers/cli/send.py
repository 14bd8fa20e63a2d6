"""`oms send`: commands from the command line or a file, and their results."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from schemas.commands import CommandType
from schemas.status import Status
from workers.cli.commands.data import BadDataError, checked, product, shipping
from workers.cli.commands.options import (
    REPLY_TOPIC,
    TIMEOUT_SECONDS,
    CommandId,
    ExpectedVersion,
    Order,
    Reason,
    ReplyTopic,
    Source,
    Timeout,
    Waiting,
)
from workers.cli.commands.sending import How, send_file, send_one, usage_errors
from workers.cli.output import Json
from workers.dev.client import DEFAULT_SOURCE, CommandToSend, new_id

if TYPE_CHECKING:
    from collections.abc import Mapping

send = typer.Typer(
    no_args_is_help=True,
    help="Send a command to the service; with --wait, show its result. "
    "Exit codes: 0 sent, accepted or unchanged; 1 failed; 2 wrong usage; 3 rejected; "
    "4 no result in time (the command stays sent).",
)


class AskedStatus(StrEnum):
    """What `oms send update-status` may ask for."""

    PROCESSING = Status.PROCESSING.value
    SHIPPED = Status.SHIPPED.value
    DELIVERED = Status.DELIVERED.value
    CANCELED = Status.CANCELED.value


@send.command()
def create(
    customer: Annotated[str | None, typer.Option(metavar="ID", help="Who orders.")] = None,
    products: Annotated[
        list[str] | None,
        typer.Option("--product", metavar="ID=QUANTITY", help="What; may be given several times."),
    ] = None,
    shipped_by: Annotated[
        str | None,
        typer.Option(
            "--shipping", metavar="COMPANY:NUMBER", help="Who carries it, such as DHL:A1."
        ),
    ] = None,
    storefront: Annotated[
        str | None, typer.Option(metavar="ID", help="Where.", show_default="default")
    ] = None,
    order_id: Annotated[
        str | None, typer.Option(metavar="ID", help="The order's id.", show_default="a new one")
    ] = None,
    file: Annotated[
        str | None,
        typer.Option(
            metavar="FILE",
            help="Send one create for each JSON line of FILE (- for standard input): the data of a "
            "create, and orderId and commandId if you like.",
        ),
    ] = None,
    command_id: CommandId = None,
    source: Source = DEFAULT_SOURCE,
    wait: Waiting = False,
    timeout: Timeout = TIMEOUT_SECONDS,
    reply_topic: ReplyTopic = REPLY_TOPIC,
    json: Json = False,
) -> None:
    """Ask for a new order, such as: --customer 12345 --product 98765=2 --shipping DHL:ABC123."""
    how = How(wait, timeout, reply_topic, json)
    if file is not None:
        if customer or products or shipped_by or storefront or order_id or command_id:
            raise typer.BadParameter(
                "goes with no option that describes one order", param_hint="--file"
            )
        send_file(file, source, how)
        return
    with usage_errors():
        if customer is None or not products:
            raise BadDataError("An order needs --customer and --product (or a --file of orders)")
        data = {
            "customerId": customer,
            "products": [product(text) for text in products],
            "shipping": None if shipped_by is None else shipping(shipped_by),
            "storefrontId": storefront,
        }
        _send(CommandType.CREATE, order_id or new_id(), data, command_id, source, how)


@send.command()
def update_shipping(
    order: Order,
    company: Annotated[str, typer.Option(metavar="NAME", help="Who carries it.")],
    tracking_number: Annotated[str, typer.Option(metavar="NUMBER", help="Under which number.")],
    expected_version: ExpectedVersion = None,
    command_id: CommandId = None,
    source: Source = DEFAULT_SOURCE,
    wait: Waiting = False,
    timeout: Timeout = TIMEOUT_SECONDS,
    reply_topic: ReplyTopic = REPLY_TOPIC,
    json: Json = False,
) -> None:
    """Set who carries the order and its tracking number."""
    data = {
        "company": company,
        "trackingNumber": tracking_number,
        "expectedVersion": expected_version,
    }
    how = How(wait, timeout, reply_topic, json)
    _send(CommandType.UPDATE_SHIPPING, order, data, command_id, source, how)


@send.command()
def update_status(
    order: Order,
    status: Annotated[
        AskedStatus,
        typer.Argument(metavar="STATUS", help="processing, shipped, delivered or canceled."),
    ],
    reason: Reason = None,
    expected_version: ExpectedVersion = None,
    command_id: CommandId = None,
    source: Source = DEFAULT_SOURCE,
    wait: Waiting = False,
    timeout: Timeout = TIMEOUT_SECONDS,
    reply_topic: ReplyTopic = REPLY_TOPIC,
    json: Json = False,
) -> None:
    """Ask for another status of the order."""
    data = {"status": status.value, "reason": reason, "expectedVersion": expected_version}
    how = How(wait, timeout, reply_topic, json)
    _send(CommandType.UPDATE_STATUS, order, data, command_id, source, how)


@send.command()
def cancel(
    order: Order,
    reason: Reason = None,
    expected_version: ExpectedVersion = None,
    command_id: CommandId = None,
    source: Source = DEFAULT_SOURCE,
    wait: Waiting = False,
    timeout: Timeout = TIMEOUT_SECONDS,
    reply_topic: ReplyTopic = REPLY_TOPIC,
    json: Json = False,
) -> None:
    """Cancel the order; its stock is given back."""
    data = {"reason": reason, "expectedVersion": expected_version}
    how = How(wait, timeout, reply_topic, json)
    _send(CommandType.CANCEL, order, data, command_id, source, how)


@send.command()
def delete(
    order: Order,
    expected_version: ExpectedVersion = None,
    command_id: CommandId = None,
    source: Source = DEFAULT_SOURCE,
    wait: Waiting = False,
    timeout: Timeout = TIMEOUT_SECONDS,
    reply_topic: ReplyTopic = REPLY_TOPIC,
    json: Json = False,
) -> None:
    """Erase a finished order's personal data."""
    how = How(wait, timeout, reply_topic, json)
    data = {"expectedVersion": expected_version}
    _send(CommandType.DELETE, order, data, command_id, source, how)


def _send(
    command_type: CommandType,
    order_id: str,
    data: Mapping[str, Any],
    command_id: str | None,
    source: str,
    how: How,
) -> None:
    with usage_errors():
        given = checked(command_type, data)
    send_one(CommandToSend(command_type, order_id, given, command_id or new_id(), source), how)
