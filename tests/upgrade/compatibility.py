"""Whether a changed JSON Schema breaks those who keep to the old one; `jsoncompat` decides."""

from __future__ import annotations

import json
from typing import Any

import jsoncompat

Schema = dict[str, Any]


def accepts_all_of(new: Schema, old: Schema) -> bool:
    """Whether `new`, with which others' messages are read, accepts all that `old` did.

    A writer is taken to write the fields of `old` and none besides: another optional field, which
    a reader of `old` would have ignored, is no breach.
    """
    written = _without_id(_closed(old))
    return bool(jsoncompat.check_compat(written, _without_id(new), "deserializer"))


def fits(new: Schema, old: Schema) -> bool:
    """Whether all that `new` describes fits `old`, by which others read it."""
    return bool(jsoncompat.check_compat(_without_id(old), _without_id(new), "serializer"))


def _without_id(schema: Schema) -> str:
    """As text; `jsoncompat` would take the schema's own name for a reference."""
    return json.dumps({name: value for name, value in schema.items() if name != "$id"})


def _closed(schema: Any) -> Any:  # noqa: ANN401 - any JSON
    """The same, where objects have no unknown fields."""
    match schema:
        case {"type": "object"}:
            inner = {name: _closed(value) for name, value in schema.items()}
            return {**inner, "additionalProperties": False}
        case dict():
            return {name: _closed(value) for name, value in schema.items()}
        case list():
            return [_closed(item) for item in schema]
        case _:
            return schema
