"""Records that somebody made up: some nearly right, some of any bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson
from hypothesis import strategies as st

from schemas import headers as names
from schemas.commands import CommandType, example
from schemas.replies import ReplyType
from schemas.requests import RequestType
from schemas.topics import COMMANDS, REPLIES
from tests.orders.records import LANE, Record

if TYPE_CHECKING:
    from collections.abc import Sequence

Headers = list[tuple[str, bytes]]

TYPES: Final = [*CommandType, *ReplyType, *RequestType]
_NAMES: Final = [
    *(names.SPEC_VERSION, names.ID, names.SOURCE, names.TYPE, names.SUBJECT, names.TIME),
    *(names.CORRELATION_ID, names.CAUSATION_ID, names.CONTENT_TYPE, names.TRACE_PARENT),
    *(names.REPLY_TOPIC, names.REPLY_PARTITION, names.REPLY_CORRELATION),
    *(names.REPLY_TOPIC_FASTSTREAM, names.REPLY_CORRELATION_FASTSTREAM, names.TRACE_STATE),
]
_SAID: Final = [
    b"",
    b"1.0",
    b"order-1",
    b"shop.replies",
    b"3",
    b"\x00\x00\x00\x03",
    b"\xff",
    REPLIES.encode(),
    COMMANDS.encode(),
    names.JSON_CONTENT,
    names.STRUCTURED_CONTENT,
    *(kind.encode() for kind in TYPES),
]
_FIELDS: Final = [
    *("customerId", "products", "productId", "quantity", "shipping", "company", "trackingNumber"),
    *("storefrontId", "status", "reason", "expectedVersion", "orderId", "code", "message"),
    *("specversion", "id", "source", "type", "subject", "data", "data_base64", "datacontenttype"),
]

texts = st.one_of(
    st.text(max_size=20), st.text(min_size=120, max_size=140), st.sampled_from(["1.0", *TYPES])
)
json_values: st.SearchStrategy[Any] = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**63), 2**64 - 1),
        st.floats(allow_nan=False, allow_infinity=False),
        texts,
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(
            st.one_of(st.sampled_from(_FIELDS), st.text(max_size=8)), inner, max_size=5
        ),
    ),
    max_leaves=12,
)


@st.composite
def nearly_right(draw: st.DrawFn) -> bytes:
    """The data of a command, with some fields changed for anything."""
    data = dict(example(draw(st.sampled_from(CommandType))))
    data.update(draw(st.dictionaries(st.sampled_from(_FIELDS), json_values, max_size=2)))
    return orjson.dumps(data)


@st.composite
def broken(draw: st.DrawFn) -> bytes:
    """JSON that is cut, or into which other bytes have come."""
    text = draw(nearly_right())
    at = draw(st.integers(0, len(text)))
    return text[:at] + draw(st.binary(max_size=6)) + text[at + draw(st.integers(0, 6)) :]


values = st.one_of(
    st.none(),
    st.binary(max_size=200),
    nearly_right(),
    broken(),
    json_values.map(orjson.dumps),
    st.integers(1, 60).map(lambda depth: b"[" * depth),
    st.integers(1, 60).map(lambda depth: b'{"a":' * depth + b"1" + b"}" * depth),
)
header_values = st.one_of(
    st.sampled_from(_SAID), st.binary(max_size=40), st.binary(min_size=1020, max_size=1030)
)


def envelope(kinds: Sequence[str]) -> st.SearchStrategy[Headers]:
    """The headers that make a record a message of one of these types."""
    return st.tuples(st.sampled_from(kinds), st.text(min_size=1, max_size=8)).map(
        lambda said: [
            (names.SPEC_VERSION, b"1.0"),
            (names.ID, said[1].encode()),
            (names.SOURCE, b"/somebody"),
            (names.TYPE, said[0].encode()),
        ]
    )


others = st.lists(
    st.tuples(st.one_of(st.sampled_from(_NAMES), st.text(max_size=10)), header_values), max_size=6
)


@st.composite
def records(draw: st.DrawFn, topic: str, kinds: Sequence[str], offset: int = 0) -> Record:
    """A record on a topic; most say that they are a message of one of these types."""
    begin = draw(st.one_of(envelope(kinds), envelope(kinds), st.just([])))
    return Record(
        topic,
        LANE,
        offset,
        key=draw(st.one_of(st.none(), st.just(b"order-1"), st.binary(max_size=12))),
        value=draw(values),
        headers=[*begin, *draw(others)],
    )
