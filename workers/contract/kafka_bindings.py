"""What the AsyncAPI document says in terms of Kafka alone, such as the key of a message."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from workers.contract.json_schemas import JsonSchema

KAFKA_BINDING: Final = "0.5.0"
"""The version of AsyncAPI's Kafka bindings that the document uses."""


def keyed_by(key: JsonSchema) -> dict[str, Any]:
    """The bindings of a message whose record has this key."""
    return {"kafka": {"key": key, "bindingVersion": KAFKA_BINDING}}
