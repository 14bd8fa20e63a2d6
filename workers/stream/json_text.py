"""JSON as it comes from outside: read only where it is not nested deeper than anybody needs."""

from __future__ import annotations

import re
from typing import Any, Final

import orjson

from schemas.limits import MAX_JSON_DEPTH

# The closing quote is optional, or a text without one would be searched again from each quote.
# Possessive, for a megabyte of text must take milliseconds: a batch may have many of them.
_JSON_TEXT: Final = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?', re.DOTALL)
_OPENING: Final = b"[{"
_NOT_BRACKETS: Final = bytes(byte for byte in range(256) if byte not in b"[]{}")


class UnreadableError(Exception):
    """The record is no CloudEvent with an id that we could answer: it goes to the dead letters."""


def read_json(value: bytes) -> Any:  # noqa: ANN401 - whatever the JSON holds
    """Parse JSON.

    Raises:
        UnreadableError: not JSON, or nested deeper than the limit.
    """
    brackets = value.count(b"[") + value.count(b"{")
    if brackets > MAX_JSON_DEPTH and depth_of(value) > MAX_JSON_DEPTH:
        message = f"JSON is nested deeper than {MAX_JSON_DEPTH}"
        raise UnreadableError(message)
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError as error:
        message = f"not JSON: {error}"
        raise UnreadableError(message) from error


def depth_of(value: bytes) -> int:
    """The deepest nesting of arrays and objects, without parsing and without recursion."""
    depth = deepest = 0
    for bracket in _JSON_TEXT.sub(b"", value).translate(None, _NOT_BRACKETS):
        depth += 1 if bracket in _OPENING else -1
        deepest = max(deepest, depth)
    return deepest
