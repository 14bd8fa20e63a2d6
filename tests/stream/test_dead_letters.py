"""A dead letter is the record as it was, with five headers that say why."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.orders.records import as_read
from tests.stream.records import Record
from workers.stream.json_text import UnreadableError
from workers.stream.writing.dead_letters import (
    Mark,
    Place,
    Settled,
    as_it_was,
    dead_letter,
    fault_of,
    is_mark,
    mark,
    read_mark,
)

if TYPE_CHECKING:
    from workers.stream.ports import InboundRecord


def test_everything_is_kept_and_the_reason_is_added() -> None:
    """Key, value, headers (doubled and null ones, too), partition and time are as they were."""
    missing: bytes = None  # type: ignore[assignment]  # Kafka's null, which clients do hand over
    headers = [("a", b"\xff"), ("a", b""), ("none", missing)]
    record = Record(b"\x00", headers, b"\x01", "orders.commands", 7, 42, 1_600_000_000_001)
    letter = dead_letter(record, UnreadableError("not JSON: line 1"))
    assert (letter.topic, letter.partition) == ("dlq.orders.commands", 7)
    assert (letter.key, letter.value, letter.timestamp) == (b"\x01", b"\x00", 1_600_000_000_001)
    assert list(letter.headers) == [
        *headers,
        ("__dlq.errors.topic", b"orders.commands"),
        ("__dlq.errors.partition", b"7"),
        ("__dlq.errors.offset", b"42"),
        ("__dlq.errors.message", b"not JSON: line 1"),
        ("__dlq.errors.exception", b"UnreadableError"),
    ]


def test_any_exception_makes_a_letter() -> None:
    """A message that is long or no valid text is cut and replaced, never a second failure."""
    letter = dead_letter(Record(None), ValueError("\ud800" + "x" * 5000))
    found = dict(letter.headers)
    assert found["__dlq.errors.message"].startswith(b"?xxx")
    assert len(found["__dlq.errors.message"]) == 1024
    assert found["__dlq.errors.exception"] == b"ValueError"
    assert (letter.key, letter.value) == (None, None)


def test_the_record_is_found_again() -> None:
    """What is taken out of a letter is what was put in, headers that look like ours included."""
    headers = [("__dlq.errors.topic", b"a client's own"), ("a", b"1")]
    record = Record(b"v", headers, b"k", "orders.replies", 7, 42, 1_600_000_000_001)
    letter = as_read(dead_letter(record, ValueError("why")), offset=3)
    assert as_it_was(letter) == (*record[3:6], record.timestamp, b"k", b"v", headers)
    assert fault_of(letter) == (headers, (("orders.replies", 7, 42), "why", "ValueError", 0))


def test_a_value_that_no_letter_has_room_for_is_left_out() -> None:
    """The rest of the letter is as it was, and tells how many bytes are missing."""
    headers = [("ce_id", b"1")]
    record = Record(bytes(16 * 1024 * 1024), headers, b"k", "orders.commands", 7, 42)
    letter = as_read(dead_letter(record, ValueError("why")), offset=3)
    assert (letter.key, letter.value) == (b"k", None)
    assert letter.headers[-1] == ("__dlq.errors.omitted", b"16777216")
    assert fault_of(letter) == (headers, (("orders.commands", 7, 42), "why", "ValueError", 1 << 24))


def test_headers_that_no_letter_has_room_for_are_left_out_with_all_the_rest() -> None:
    """Many names alone are too many bytes, too; the letter still tells where the record is."""
    record = Record(b"v", [("a" * (1 << 20), b"")] * 16, b"k", "orders.commands", 7, 42)
    letter = as_read(dead_letter(record, ValueError("why")), offset=3)
    assert as_it_was(letter) == ("orders.commands", 7, 42, letter.timestamp, None, None, [])
    assert fault_of(letter)[1].omitted_bytes == (1 << 24) + 2


def test_nothing_is_left_out_because_a_client_says_so() -> None:
    """A client's own header of that name is one of the record's, at the end of it as well."""
    record = Record(b"v", [("__dlq.errors.omitted", b"9")], b"k", "orders.commands", 7, 42)
    letter = as_read(dead_letter(record, ValueError("why")), offset=3)
    headers, fault = fault_of(letter)
    assert (headers, fault.omitted_bytes) == ([("__dlq.errors.omitted", b"9")], 0)


@pytest.mark.parametrize(
    "letter",
    [
        Record(b"v", [], None, "dlq.orders.commands"),
        Record(b"v", [("__dlq.errors.topic", b"orders.commands")], None, "dlq.orders.commands"),
        as_read(dead_letter(Record(b"v", topic="orders.events"), ValueError()), offset=0),
    ],
)
def test_what_is_no_letter(letter: InboundRecord) -> None:
    """A record without the five headers at its end, or of a topic that nobody reads, is refused."""
    with pytest.raises(ValueError, match="dead letter"):
        fault_of(letter)


@pytest.mark.parametrize("settled", list(Settled))
def test_a_mark_says_what_was_done_about_which_record(settled: Settled) -> None:
    """It lies in the partition of the letters that it settles, and says so in headers alone."""
    place = Place("orders.replies", 7, 42)
    written = mark(place, settled, "nobody misses it")
    assert written[:4] == ("dlq.orders.replies", 7, None, None)
    assert is_mark(as_read(written, offset=1))
    assert read_mark(as_read(written, offset=1)) == Mark(place, settled, "nobody misses it")


def test_a_letter_is_no_mark() -> None:
    """Not even one of a record that has nothing but the headers of a mark."""
    poison = as_read(mark(Place("orders.replies", 7, 42), Settled.REPLAYED), offset=1)
    elsewhere = replace(poison, topic="orders.commands")
    assert not is_mark(elsewhere)
    assert not is_mark(as_read(dead_letter(elsewhere, ValueError()), offset=2))
