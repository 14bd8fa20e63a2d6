"""The JSON Schemas in `docs/schemas`: current, complete, and of one mind with the service."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from docs.publishing.files import current_files
from schemas.commands import CommandType
from schemas.events import SNAPSHOT_TYPE, EventType
from schemas.replies import ReplyType
from schemas.requests import RequestType
from schemas.results import RESULT_TYPE
from tests.published.files import DOCS, SCHEMAS, data_faults
from tests.schemas.test_commands import ACCEPTED, REFUSED, REQUIRED
from workers.contract.messages import MESSAGES, WRITTEN_BY_OTHERS

# What JSON Schema cannot say: a whole number written as 1.0 is whole to it, and it compares
# whole items, not one field of them.
BEYOND_JSON_SCHEMA: list[dict[str, Any]] = [
    {"products": [{"productId": "p1", "quantity": 1.0}]},
    {"products": [{"productId": "p1", "quantity": 1}] * 2},
    {"expectedVersion": 1.0},
]


def test_the_files_are_those_that_the_code_makes() -> None:
    """What is checked in is what the models say now; if not: make contract."""
    there = {f"schemas/{file.name}" for file in (DOCS / "schemas").iterdir()} | {"asyncapi.json"}
    current = current_files()
    assert there == current.keys()
    assert [
        n for n, text in current.items() if (DOCS / n).read_text(encoding="utf-8") != text
    ] == []


def test_every_type_has_its_schema() -> None:
    """Commands, results, events, snapshots, requests and replies, each in a file of its own."""
    types = {*CommandType, *EventType, *RequestType, *ReplyType, RESULT_TYPE, SNAPSHOT_TYPE}
    assert SCHEMAS.keys() == {str(name) for name in types}


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_schema_stands_alone(name: str) -> None:
    """It is valid, says what it is, names no host, and refers to nothing outside itself."""
    schema = SCHEMAS[name]
    Draft202012Validator.check_schema(schema)
    assert schema["$id"] == f"urn:order-management-service:schema:{name}"
    assert schema["title"] == name
    text = str(schema)
    assert set(re.findall(r"https?://[^\s']+", text)) == {schema["$schema"]}
    assert set(re.findall(r"'\$ref': '([^']*/)", text)) <= {"#/$defs/"}


@pytest.mark.parametrize(("command", "changed"), ACCEPTED, ids=str)
def test_what_the_service_accepts_is_valid(command: CommandType, changed: dict[str, Any]) -> None:
    """Every row of accepted commands passes the published schema as well."""
    assert data_faults(command, {**REQUIRED[command], **changed}) == []


@pytest.mark.parametrize(("command", "changed", "_path"), REFUSED, ids=str)
def test_what_the_service_refuses_is_invalid(
    command: CommandType, changed: dict[str, Any], _path: str
) -> None:
    """Every row of refused commands fails the published schema, but what no schema can say."""
    beyond = [json.dumps(one) for one in BEYOND_JSON_SCHEMA]
    found = data_faults(command, {**REQUIRED[command], **changed})
    assert bool(found) != (json.dumps(changed) in beyond)


@pytest.mark.parametrize(
    "message", [m for m in MESSAGES if m.kind not in WRITTEN_BY_OTHERS], ids=lambda m: m.name
)
def test_what_the_service_writes_is_never_null(message: Any) -> None:  # noqa: ANN401 - a row
    """Absent fields are left out: no schema of an output has null as a type."""
    assert "'null'" not in str(SCHEMAS[message.name])
