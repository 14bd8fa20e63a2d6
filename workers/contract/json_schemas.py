"""The JSON Schema of every message's data, from the models that the service itself reads with.

JSON Schema 2020-12: https://json-schema.org/draft/2020-12
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pydantic.json_schema import GenerateJsonSchema

from workers.contract.messages import MESSAGES, WRITTEN_BY_OTHERS, PublishedMessage

if TYPE_CHECKING:
    from collections.abc import Callable

    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import core_schema

JsonSchema = dict[str, Any]

_DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_IDENTITY: Final = "urn:order-management-service:schema:"
_READING_ORDER: Final = (
    "title",
    "description",
    "type",
    "properties",
    "required",
    "additionalProperties",
    "$defs",
)


class _Incoming(GenerateJsonSchema):
    """What others write: null stands for absent in optional fields."""

    def field_title_should_be_set(self, schema: object) -> bool:  # noqa: ARG002 - pydantic's signature
        """The name says it."""
        return False

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        """Absent is absent: no value is put in its place."""
        return self.generate_inner(schema["schema"])

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """Either of both, in one word where the type is one word."""
        found = super().nullable_schema(schema)
        match found:
            case {"anyOf": [{"type": str(name)} as inner, {"type": "null"}]}:
                return {**inner, "type": [name, "null"]}
            case _:
                return found


class _Outgoing(_Incoming):
    """What the service writes: absent fields are left out, and null is nowhere."""

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        """The value alone."""
        return self.generate_inner(schema["schema"])


def json_schema(message: PublishedMessage) -> JsonSchema:
    """The schema of a message's data, complete in itself."""
    generator = _Incoming if message.kind in WRITTEN_BY_OTHERS else _Outgoing
    made = message.model.model_json_schema(by_alias=True, schema_generator=generator)
    made |= {"title": message.name, "description": f"{message.summary}."}
    first = {"$schema": _DIALECT, "$id": f"{_IDENTITY}{message.name}"}
    in_order: JsonSchema = {name: made.pop(name) for name in _READING_ORDER if name in made}
    return {**first, **in_order, **made}


def json_schemas() -> dict[str, JsonSchema]:
    """The schemas of all messages, by their type."""
    return {message.name: json_schema(message) for message in MESSAGES}


def with_references(schema: Any, changed: Callable[[str], str]) -> Any:  # noqa: ANN401 - any JSON
    """The same with every `$ref` changed."""
    match schema:
        case dict():
            return {
                name: changed(value)
                if name == "$ref" and isinstance(value, str)
                else with_references(value, changed)
                for name, value in schema.items()
            }
        case list():
            return [with_references(item, changed) for item in schema]
        case _:
            return schema
