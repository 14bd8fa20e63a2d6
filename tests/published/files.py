"""The published files as they are checked in."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from jsonschema import Draft202012Validator, FormatChecker

from workers.contract.envelope import header_schema
from workers.contract.messages import MESSAGES

ROOT: Final = Path(__file__).parents[2]
DOCS: Final = ROOT / "docs"
PAGE: Final = DOCS / "asyncapi.html"
SCHEMAS: Final[dict[str, Any]] = {
    file.stem: json.loads(file.read_text(encoding="utf-8"))
    for file in sorted((DOCS / "schemas").glob("*.json"))
}
DOCUMENT: Final[dict[str, Any]] = json.loads((DOCS / "asyncapi.json").read_text(encoding="utf-8"))

_FORMATS: Final = FormatChecker(())
_DATA: Final = {
    name: Draft202012Validator(schema, format_checker=_FORMATS) for name, schema in SCHEMAS.items()
}
_HEADERS: Final = {
    message.name: Draft202012Validator(header_schema(message), format_checker=_FORMATS)
    for message in MESSAGES
}


@_FORMATS.checks("date-time", ValueError)
def _is_a_time(text: object) -> bool:
    """RFC 3339 with an offset, which `jsonschema` alone does not look at."""
    return not isinstance(text, str) or datetime.fromisoformat(text).tzinfo is not None


def data_faults(message_type: str, data: object) -> list[str]:
    """What is wrong with the data of a message, says its published schema."""
    return [f"{e.json_path}: {e.message}" for e in _DATA[message_type].iter_errors(data)]


def header_faults(message_type: str, headers: object) -> list[str]:
    """What is wrong with the headers of a message, as an object of texts."""
    return [f"{e.json_path}: {e.message}" for e in _HEADERS[message_type].iter_errors(headers)]
