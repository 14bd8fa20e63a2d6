"""The published schemas of today against those of each release: what may change, and what not."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.upgrade.compatibility import Schema, accepts_all_of, fits
from workers.contract.json_schemas import json_schemas
from workers.contract.messages import MESSAGES, WRITTEN_BY_OTHERS

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.upgrade.release import Release

READ_HERE = {message.name for message in MESSAGES if message.kind in WRITTEN_BY_OTHERS}
TODAY = json_schemas()


def _goes_on_working(message_type: str, old: Schema, new: Schema) -> bool:
    """Whether whoever keeps to the old schema notices nothing."""
    return accepts_all_of(new, old) if message_type in READ_HERE else fits(new, old)


def test_no_message_is_gone(release: Release) -> None:
    """Every type that a release had is still there."""
    assert release.schemas().keys() <= TODAY.keys()


def test_commands_and_replies_may_say_what_they_said(release: Release) -> None:
    """Whatever a release accepted from others is accepted: clients need no change."""
    for name in READ_HERE & release.schemas().keys():
        assert _goes_on_working(name, release.schemas()[name], TODAY[name]), name


def test_what_is_told_has_all_that_it_had(release: Release) -> None:
    """Results, events, snapshots and requests fit the release's schemas: readers need no change."""
    for name in release.schemas().keys() - READ_HERE:
        assert _goes_on_working(name, release.schemas()[name], TODAY[name]), name


def _renamed(schema: Schema, old: str, new: str) -> Schema:
    fields = {new if name == old else name: f for name, f in schema["properties"].items()}
    required = [new if name == old else name for name in schema.get("required", [])]
    return {**schema, "properties": fields, "required": required}


def _required(schema: Schema, name: str) -> Schema:
    return {**schema, "required": [*schema.get("required", []), name]}


def _with_field(schema: Schema, name: str, field: Schema) -> Schema:
    return {**schema, "properties": {**schema["properties"], name: field}}


def _without_field(schema: Schema, name: str) -> Schema:
    left = {key: field for key, field in schema["properties"].items() if key != name}
    return {**schema, "properties": left, "required": list({*schema["required"]} - {name})}


def _with_definition(schema: Schema, name: str, **changed: object) -> Schema:
    definitions = schema["$defs"]
    return {**schema, "$defs": {**definitions, name: {**definitions[name], **changed}}}


BREAKING: list[tuple[str, Callable[[Schema], Schema]]] = [
    ("order.create.v1", lambda s: _renamed(s, "customerId", "customer")),
    ("order.create.v1", lambda s: _required(s, "storefrontId")),
    ("order.create.v1", lambda s: _without_field(s, "shipping")),
    ("order.update-status.v1", lambda s: _with_field(s, "status", {"enum": ["shipped"]})),
    ("order.cancel.v1", lambda s: _with_field(s, "reason", {"type": "string", "maxLength": 512})),
    ("customer.invalid.v1", lambda s: _required(s, "message")),
    ("order.result.v1", lambda s: _without_field(s, "outcome")),
    ("order.result.v1", lambda s: _without_field(s, "code")),
    ("order.result.v1", lambda s: _with_field(s, "version", {"type": "string"})),
    ("order.created.v1", lambda s: _renamed(s, "order", "newOrder")),
    ("order.created.v1", lambda s: _with_definition(s, "Status", enum=["pending", "new"])),
    ("order.snapshot.v1", lambda s: _with_field(s, "reason", {"type": ["string", "null"]})),
    ("inventory.reserve.v1", lambda s: _without_field(s, "products")),
]
HARMLESS: list[tuple[str, Callable[[Schema], Schema]]] = [
    ("order.create.v1", lambda s: _with_field(s, "note", {"type": "string"})),
    ("order.update-status.v1", lambda s: _with_field(s, "reason", {})),
    ("customer.invalid.v1", lambda s: _with_field(s, "until", {"type": "string"})),
    ("order.result.v1", lambda s: _with_field(s, "durationMs", {"type": "integer"})),
    ("order.created.v1", lambda s: _required(s, "previousStatus")),
    ("inventory.reserve.v1", lambda s: _with_field(s, "priority", {"type": "integer"})),
]


@pytest.mark.parametrize(
    ("name", "change"), BREAKING, ids=lambda row: row if isinstance(row, str) else ""
)
def test_a_change_that_breaks_others_is_seen(name: str, change: Callable[[Schema], Schema]) -> None:
    """Renaming, demanding, dropping, narrowing what is read, and widening what is told."""
    assert not _goes_on_working(name, TODAY[name], change(TODAY[name]))


@pytest.mark.parametrize(
    ("name", "change"), HARMLESS, ids=lambda row: row if isinstance(row, str) else ""
)
def test_an_addition_is_no_breach(name: str, change: Callable[[Schema], Schema]) -> None:
    """An optional field more, in either direction, breaks nobody."""
    assert _goes_on_working(name, TODAY[name], change(TODAY[name]))
