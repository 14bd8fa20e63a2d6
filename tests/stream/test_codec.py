"""What the codec accepts, what it only notes as a fault, and what it sets aside."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.headers import ReplyAddress
from schemas.topics import OWN_TOPICS
from tests.stream.records import Record, envelope
from workers.stream.codec import CloudEvent, decode, reply_headers
from workers.stream.json_text import UnreadableError, depth_of, read_json

if TYPE_CHECKING:
    from collections.abc import Callable

_SPRING = "kafka_correlationId"


def read(headers: list[tuple[str, bytes]], value: bytes | None = b"{}") -> CloudEvent:
    """Decode a command with these headers beside the envelope."""
    return decode(Record(value, [*envelope(), *headers]))


def test_the_key_is_told_beside_the_subject() -> None:
    """The codec tells key and subject apart; which of them holds is the reader's rule."""
    event = decode(Record(b"{}", envelope(subject=b"o-1"), key=b"o-2"))
    assert (event.subject, event.key) == ("o-1", "o-2")


@pytest.mark.parametrize("key", [None, b"", b"\xff\xfe"])
def test_a_key_that_is_no_text_is_none(key: bytes | None) -> None:
    """A missing, empty or binary key does not stand in for the subject."""
    assert decode(Record(b"{}", envelope(), key=key)).key is None


@pytest.mark.parametrize(
    ("raw", "partition"),
    [
        pytest.param((7).to_bytes(4, "big"), 7, id="Spring: four bytes, big-endian"),
        pytest.param((70_000).to_bytes(4, "big"), 70_000, id="Spring: a large one"),
        pytest.param(b"11", 11, id="NestJS: ASCII digits"),
        pytest.param(b"1234", 1234, id="four digits are digits"),
        pytest.param(b"0", 0, id="the first partition"),
        pytest.param((-1).to_bytes(4, "big", signed=True), None, id="negative"),
        pytest.param(b"-1", None, id="negative digits"),
        pytest.param(b"", None, id="empty"),
        pytest.param(b"one", None, id="a word"),
        pytest.param(b"9" * 40, None, id="far too large"),
        pytest.param("٣".encode(), None, id="digits of another script"),
    ],
)
def test_reply_partition(raw: bytes, partition: int | None) -> None:
    """A reply partition is read as digits or as four bytes; anything else is as if absent."""
    event = read(
        [("kafka_replyTopic", b"mine"), (_SPRING, b"\x00\x01"), ("kafka_replyPartition", raw)]
    )
    assert event.reply == ReplyAddress("mine", partition, _SPRING, b"\x00\x01")
    assert event.faults == ()


def test_reply_address_of_faststream() -> None:
    """FastStream's names are understood, and its correlation comes back under its own name."""
    event = read([("reply_to", b"mine"), ("correlation_id", b"abc")])
    assert event.reply == ReplyAddress("mine", None, "correlation_id", b"abc")
    assert event.reply is not None
    assert reply_headers([("a", b"b")], event.reply) == [("a", b"b"), ("correlation_id", b"abc")]


def test_a_reply_without_correlation_adds_no_header() -> None:
    """A client that sent no correlation gets none back."""
    event = read([("kafka_replyTopic", b"mine")])
    assert event.reply is not None
    assert event.reply.correlation is None
    assert reply_headers([("a", b"b")], event.reply) == [("a", b"b")]


@pytest.mark.parametrize("topic", sorted(OWN_TOPICS))
def test_own_topics_are_no_reply_topics(topic: str) -> None:
    """Nobody can make the service write its own topics by naming one as a reply topic."""
    assert read([("kafka_replyTopic", topic.encode()), (_SPRING, b"1")]).reply is None


def test_correlation_of_any_bytes_is_kept() -> None:
    """The correlation is bytes, not text, and reaches the caller untouched."""
    raw = bytes(range(256))
    event = read([("kafka_replyTopic", b"mine"), (_SPRING, raw)])
    assert event.correlation == raw
    assert event.reply is not None
    assert event.reply.correlation == raw


@pytest.mark.parametrize("name", ["id", "source", "type"])
@pytest.mark.parametrize(
    "value",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\xff", id="not UTF-8"),
        pytest.param(b"x" * 1025, id="over 1 KiB"),
    ],
)
def test_required_attributes(name: str, value: bytes) -> None:
    """Without a usable id, source or type there is nobody to answer: the record is set aside."""
    with pytest.raises(UnreadableError, match=f"ce_{name}"):
        decode(Record(b"{}", envelope(**{name: value})))


@pytest.mark.parametrize("name", ["ce_id", "ce_source", "ce_type"])
def test_missing_attributes(name: str) -> None:
    """The message of the refusal names the header that is missing."""
    headers = [(key, value) for key, value in envelope() if key != name]
    with pytest.raises(UnreadableError, match=f"{name} is missing"):
        decode(Record(b"{}", headers))


@pytest.mark.parametrize("version", [b"0.3", b"1.1", b"", b"\xff"])
def test_other_versions_are_set_aside(version: bytes) -> None:
    """Only CloudEvents 1.0 is read."""
    with pytest.raises(UnreadableError, match="ce_specversion"):
        decode(Record(b"{}", envelope(specversion=version)))


@pytest.mark.parametrize("name", ["id", "source", "subject"])
def test_names_of_128_characters_are_the_longest(name: str) -> None:
    """Characters count, not bytes: 128 of four bytes each pass, one more is a fault."""
    longest = ("𝄞" * 128).encode()
    assert decode(Record(b"{}", envelope(**{name: longest}))).faults == ()
    [(path, message)] = decode(Record(b"{}", envelope(**{name: longest + b"x"}))).faults
    assert path == name
    assert "129 characters" in message


def test_a_long_key_is_a_fault() -> None:
    """The key may stand in for the subject and is held to the same limit."""
    [(path, _)] = decode(Record(b"{}", envelope(), key=b"k" * 129)).faults
    assert path == "key"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ce_subject", b"\xff"),
        ("ce_subject", b"x" * 1025),
        ("ce_correlationid", b"\xff"),
        ("ce_correlationid", b"x" * 1025),
        ("kafka_replyTopic", b"\xff"),
        ("kafka_replyTopic", b"x" * 1025),
    ],
)
def test_optional_headers_beyond_the_limits_are_faults(name: str, value: bytes) -> None:
    """A command with an unusable optional header can be answered, so it is no dead letter."""
    assert [path for path, _ in read([(name, value)]).faults] == [name]


def test_a_correlation_over_1_kib_is_a_fault_and_gets_no_copy() -> None:
    """What cannot be echoed within the limit is not echoed at all."""
    event = read([("kafka_replyTopic", b"mine"), (_SPRING, b"x" * 1025)])
    assert event.reply is None
    assert [path for path, _ in event.faults] == [_SPRING]


def test_headers_together_are_limited() -> None:
    """Headers go along with what is passed on or answered, which they would make too large."""
    rest = 65_536 - sum(len(name) + len(value) for name, value in envelope())
    assert read([("x", b"y" * (rest - 1))]).faults == ()
    with pytest.raises(UnreadableError, match="headers have 65537 bytes; the limit is 65536"):
        read([("x", b"y" * rest)])


def test_null_header_values_are_as_if_absent() -> None:
    """Kafka allows a header without a value: optional ones do not count, required ones miss."""
    missing: bytes = None  # type: ignore[assignment]  # Kafka's null, which clients do hand over
    names = ("ce_subject", "ce_correlationid", "kafka_replyTopic", "content-type", "traceparent")
    event = read([(name, missing) for name in names])
    assert (event.subject, event.correlation_id, event.reply, event.trace_parent) == (None,) * 4
    assert event.faults == ()
    with pytest.raises(UnreadableError, match="ce_id"):
        decode(Record(b"{}", envelope(id=missing)))


def test_of_duplicate_headers_the_last_holds() -> None:
    """A header that comes twice is read as its last value, as Spring and Kafka's tools read it."""
    assert read([("ce_subject", b"first"), ("ce_subject", b"last")]).subject == "last"


def test_trace_context_comes_from_headers_or_from_the_extension() -> None:
    """Both places that tracing libraries write to are read; the plain header holds."""
    assert read([("ce_traceparent", b"00-a")]).trace_parent == "00-a"
    assert read([("ce_traceparent", b"00-a"), ("traceparent", b"00-b")]).trace_parent == "00-b"
    assert read([("tracestate", b"k=v")]).trace_state == "k=v"
    assert read([("tracestate", b"k" * 1025)]).trace_state is None


def test_values_up_to_1_mb() -> None:
    """One million bytes are read, one more is set aside, and the refusal tells the limit."""
    assert len(read([], b"x" * 1_000_000).data or b"") == 1_000_000
    with pytest.raises(UnreadableError, match="1000001 bytes; the limit is 1000000"):
        read([], b"x" * 1_000_001)


@pytest.mark.parametrize("opening", [b"[", b'{"a":'])
def test_nesting_of_16_is_the_deepest(opening: bytes) -> None:
    """Sixteen levels are parsed, seventeen are set aside before anything recurses."""
    closing = b"]" if opening == b"[" else b"}"
    read_json(opening * 16 + (b"1") + closing * 16)
    with pytest.raises(UnreadableError, match="deeper than 16"):
        read_json(opening * 17 + b"1" + closing * 17)


@given(
    st.recursive(
        st.text(alphabet='[]{}"\\\n,:a', max_size=12),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
        max_leaves=20,
    )
)
def test_depth_counts_only_real_brackets(data: object) -> None:
    """Brackets, quotes and backslashes inside texts do not count as nesting."""
    assert depth_of(json.dumps(data).encode()) == _depth(data)


def _depth(data: object) -> int:
    if isinstance(data, dict):
        return 1 + max(map(_depth, data.values()), default=0)
    if isinstance(data, list):
        return 1 + max(map(_depth, data), default=0)
    return 0


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(b'"' + b'\\"' * 499_000, id="a text without its closing quote"),
        pytest.param(b'"\n' * 400_000, id="quotes and line breaks"),
        pytest.param(b'"\\\n' * 300_000, id="escaped line breaks"),
        pytest.param(b"[" * 999_999, id="only brackets"),
        pytest.param(b"\\" * 999_999, id="only backslashes"),
    ],
)
def test_hostile_json_costs_no_more_than_its_size(value: bytes) -> None:
    """One megabyte made to be slow takes processor time as any other: far below ten seconds."""
    began = time.process_time()
    with pytest.raises(UnreadableError):
        read_json(value)
    assert time.process_time() - began < 10


def test_a_long_text_costs_little_more_than_to_parse_it() -> None:
    """A thousand commands of a megabyte each may come in one batch, which nothing interrupts."""
    value = json.dumps(["[" * 900_000] * 2 + [[]] * 20).encode()
    measured = min(_seconds(depth_of, value) for _ in range(5))
    parsed = min(_seconds(json.loads, value) for _ in range(5))
    assert measured < 20 * parsed


def _seconds(work: Callable[[bytes], object], value: bytes) -> float:
    began = time.process_time()
    work(value)
    return time.process_time() - began


@pytest.mark.parametrize("value", [b"", b"nul", b"{", b'{"a":}', b"\xff", b"NaN", b'"\\ud800"'])
def test_what_is_not_json_is_said_so(value: bytes) -> None:
    """The refusal of broken JSON says that it is not JSON."""
    with pytest.raises(UnreadableError, match="not JSON"):
        read_json(value)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "not JSON"),
        (b"[]", "not a JSON object"),
        (b"1", "not a JSON object"),
        (b'{"specversion":"1.0","id":"1","source":"s"}', "ce_type is missing"),
        (b'{"specversion":1.0,"id":"1","source":"s","type":"t"}', "ce_specversion"),
        (b'{"specversion":"1.0","id":7,"source":"s","type":"t"}', "ce_id is missing"),
    ],
)
def test_structured_events_that_are_none(value: bytes | None, message: str) -> None:
    """A structured event is held to the same required attributes, and texts must be texts."""
    with pytest.raises(UnreadableError, match=message):
        decode(Record(value, [("content-type", b"application/cloudevents+json")]))


@pytest.mark.parametrize("data", ["1", "[]", "{}", "null", '"a"', '"=A=="', '"ä"'])
def test_data_base64_must_be_base64(data: str) -> None:
    """What is not base64 is set aside and not guessed at."""
    value = f'{{"specversion":"1.0","id":"1","source":"s","type":"t","data_base64":{data}}}'
    with pytest.raises(UnreadableError, match="base64"):
        decode(Record(value.encode(), [("content-type", b"application/cloudevents+json")]))


_HEADER_NAMES = st.sampled_from(
    [
        *("ce_specversion", "ce_id", "ce_source", "ce_type", "ce_subject", "ce_correlationid"),
        *("content-type", "traceparent", "kafka_replyTopic", "kafka_replyPartition"),
        *("kafka_correlationId", "correlation_id", "reply_to"),
    ]
) | st.text(max_size=5)
_HEADER_VALUES = st.binary(max_size=20) | st.sampled_from(
    [b"1.0", b"order.create.v1", b"application/cloudevents+json", b"mine"]
)
_STRUCTURED = st.dictionaries(
    st.sampled_from(["specversion", "id", "source", "type", "data", "data_base64", "subject"]),
    st.one_of(st.just("1.0"), st.text(max_size=5), st.integers(), st.lists(st.none()), st.none()),
)


@given(
    headers=st.lists(st.tuples(_HEADER_NAMES, _HEADER_VALUES), max_size=12),
    value=st.none()
    | st.binary(max_size=200)
    | _STRUCTURED.map(lambda found: json.dumps(found).encode()),
    key=st.none() | st.binary(max_size=10),
)
def test_no_bytes_raise_anything_but_unreadable(
    headers: list[tuple[str, bytes]], value: bytes | None, key: bytes | None
) -> None:
    """Whatever comes over the wire is either read or set aside with a reason."""
    with suppress(UnreadableError):
        event = decode(Record(value, headers, key))
        assert event.id
        assert event.source
        assert event.type
