"""The published files as the code makes them now, by their names in `docs/`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from workers.cli.asyncapi import document_of, document_text
from workers.contract.json_schemas import json_schemas
from workers.settings import Settings

if TYPE_CHECKING:
    from workers.contract.asyncapi import Document

PAGE: Final = "asyncapi.html"


def current_document() -> Document:
    """The AsyncAPI document with the default settings, whatever this machine has."""
    return document_of(Settings.model_construct())


def current_files() -> dict[str, str]:
    """All files but the page."""
    schemas = {f"schemas/{name}.json": _text(schema) for name, schema in json_schemas().items()}
    return {**schemas, "asyncapi.json": document_text(current_document())}


def _text(schema: dict[str, Any]) -> str:
    return orjson.dumps(schema, option=orjson.OPT_INDENT_2).decode() + "\n"
