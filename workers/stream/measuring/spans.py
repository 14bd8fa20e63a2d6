"""Traces a worker at its ports: a span for each message that it handles, and for each it sends.

What is sent carries the `traceparent` that it was caused with, unchanged, so that repetitions are
equal to the byte. So that spans join all the same, the span of a message that the service sends
has an id made from the message: whoever reads the message knows it.
"""

from __future__ import annotations

import time
from contextvars import ContextVar
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

from opentelemetry.trace import SpanContext, Status, StatusCode

from schemas import headers as names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from opentelemetry.trace import Span

    from workers.stream.ports import (
        BatchHandler,
        CopyRecord,
        InboundRecord,
        OutboundRecord,
        Publisher,
    )
    from workers.tracing import Attributes, Tracing

OWN_SOURCES: Final = frozenset({b"/orders", b"/customers", b"/inventory"})
"""Whose messages have a span that can be known from them."""

_TRACE_PARENT_LENGTH: Final = 55
_TRACE_ID: Final = slice(3, 35)
_SAMPLED: Final = 1

# The spans of the messages that are being handled, by message id.
_CAUSES: Final[ContextVar[Mapping[bytes, SpanContext]]] = ContextVar("causes")


def sent_span_id(trace_id: str, topic: str, headers: Mapping[str, bytes]) -> int:
    """The id of the span of a message that the service sends: the same at every repetition."""
    parts = (
        trace_id.encode(),
        topic.encode(),
        headers.get(names.SOURCE, b""),
        headers.get(names.ID, b""),
    )
    # No span has the id 0.
    return int.from_bytes(blake2b(b"\0".join(parts), digest_size=8).digest()) or 1


def sampled_trace(headers: Mapping[str, bytes]) -> dict[str, str] | None:
    """`traceparent` and `tracestate`, if there is a trace and its beginner wants it recorded.

    W3C Trace Context, https://www.w3.org/TR/trace-context/#traceparent-header
    """
    raw = headers.get(names.TRACE_PARENT) or headers.get(f"ce_{names.TRACE_PARENT}", b"")
    if len(raw) < _TRACE_PARENT_LENGTH:
        return None
    try:
        text = raw.decode("ascii")
        if not int(text[_TRACE_PARENT_LENGTH - 2 : _TRACE_PARENT_LENGTH], 16) & _SAMPLED:
            return None
        state = headers.get(names.TRACE_STATE) or headers.get(f"ce_{names.TRACE_STATE}", b"")
        return {names.TRACE_PARENT: text, names.TRACE_STATE: state.decode("ascii")}
    except ValueError:
        return None


class Tracer:
    """Wraps the ports of one worker."""

    def __init__(self, tracing: Tracing) -> None:
        """Make spans with `tracing`."""
        self._tracing = tracing

    def handler(self, handler: BatchHandler) -> BatchHandler:
        """The handler, with a span for each record that belongs to a trace."""
        return _TracedHandler(handler, self._tracing)

    def publisher(self, publisher: Publisher) -> Publisher:
        """The publisher, with a span for each record that belongs to a trace."""
        return _TracedPublisher(publisher, self._tracing, names.CAUSATION_ID)

    def dead_letters(self, publisher: Publisher) -> Publisher:
        """The same for dead letters, which are caused by the records that they were."""
        return _TracedPublisher(publisher, self._tracing, names.ID)


class _TracedHandler:
    """A handler whose records are traced; the rest of it is the handler itself."""

    def __init__(self, handler: BatchHandler, tracing: Tracing) -> None:
        self._handle = handler.handle
        self._tracing = tracing
        self.open = handler.open
        self.close = handler.close
        self.acknowledged = handler.acknowledged
        self.paused_topics = handler.paused_topics

    async def handle(self, records: Sequence[InboundRecord]) -> Sequence[CopyRecord]:
        began = time.time_ns()
        spans = [
            (headers.get(names.ID, b""), span)
            for record in records
            if (span := self._begin(record, headers := _known(record.headers), began)) is not None
        ]
        if not spans:
            return await self._handle(records)
        token = _CAUSES.set({identity: span.get_span_context() for identity, span in spans})
        try:
            return await self._handle(records)
        except BaseException as error:
            _mark_failed([span for _, span in spans], error)
            raise
        finally:
            _CAUSES.reset(token)
            for _, span in spans:
                span.end()

    def _begin(
        self, record: InboundRecord, headers: Mapping[str, bytes], began: int
    ) -> Span | None:
        trace = sampled_trace(headers)
        if trace is None:
            return None
        parent = self._tracing.parent(trace)
        if not parent.is_valid:
            return None
        if headers.get(names.SOURCE) in OWN_SOURCES:
            parent = _sent(parent, record.topic, headers)
        about = _about(record.topic, record.partition, headers)
        about["messaging.operation.type"] = "process"
        about["messaging.kafka.offset"] = record.offset
        return self._tracing.begin(f"process {record.topic}", parent, began, about)


class _TracedPublisher:
    """A publisher whose records are traced; `cause` is the header that names what led to one."""

    def __init__(self, publisher: Publisher, tracing: Tracing, cause: str) -> None:
        self._publisher = publisher
        self._tracing = tracing
        self._cause = cause

    async def publish(self, records: Sequence[OutboundRecord]) -> None:
        began = time.time_ns()
        await self._publisher.publish(records)
        ended = time.time_ns()
        for record in records:
            self._record(record, (began, ended))

    def _record(self, record: OutboundRecord, times: tuple[int, int]) -> None:
        headers = _known(record.headers)
        trace = sampled_trace(headers)
        if trace is None:
            return
        trace_id = trace[names.TRACE_PARENT][_TRACE_ID]
        parent = _CAUSES.get({}).get(headers.get(self._cause, b""))
        if parent is None or f"{parent.trace_id:032x}" != trace_id:
            parent = self._tracing.parent(trace)
        if not parent.is_valid:
            return
        about = _about(record.topic, record.partition, headers)
        about["messaging.operation.type"] = "send"
        identity = sent_span_id(trace_id, record.topic, headers)
        self._tracing.record(f"send {record.topic}", parent, identity, times, about)


def _known(headers: Iterable[tuple[str, bytes | None]]) -> dict[str, bytes]:
    """The headers by name; Kafka allows null as a value, which is as if it were absent."""
    return {name: value for name, value in headers if value is not None}


def _sent(parent: SpanContext, topic: str, headers: Mapping[str, bytes]) -> SpanContext:
    """The span of the sending of this message, in the trace of `parent`."""
    identity = sent_span_id(f"{parent.trace_id:032x}", topic, headers)
    return SpanContext(
        parent.trace_id,
        identity,
        is_remote=True,
        trace_flags=parent.trace_flags,
        trace_state=parent.trace_state,
    )


def _about(topic: str, partition: int, headers: Mapping[str, bytes]) -> Attributes:
    """By OpenTelemetry's conventions for messaging and CloudEvents; no personal data.

    https://opentelemetry.io/docs/specs/semconv/messaging/kafka/
    """
    about: Attributes = {
        "messaging.system": "kafka",
        "messaging.destination.name": topic,
        "messaging.destination.partition.id": str(partition),
    }
    for attribute, name in (
        ("cloudevents.event_id", names.ID),
        ("cloudevents.event_source", names.SOURCE),
        ("cloudevents.event_type", names.TYPE),
        ("cloudevents.event_subject", names.SUBJECT),
    ):
        if name in headers:
            about[attribute] = headers[name].decode(errors="replace")
    return about


def _mark_failed(spans: Sequence[Span], error: BaseException) -> None:
    """Only the kind of error is told: its words could be about somebody."""
    for span in spans:
        span.set_attribute("error.type", type(error).__name__)
        span.set_status(Status(StatusCode.ERROR))
