"""The headers of every kind of message: which must be there, which may be, and what they say.

CloudEvents 1.0 in the binary mode of its Kafka binding, and the headers of request and reply.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from schemas import headers as names
from schemas.limits import MAX_HEADER_BYTES, MAX_NAME_LENGTH
from schemas.topics import REPLIES
from workers.contract.messages import Kind, PublishedMessage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workers.contract.json_schemas import JsonSchema

SERVICE_SOURCE: Final = "/orders"
"""The `ce_source` of all that the orders worker writes."""


def _name(description: str) -> JsonSchema:
    return {
        "type": "string",
        "minLength": 1,
        "maxLength": MAX_NAME_LENGTH,
        "description": description,
    }


def _text(description: str) -> JsonSchema:
    return {"type": "string", "maxLength": MAX_HEADER_BYTES, "description": description}


HEADERS: Final[Mapping[str, JsonSchema]] = {
    names.SPEC_VERSION: {
        "type": "string",
        "const": names.CLOUD_EVENTS_VERSION,
        "description": "The version of CloudEvents.",
    },
    names.ID: _name("With `ce_source` it names the message. A command's is its idempotency key."),
    names.SOURCE: _name("Who wrote it."),
    names.TIME: {
        "type": "string",
        "format": "date-time",
        "description": "When it happened: RFC 3339, UTC, milliseconds.",
    },
    names.CONTENT_TYPE: {
        "type": "string",
        "const": names.JSON_CONTENT.decode(),
        "description": "The form of the value.",
    },
    names.SUBJECT: _name("The order id. Where a command has none, its key stands in."),
    names.CORRELATION_ID: _text("The command that all this comes of: its own, or its `ce_id`."),
    names.CAUSATION_ID: _text("The `ce_id` of the message that led to this one."),
    names.ORDER_VERSION: {
        "type": "string",
        "pattern": "^[1-9][0-9]*$",
        "description": "The order's version: 1, 2, 3 …",
    },
    names.TRACE_PARENT: _text("W3C trace context, handed on from the message that led to this."),
    names.TRACE_STATE: _text("W3C trace context, handed on from the message that led to this."),
    names.REPLY_TOPIC: _text("Where an answer is wanted."),
    names.REPLY_PARTITION: _text("In which partition: ASCII digits, or 4 bytes, big-endian."),
    names.REPLY_CORRELATION: _text("Any bytes; the answer brings them back."),
    names.REPLY_TOPIC_FASTSTREAM: _text(f"Another name for `{names.REPLY_TOPIC}`."),
    names.REPLY_CORRELATION_FASTSTREAM: _text(f"Another name for `{names.REPLY_CORRELATION}`."),
}
"""What each header says; `ce_type` is missing, for it is each message's own."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """The headers that all messages of a kind have, and those that some of them have."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()


_NEEDED: Final = (names.SPEC_VERSION, names.ID, names.SOURCE, names.TYPE)
_TRACE: Final = (names.TRACE_PARENT, names.TRACE_STATE)
_WRITTEN: Final = (*_NEEDED, names.TIME, names.CONTENT_TYPE)
_CAUSED: Final = (*_WRITTEN, names.CORRELATION_ID, names.CAUSATION_ID)

ENVELOPES: Final[Mapping[Kind, Envelope]] = {
    Kind.COMMAND: Envelope(
        _NEEDED,
        (
            names.SUBJECT,
            names.TIME,
            names.CONTENT_TYPE,
            names.CORRELATION_ID,
            names.REPLY_TOPIC,
            names.REPLY_PARTITION,
            names.REPLY_CORRELATION,
            names.REPLY_TOPIC_FASTSTREAM,
            names.REPLY_CORRELATION_FASTSTREAM,
            *_TRACE,
        ),
    ),
    Kind.RESULT: Envelope(
        _CAUSED,
        (
            names.SUBJECT,
            names.REPLY_CORRELATION,
            names.REPLY_CORRELATION_FASTSTREAM,
            *_TRACE,
        ),
    ),
    Kind.EVENT: Envelope((*_CAUSED, names.SUBJECT, names.ORDER_VERSION), _TRACE),
    Kind.SNAPSHOT: Envelope((*_CAUSED, names.SUBJECT, names.ORDER_VERSION), _TRACE),
    Kind.REQUEST: Envelope(
        (
            *_CAUSED,
            names.SUBJECT,
            names.REPLY_CORRELATION,
            names.REPLY_TOPIC,
            names.REPLY_PARTITION,
        ),
        _TRACE,
    ),
    Kind.REPLY: Envelope(
        (*_NEEDED, names.REPLY_CORRELATION),
        (
            names.SUBJECT,
            names.TIME,
            names.CONTENT_TYPE,
            names.CORRELATION_ID,
            names.CAUSATION_ID,
            *_TRACE,
        ),
    ),
    Kind.DEADLINE: Envelope(
        (*_WRITTEN, names.SUBJECT, names.CAUSATION_ID, names.REPLY_CORRELATION)
    ),
}

_WRITTEN_HERE: Final = frozenset(
    {Kind.RESULT, Kind.EVENT, Kind.SNAPSHOT, Kind.REQUEST, Kind.DEADLINE}
)
_FIXED: Final[Mapping[Kind, Mapping[str, str]]] = {
    **{kind: {names.SOURCE: SERVICE_SOURCE} for kind in _WRITTEN_HERE},
    Kind.REQUEST: {names.SOURCE: SERVICE_SOURCE, names.REPLY_TOPIC: REPLIES},
}


def header_schema(message: PublishedMessage) -> JsonSchema:
    """The schema of a message's headers, as an object of texts."""
    envelope = ENVELOPES[message.kind]
    fixed = {names.TYPE: message.name, **_FIXED.get(message.kind, {})}
    properties = {
        name: _fixed(name, fixed[name]) if name in fixed else HEADERS[name]
        for name in (*envelope.required, *envelope.optional)
    }
    return {"type": "object", "required": list(envelope.required), "properties": properties}


def _fixed(name: str, value: str) -> dict[str, Any]:
    described = HEADERS.get(name, {"description": "Which message it is."})
    return {"type": "string", "const": value, "description": described["description"]}
