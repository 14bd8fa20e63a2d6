"""A record goes back as it was; a corrected one must be a message, and the same one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import orjson
import pytest

from tests.orders.records import as_read, command_record
from workers.operating.settling import CorrectionError, again, corrected
from workers.stream.writing.dead_letters import as_it_was, dead_letter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.stream.writing.dead_letters import AsItWas

RECORD = command_record("order-1", "create", offset=7)
STRUCTURED = [("content-type", b"application/cloudevents+json")]


def dead(value: bytes, headers: Sequence[tuple[str, bytes]] = RECORD.headers) -> AsItWas:
    """A record with this value, as it is found in its dead letter."""
    record = replace(RECORD, value=value, headers=headers)
    return as_it_was(as_read(dead_letter(record, ValueError("no")), offset=0))


def event(identity: str) -> bytes:
    """A whole CloudEvent as a value."""
    attributes = {"specversion": "1.0", "source": "/shop", "type": "order.create.v1"}
    return orjson.dumps({**attributes, "id": identity, "data": {}})


def test_a_record_goes_back_as_it_was() -> None:
    """Topic, partition, key, value and headers are those of the record, its time is now."""
    back = again(dead(b"{no"))
    assert (back.topic, back.partition) == (RECORD.topic, RECORD.partition)
    assert (back.key, back.value, list(back.headers)) == (RECORD.key, b"{no", RECORD.headers)
    assert back.timestamp is None


def test_a_value_is_corrected() -> None:
    """Everything but the value stays."""
    found = corrected(dead(b"{no"), b'{"customerId": "c"}')
    assert found == dead(b"{no")._replace(value=b'{"customerId": "c"}')


def test_an_event_that_could_not_be_read_is_corrected() -> None:
    """Where no id could be read, any may be given."""
    assert corrected(dead(b"{no", STRUCTURED), event("any")).value == event("any")


@pytest.mark.parametrize("value", [b"{no", b"[" * 40 + b"]" * 40, b"x" * 1_000_001])
def test_a_correction_that_is_no_message(value: bytes) -> None:
    """What would be a dead letter again is refused, and says why."""
    with pytest.raises(CorrectionError, match="would be a dead letter again: "):
        corrected(dead(b"{no"), value)


def test_a_correction_that_is_another_message() -> None:
    """An id that was there stays: the sender knows the command by it."""
    assert corrected(dead(event("one"), STRUCTURED), event("one"))
    with pytest.raises(CorrectionError, match="another message, two of /shop"):
        corrected(dead(event("one"), STRUCTURED), event("two"))
