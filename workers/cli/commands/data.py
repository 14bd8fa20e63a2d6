"""Checks the data of a command before it is sent: a slip of the hand costs no round trip."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from pydantic import ValidationError

from schemas.commands import COMMAND_MODELS, CommandType
from workers.dev.client import DEFAULT_SOURCE, CommandToSend, new_id

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping


class BadDataError(Exception):
    """The data breaks the contract; the text says where and how."""


def checked(command_type: CommandType, data: Mapping[str, Any]) -> dict[str, Any]:
    """The data without what is absent (None).

    Raises:
        BadDataError: the service would refuse it.
    """
    given = {name: value for name, value in data.items() if value is not None}
    try:
        COMMAND_MODELS[command_type].model_validate_json(orjson.dumps(given))
    except ValidationError as error:
        raise BadDataError("; ".join(_faults(error))) from error
    return given


def _faults(error: ValidationError) -> Iterator[str]:
    for fault in error.errors():
        path = ".".join(str(part) for part in fault["loc"])
        yield f"{path or 'data'}: {fault['msg'][0].lower()}{fault['msg'][1:]}"


def product(text: str) -> dict[str, Any]:
    """A product of `ID=QUANTITY`.

    Raises:
        BadDataError: it is written in another way.
    """
    product_id, equals, quantity = text.rpartition("=")
    if not equals or not quantity.strip().isdecimal():
        message = f"{text!r} is no product: write ID=QUANTITY, such as 98765=2"
        raise BadDataError(message)
    return {"productId": product_id, "quantity": int(quantity)}


def shipping(text: str) -> dict[str, str]:
    """A shipping of `COMPANY:TRACKINGNUMBER`.

    Raises:
        BadDataError: it is written in another way.
    """
    company, colon, tracking_number = text.partition(":")
    if not colon:
        message = f"{text!r} is no shipping: write COMPANY:TRACKINGNUMBER, such as DHL:ABC123"
        raise BadDataError(message)
    return {"company": company, "trackingNumber": tracking_number}


def creates_of_lines(
    lines: Iterable[bytes], name: str, source: str = DEFAULT_SOURCE
) -> list[CommandToSend]:
    """A create for each JSON line; `orderId` and `commandId` may be among its fields.

    Raises:
        BadDataError: a line cannot be sent; the text names the file and the line.
    """
    creates = []
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                creates.append(_create_of(line, source))
            except BadDataError as error:
                message = f"{name} line {number}: {error}"
                raise BadDataError(message) from error
    return creates


def _create_of(line: bytes, source: str) -> CommandToSend:
    try:
        data = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        message = f"not JSON: {error}"
        raise BadDataError(message) from error
    if not isinstance(data, dict):
        raise BadDataError("not a JSON object")
    order_id, command_id = (_text_of(data, field) for field in ("orderId", "commandId"))
    return CommandToSend(
        CommandType.CREATE,
        order_id or new_id(),
        checked(CommandType.CREATE, data),
        command_id or new_id(),
        source,
    )


def _text_of(data: dict[str, Any], field: str) -> str | None:
    value = data.pop(field, None)
    if value is not None and (not isinstance(value, str) or not value):
        message = f"{field}: should be a text that is not empty"
        raise BadDataError(message)
    return value
