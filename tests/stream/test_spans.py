"""Spans that join by what messages carry anyway, and change nothing of what is sent."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, NamedTuple

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from schemas import headers as names
from tests.stream.records import Record, envelope
from workers.customers import worker as customers
from workers.inventory import worker as inventory
from workers.orders import encode
from workers.settings import Settings
from workers.stream.measuring.instruments import instruments_of
from workers.stream.measuring.spans import OWN_SOURCES, Tracer, sampled_trace, sent_span_id
from workers.stream.ports import CannotStartError, OutboundRecord, OutsideAwayError
from workers.tracing import Tracing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from opentelemetry.sdk.trace import ReadableSpan

    from workers.stream.ports import CopyRecord, InboundRecord, Publisher
    from workers.stream.watching.observing import Situation

TRACE = "0af7651916cd43dd8448eb211c80319c"
CLIENT = "b7ad6b7169203331"
SAMPLED = f"00-{TRACE}-{CLIENT}-01".encode()
NOT_SAMPLED = f"00-{TRACE}-{CLIENT}-00".encode()


def traced(parent: bytes = SAMPLED, **changed: bytes) -> list[tuple[str, bytes]]:
    """The headers of a message that belongs to a trace."""
    return [*envelope(**changed), (names.TRACE_PARENT, parent)]


COMMAND = Record(b"{}", traced())
EVENT = OutboundRecord(
    "orders.events",
    3,
    b"o-1",
    b"{}",
    traced(id=b"event-1", source=b"/orders", type=b"order.created.v1", causationid=b"c-1"),
)


class Seen(NamedTuple):
    """A tracer, and the spans that came of it."""

    tracer: Tracer
    exporter: InMemorySpanExporter

    @property
    def spans(self) -> dict[str, ReadableSpan]:
        """All spans that have ended, by name."""
        return {span.name: span for span in self.exporter.get_finished_spans()}


@pytest.fixture
def seen() -> Seen:
    """Nothing has been traced yet."""
    exporter = InMemorySpanExporter()
    return Seen(Tracer(Tracing("orders", SimpleSpanProcessor(exporter))), exporter)


class Published:
    """Keeps what is published."""

    def __init__(self) -> None:
        """Nothing is."""
        self.records: list[OutboundRecord] = []

    async def publish(self, records: Sequence[OutboundRecord]) -> None:
        """Keep all."""
        self.records += records


class Handler:
    """Publishes what it is told for each round, or raises."""

    def __init__(
        self, publisher: Publisher, outputs: Sequence[OutboundRecord], error: Exception | None
    ) -> None:
        """Publish `outputs` in each round, then raise `error` if there is one."""
        self._publisher = publisher
        self._outputs = outputs
        self._error = error

    async def open(self, lane: int, acknowledged: Mapping[str, int]) -> None:
        """Nothing is remembered."""

    def close(self, lane: int) -> None:
        """Nothing is remembered."""

    def acknowledged(self, lane: int, positions: Mapping[str, int]) -> None:
        """Nothing is remembered."""

    def paused_topics(self, lane: int) -> frozenset[str]:  # noqa: ARG002 - the port's signature
        """No topic ever pauses."""
        return frozenset()

    async def handle(self, records: Sequence[InboundRecord]) -> Sequence[CopyRecord]:
        """Publish, from another task as the flow's stores do."""
        del records
        await asyncio.gather(self._publisher.publish(self._outputs))
        if self._error is not None:
            raise self._error
        return ()


async def handle(
    seen: Seen,
    *records: Record,
    outputs: Sequence[OutboundRecord] = (),
    error: Exception | None = None,
) -> list[OutboundRecord]:
    """Handle these records as one round; return what was really published."""
    published = Published()
    handler = Handler(seen.tracer.publisher(published), outputs, error)
    await seen.tracer.handler(handler).handle(records)
    return published.records


def _id(span: ReadableSpan) -> int:
    assert span.context is not None
    return int(span.context.span_id)


def _parent(span: ReadableSpan) -> int:
    assert span.parent is not None
    return int(span.parent.span_id)


async def test_spans_lead_from_the_client_to_what_comes_of_its_command(seen: Seen) -> None:
    """Handling is below the client's span, and sending below handling, all in one trace."""
    await handle(seen, COMMAND, outputs=[EVENT])
    process, send = seen.spans["process orders.commands"], seen.spans["send orders.events"]
    assert _parent(process) == int(CLIENT, 16)
    assert _parent(send) == _id(process)
    assert {span.context.trace_id for span in (process, send) if span.context} == {int(TRACE, 16)}
    assert (process.kind, send.kind) == (SpanKind.CONSUMER, SpanKind.PRODUCER)
    assert send.attributes is not None
    assert send.attributes["cloudevents.event_type"] == "order.created.v1"
    assert process.resource.attributes["service.name"] == "oms-orders"


async def test_what_is_sent_stays_equal_to_the_byte(seen: Seen) -> None:
    """Tracing changes no header and no value."""
    assert await handle(seen, COMMAND, outputs=[EVENT]) == [EVENT]


async def test_who_reads_a_message_of_the_service_knows_the_span_of_its_sending(
    seen: Seen,
) -> None:
    """The next worker's span is below the sending, although the message does not name it."""
    request = OutboundRecord(
        "customers.requests", 3, b"o-1", b"{}", traced(id=b"r-1", source=b"/orders")
    )
    await handle(seen, COMMAND, outputs=[request])
    await handle(seen, Record(b"{}", request.headers, topic=request.topic))
    assert _parent(seen.spans["process customers.requests"]) == _id(
        seen.spans["send customers.requests"]
    )


async def test_a_repetition_has_the_same_span(seen: Seen) -> None:
    """What is sent twice after a failure is the same span, as it is the same message."""
    for _ in range(2):
        await handle(seen, COMMAND, outputs=[EVENT])
    first, second = (s for s in seen.exporter.get_finished_spans() if s.name.startswith("send"))
    assert _id(first) == _id(second)


async def test_what_is_published_for_nobody_of_the_round_is_below_its_own_trace(
    seen: Seen,
) -> None:
    """An output that is told again after a crash is below the span that its trace names."""
    other = Record(b"{}", traced(id=b"another"))
    await handle(seen, other, outputs=[EVENT])
    assert _parent(seen.spans["send orders.events"]) == int(CLIENT, 16)


@pytest.mark.parametrize(
    "parent",
    [NOT_SAMPLED, b"", b"nonsense", b"00-" + b"0" * 32 + b"-" + b"0" * 16 + b"-01", b"\xff" * 55],
)
async def test_what_no_client_wants_traced_is_not(seen: Seen, parent: bytes) -> None:
    """Without a trace, with one that is not sampled, and with one that cannot be read: no span."""
    event = EVENT._replace(headers=traced(parent))
    assert await handle(seen, Record(b"{}", traced(parent)), outputs=[event]) == [event]
    assert seen.spans == {}


async def test_a_round_that_fails_marks_its_spans_without_words(seen: Seen) -> None:
    """The kind of error is told; its text, which could be about somebody, is not."""
    with pytest.raises(OutsideAwayError):
        await handle(seen, COMMAND, error=OutsideAwayError("customer Gertrude is away"))
    span = seen.spans["process orders.commands"]
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes is not None
    assert span.attributes["error.type"] == "OutsideAwayError"
    assert "Gertrude" not in span.to_json()


async def test_a_dead_letter_is_below_the_record_that_it_was(seen: Seen) -> None:
    """A dead letter has that record's headers, and so its id."""
    published = Published()
    letter = OutboundRecord("dlq.orders.commands", 3, None, b"{}", traced())
    handler = Handler(seen.tracer.dead_letters(published), [letter], None)
    await seen.tracer.handler(handler).handle([COMMAND])
    assert _parent(seen.spans["send dlq.orders.commands"]) == _id(
        seen.spans["process orders.commands"]
    )


def test_the_trace_may_be_an_attribute_of_the_event() -> None:
    """CloudEvents' extension for tracing counts where the header is missing."""
    found = sampled_trace({"ce_traceparent": SAMPLED, "ce_tracestate": b"a=1"})
    assert found == {"traceparent": SAMPLED.decode(), "tracestate": "a=1"}


def test_ids_of_spans_differ_with_what_a_message_is() -> None:
    """Trace, topic, source and id each make another span; headers besides them do not."""
    headers = dict(envelope())
    same = sent_span_id(TRACE, "t", {**headers, "more": b"1"})
    assert same == sent_span_id(TRACE, "t", headers)
    others = {
        sent_span_id(CLIENT * 2, "t", headers),
        sent_span_id(TRACE, "u", headers),
        sent_span_id(TRACE, "t", {**headers, names.ID: b"c-2"}),
        sent_span_id(TRACE, "t", {**headers, names.SOURCE: b"/elsewhere"}),
    }
    assert len(others | {same}) == 5


def test_the_sources_of_the_service_are_known() -> None:
    """Whose spans are known by their messages are the three services."""
    sources = {encode.SOURCE, customers._SOURCE, inventory._SOURCE}  # noqa: SLF001 - to compare them
    assert sources == OWN_SOURCES


def _nothing() -> Situation:
    raise AssertionError("nobody asks")


def test_without_the_extra_a_worker_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tracing that is on and not installed is told in a sentence; off, nobody misses it."""
    monkeypatch.setitem(sys.modules, "opentelemetry.trace", None)
    monkeypatch.delitem(sys.modules, "workers.stream.measuring.spans")
    monkeypatch.delitem(sys.modules, "workers.tracing")
    with pytest.raises(CannotStartError, match=r"pip install .*\[tracing\]"):
        instruments_of(Settings(tracing="on"), "orders", _nothing).__enter__()
    with instruments_of(Settings(tracing="off"), "orders", _nothing) as instruments:
        assert instruments.each == ()


@pytest.mark.parametrize(
    "name",
    [
        names.ID,
        names.SOURCE,
        names.SUBJECT,
        names.TRACE_PARENT,
        f"ce_{names.TRACE_PARENT}",
        names.TRACE_STATE,
    ],
)
async def test_a_header_that_is_null_is_as_if_absent(seen: Seen, name: str) -> None:
    """Kafka allows it: whatever header a client leaves null, its record is handled."""
    null: bytes = None  # type: ignore[assignment]  # what the driver gives for such a header
    headers = [(other, value) for other, value in traced() if other != name]
    published = await handle(seen, Record(b"{}", [*headers, (name, null)]), outputs=[EVENT])
    assert published == [EVENT]
