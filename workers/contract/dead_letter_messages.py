"""What is on a dead letter topic, for the AsyncAPI document: a letter, and what settles it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from schemas.topics import COMMANDS
from workers.contract.kafka_bindings import keyed_by
from workers.stream.writing import dead_letters
from workers.stream.writing.dead_letters import Settled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workers.contract.json_schemas import JsonSchema

DEAD_LETTER: Final = "dead-letter"
SETTLED_LETTER: Final = "settled-dead-letter"

_ERRORS: Final[Mapping[str, str]] = {
    dead_letters.TOPIC: "Where the record was.",
    dead_letters.PARTITION: "Its partition, ASCII digits.",
    dead_letters.OFFSET: "Its offset, ASCII digits.",
    dead_letters.MESSAGE: "What is wrong with it.",
    dead_letters.EXCEPTION: "The kind of error.",
}
_OMITTED: Final = (
    "Only where the record is larger than this topic takes: how many of its bytes are not here, "
    "ASCII digits. Its value is left out or, where its headers alone are too large, its key, value "
    "and headers."
)
_SETTLED: Final[Mapping[str, JsonSchema]] = {
    dead_letters.SETTLED_AS: {
        "enum": [settled.value for settled in Settled],
        "description": "What was done about it.",
    },
    dead_letters.SETTLED_TOPIC: {"description": "Where the record was."},
    dead_letters.SETTLED_PARTITION: {"description": "Its partition, ASCII digits."},
    dead_letters.SETTLED_OFFSET: {"description": "Its offset, ASCII digits."},
    dead_letters.SETTLED_REASON: {"description": "Why, in words; may be empty."},
}


def dead_letter_messages() -> dict[str, Any]:
    """Both messages, by their names in the document."""
    return {DEAD_LETTER: _dead_letter(), SETTLED_LETTER: _settled_letter()}


def _dead_letter() -> dict[str, Any]:
    texts = {**_ERRORS, dead_letters.OMITTED: _OMITTED}
    return {
        "name": DEAD_LETTER,
        "title": "dead letter",
        "summary": "A record that could not be handled: as it was, with headers that say why.",
        "tags": [{"name": DEAD_LETTER}],
        "contentType": "application/octet-stream",
        "headers": {
            "type": "object",
            "required": list(_ERRORS),
            "properties": {
                name: {"type": "string", "description": text} for name, text in texts.items()
            },
        },
        "payload": {"description": "The record's value as it was: any bytes, or none."},
        "bindings": keyed_by({"description": "The record's key as it was: any bytes, or none."}),
        "examples": [
            {
                "name": DEAD_LETTER,
                "headers": {
                    dead_letters.TOPIC: COMMANDS,
                    dead_letters.PARTITION: "3",
                    dead_letters.OFFSET: "1041",
                    dead_letters.MESSAGE: "not a CloudEvent: ce_type is missing or empty",
                    dead_letters.EXCEPTION: "UnreadableError",
                },
                "payload": {"customerId": "12345"},
            }
        ],
    }


def _settled_letter() -> dict[str, Any]:
    return {
        "name": SETTLED_LETTER,
        "title": "settled dead letter",
        "summary": "The dead letters before it that are of the record it names are settled.",
        "tags": [{"name": DEAD_LETTER}],
        "headers": {
            "type": "object",
            "required": list(_SETTLED),
            "properties": {name: {"type": "string", **schema} for name, schema in _SETTLED.items()},
            "additionalProperties": False,
        },
        "payload": {"type": "null", "description": "A null value."},
        "bindings": keyed_by({"type": "null", "description": "A null key."}),
        "examples": [
            {
                "name": Settled.DISCARDED.value,
                "headers": {
                    dead_letters.SETTLED_AS: Settled.DISCARDED.value,
                    dead_letters.SETTLED_TOPIC: COMMANDS,
                    dead_letters.SETTLED_PARTITION: "3",
                    dead_letters.SETTLED_OFFSET: "1041",
                    dead_letters.SETTLED_REASON: "sent by mistake",
                },
                "payload": None,
            }
        ],
    }
