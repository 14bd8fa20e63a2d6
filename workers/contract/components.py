"""The reusable parts of the AsyncAPI document: every message with its headers, data and examples.

A message's data is described by its JSON Schema; shapes that several messages share are told once.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

from schemas import headers as names
from schemas.limits import MAX_NAME_LENGTH
from workers.contract.dead_letter_messages import dead_letter_messages
from workers.contract.envelope import HEADERS, header_schema
from workers.contract.examples import data_example, refused_example
from workers.contract.header_examples import header_example
from workers.contract.json_schemas import json_schema, with_references
from workers.contract.kafka_bindings import keyed_by
from workers.contract.messages import MESSAGES, Kind, PublishedMessage

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workers.contract.json_schemas import JsonSchema

_NAME: Final = {"type": "string", "maxLength": MAX_NAME_LENGTH}
_DEFINITIONS: Final = "#/$defs/"
_SCHEMAS: Final = "#/components/schemas/"
_CORRELATED: Final = frozenset({Kind.COMMAND, Kind.REQUEST, Kind.REPLY, Kind.DEADLINE})


def reference(*path: str) -> dict[str, str]:
    """A reference to another part of the document."""
    escaped = (step.replace("~", "~0").replace("/", "~1") for step in path)
    return {"$ref": "#/" + "/".join(escaped)}


def components() -> dict[str, Any]:
    """All messages and schemas of the document."""
    messages = {message.name: _message(message) for message in MESSAGES}
    return {"messages": {**messages, **dead_letter_messages()}, "schemas": _schemas()}


def _schemas() -> dict[str, JsonSchema]:
    data: dict[str, JsonSchema] = {}
    shared: dict[str, JsonSchema] = {}
    for message in MESSAGES:
        made = with_references(json_schema(message), _as_component)
        shared |= made.pop("$defs", {})
        data[message.name] = _without(made, "$schema", "$id")
    return {**data, **dict(sorted(shared.items())), **HEADERS}


def _as_component(target: str) -> str:
    return target.replace(_DEFINITIONS, _SCHEMAS)


def _without(schema: JsonSchema, *keywords: str) -> JsonSchema:
    return {name: value for name, value in schema.items() if name not in keywords}


def _message(message: PublishedMessage) -> dict[str, Any]:
    made: dict[str, Any] = {
        "name": message.name,
        "title": message.name,
        "summary": f"{message.summary}.",
        "tags": [{"name": message.kind.value}],
        "contentType": names.JSON_CONTENT.decode(),
        "headers": _headers(message),
        "payload": reference("components", "schemas", message.name),
        "bindings": keyed_by({**_NAME, "description": "The order id."}),
        "examples": _examples(message),
    }
    if message.kind in _CORRELATED:
        made["correlationId"] = {
            "location": f"$message.header#/{names.REPLY_CORRELATION}",
            "description": HEADERS[names.REPLY_CORRELATION]["description"],
        }
    return made


def _headers(message: PublishedMessage) -> JsonSchema:
    """The headers' schema, where what all messages say alike is told once."""
    schema = header_schema(message)
    properties = {
        name: reference("components", "schemas", name)
        if schema_of is HEADERS.get(name)
        else schema_of
        for name, schema_of in schema["properties"].items()
    }
    return {**schema, "properties": properties}


def _examples(message: PublishedMessage) -> list[dict[str, Any]]:
    example = partial(_example, header_example(message))
    if message.kind is Kind.RESULT:
        return [example("accepted", data_example(message)), example("rejected", refused_example())]
    return [example(message.kind.value, data_example(message))]


def _example(headers: Mapping[str, str], name: str, data: Mapping[str, Any]) -> dict[str, Any]:
    return {"name": name, "headers": dict(headers), "payload": dict(data)}
