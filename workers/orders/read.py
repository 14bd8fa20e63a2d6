"""From a record to a message that can be decided on, or to a command that can only be refused."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from pydantic import ValidationError

from schemas.commands import COMMAND_MODELS, OPTIONAL_DATA, CommandType
from schemas.limits import MAX_NAME_LENGTH
from schemas.replies import REPLY_MODELS, ReplyType
from schemas.requests import RequestType
from schemas.results import Code
from schemas.topics import COMMANDS
from workers.orders.encode import stable_id
from workers.orders.messages import CommandMessage, InvalidCommand, ReplyMessage, RequestReference
from workers.orders.order import Cause
from workers.stream.codec import CloudEvent, decode
from workers.stream.json_text import UnreadableError, read_json

if TYPE_CHECKING:
    from workers.orders.messages import Message
    from workers.stream.ports import InboundRecord

_REQUEST_ID: Final = re.compile(r"(?s)(.+):([a-z.\-0-9]+):(\d{1,9}):(\d{1,9})")
_MOST_ERRORS: Final = 20

_COMMAND_TYPES: Final = {command_type.value: command_type for command_type in CommandType}
_REPLY_TYPES: Final = {reply_type.value: reply_type for reply_type in ReplyType}
_REQUEST_TYPES: Final = {request_type.value: request_type for request_type in RequestType}


def read(record: InboundRecord) -> Message | None:
    """The message in a record of `orders.commands` or `orders.replies`.

    Returns `None` for a reply that names no request of ours: nobody waits for it.

    Raises:
        UnreadableError: the record is for the dead letters.
    """
    event = decode(record)
    return _command(record, event) if record.topic == COMMANDS else _reply(record, event)


def _command(record: InboundRecord, event: CloudEvent) -> Message:
    order_id = event.subject or event.key
    command_type = _COMMAND_TYPES.get(event.type)
    if order_id is None and command_type is CommandType.CREATE:
        order_id = stable_id("order", event.source, event.id)
    cause = _cause(record, event)
    if command_type is None:
        _check_json(event)
        message = f"There is no command {event.type!r}"
        return InvalidCommand(_valid_id(order_id), cause, Code.UNKNOWN_TYPE, message)
    errors = [(path, message, None) for path, message in event.faults]
    if order_id is None:
        errors.append(
            ("subject", "the order id is missing: set ce_subject or the record key", None)
        )
    if errors:
        _check_json(event)
        return _invalid(_valid_id(order_id), cause, tuple(errors))
    return _validated(order_id or "", cause, command_type, event)


def _validated(
    order_id: str, cause: Cause, command_type: CommandType, event: CloudEvent
) -> Message:
    data = event.data
    if not data and command_type in OPTIONAL_DATA:
        data = b"{}"
    try:
        command = COMMAND_MODELS[command_type].model_validate_json(
            data or b"null", by_alias=True, by_name=False
        )
    except ValidationError as error:
        _check_json(event)
        return _invalid(order_id, cause, _errors(error))
    return CommandMessage(order_id, cause, command)


def _check_json(event: CloudEvent) -> None:
    """What is not JSON, or nested too deep, is no command that could be answered."""
    if event.data:
        read_json(event.data)


def _valid_id(order_id: str | None) -> str | None:
    """The id, if it may be one: an answer never carries an id that breaks the limits."""
    return order_id if order_id is not None and len(order_id) <= MAX_NAME_LENGTH else None


def _invalid(
    order_id: str | None,
    cause: Cause,
    errors: tuple[tuple[str | None, str | None, str | None], ...],
) -> InvalidCommand:
    message = "The command's data breaks the schema or a limit"
    return InvalidCommand(order_id, cause, Code.INVALID_DATA, message, errors[:_MOST_ERRORS])


def _errors(error: ValidationError) -> tuple[tuple[str | None, str | None, str | None], ...]:
    return tuple(
        (
            ".".join(str(part) for part in found["loc"]),
            found["msg"],
            found.get("ctx", {}).get("product_id"),
        )
        for found in error.errors(include_url=False, include_input=False)
    )


def _cause(record: InboundRecord, event: CloudEvent) -> Cause:
    return Cause(
        event.source,
        event.id,
        event.type,
        record.topic,
        record.offset,
        event.correlation_id,
        event.trace_parent,
        event.trace_state,
        event.reply,
    )


def _reply(record: InboundRecord, event: CloudEvent) -> ReplyMessage | None:
    request = _request(event.correlation)
    reply_type = _REPLY_TYPES.get(event.type)
    if request is None or reply_type is None:
        return None
    try:
        data = REPLY_MODELS[reply_type].model_validate_json(
            event.data or b"{}", by_alias=True, by_name=False
        )
    except ValidationError as error:
        message = f"{event.type} breaks its schema: {error.errors()[0]['msg']}"
        raise UnreadableError(message) from error
    return ReplyMessage(request, _cause(record, event), data)


def _request(correlation: bytes | None) -> RequestReference | None:
    """The request that a reply's correlation names, if it is one that we could have sent."""
    if correlation is None:
        return None
    found = _REQUEST_ID.fullmatch(correlation.decode(errors="replace"))
    if found is None or found[2] not in _REQUEST_TYPES:
        return None
    return RequestReference(found[1], _REQUEST_TYPES[found[2]], int(found[3]), int(found[4]))
