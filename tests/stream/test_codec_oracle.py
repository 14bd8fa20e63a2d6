"""The codec against the `cloudevents` package, which is the oracle, in both directions."""

from __future__ import annotations

import json
from typing import Any

from cloudevents.http import CloudEvent
from cloudevents.kafka import KafkaMessage, from_binary, to_binary, to_structured
from hypothesis import given
from hypothesis import strategies as st

from tests.stream.records import Record
from workers.stream import codec

_TEXTS = st.text(min_size=1, max_size=60).filter(lambda text: bool(text.strip()))
_EXTENSION_NAMES = st.sampled_from(["correlationid", "causationid", "partitionkey", "shard"])
_EXACT_INTEGERS = st.integers(min_value=-(2**53), max_value=2**53)
_JSON = st.recursive(
    st.none() | st.booleans() | _EXACT_INTEGERS | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4)
    ),
    max_leaves=12,
)


@st.composite
def _events(draw: st.DrawFn) -> CloudEvent:
    attributes: dict[str, str] = {
        "id": draw(_TEXTS),
        "source": draw(_TEXTS),
        "type": draw(_TEXTS),
        "time": "2026-01-31T12:00:00.123Z",
        "datacontenttype": "application/json",
        **draw(st.dictionaries(_EXTENSION_NAMES, _TEXTS)),
    }
    if draw(st.booleans()):
        attributes["subject"] = draw(_TEXTS)
    return CloudEvent(attributes, draw(_JSON))


@given(_events())
def test_binary_mode_is_read_as_the_package_wrote_it(event: CloudEvent) -> None:
    """Attributes, key and data of an event that the package wrote in binary mode come through."""
    message = to_binary(event)
    read = codec.decode(_record(message))
    _assert_same(read, event)
    assert json.loads(read.data or b"") == event.data
    key = event.get("partitionkey")
    assert read.key == key


@given(_events())
def test_structured_mode_is_read_as_the_package_wrote_it(event: CloudEvent) -> None:
    """The package labels structured events with the data's content type; they are read as well."""
    message = to_structured(event)
    read = codec.decode(_record(message))
    _assert_same(read, event)
    assert _data(read) == event.data


@given(_events())
def test_structured_mode_is_read_with_its_own_content_type(event: CloudEvent) -> None:
    """The label that the specification asks for is understood, with parameters and in capitals."""
    message = to_structured(event)
    label = ("content-type", b"Application/CloudEvents+JSON; charset=UTF-8")
    read = codec.decode(Record(_bytes(message.value), [label]))
    _assert_same(read, event)
    assert _data(read) == event.data


@given(data=st.binary(min_size=1, max_size=60))
def test_base64_data_is_decoded(data: bytes) -> None:
    """Data that the package wrote as `data_base64` comes out as the bytes that went in."""
    event = CloudEvent({"id": "1", "source": "/s", "type": "t"}, data)
    assert codec.decode(_record(to_structured(event))).data == data


@given(
    texts=st.fixed_dictionaries(
        dict.fromkeys(
            ("event_id", "source", "event_type", "subject", "correlation", "cause"), _TEXTS
        )
    ),
    version=st.none() | st.integers(min_value=1, max_value=1000),
)
def test_the_package_reads_what_is_written(texts: dict[str, str], version: int | None) -> None:
    """Every header that the codec writes is the attribute that the package reads."""
    headers = codec.encode_headers(
        event_id=texts["event_id"],
        source=texts["source"].encode(),
        event_type=texts["event_type"],
        time=b"2026-01-31T12:00:00.123Z",
        subject=texts["subject"],
        correlation_id=texts["correlation"],
        causation_id=texts["cause"],
        order_version=version,
        trace_parent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    )
    event = from_binary(KafkaMessage(dict(headers), None, b'{"a":1}'))
    expected = {
        "specversion": "1.0",
        "id": texts["event_id"],
        "source": texts["source"],
        "type": texts["event_type"],
        "time": "2026-01-31T12:00:00.123Z",
        "datacontenttype": "application/json",
        "subject": texts["subject"],
        "correlationid": texts["correlation"],
        "causationid": texts["cause"],
    }
    if version is not None:
        expected["orderversion"] = str(version)
    assert event.get_attributes() == expected
    assert event.data == {"a": 1}
    assert ("traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01") in headers


def _record(message: KafkaMessage) -> Record:
    key = message.key
    return Record(
        _bytes(message.value),
        list(message.headers.items()),
        key.encode() if isinstance(key, str) else key,
    )


def _bytes(value: str | bytes) -> bytes:
    return value.encode() if isinstance(value, str) else value


def _data(read: codec.CloudEvent) -> Any:  # noqa: ANN401 - whatever the JSON holds
    return None if read.data is None else json.loads(read.data)


def _assert_same(read: codec.CloudEvent, event: CloudEvent) -> None:
    assert (read.id, read.source, read.type) == (event["id"], event["source"], event["type"])
    assert read.subject == event.get("subject")
    assert read.correlation_id == event.get("correlationid")
    assert read.faults == ()
