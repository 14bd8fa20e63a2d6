"""A dead letter is the record as it was, with five headers that say why."""

from __future__ import annotations

from tests.stream.records import Record
from workers.stream.dead_letters import dead_letter
from workers.stream.json_text import UnreadableError


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
