"""Spans for OpenTelemetry: how they are made, and where they are sent.

Imported only where `OMS_TRACING` is on, and needs the extra `tracing`. Where spans go, which are
kept, and how many wait is said by the standard's own variables, `OTEL_*`:
https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
"""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Final

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanKind,
    get_current_span,
    set_span_in_context,
)
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opentelemetry.sdk.trace import SpanProcessor
    from opentelemetry.trace import Span, SpanContext

_DISTRIBUTION: Final = "order-management-service"
_FLUSH_MILLISECONDS: Final = 5_000

Attributes = dict[str, str | int]


class _Ids(RandomIdGenerator):
    """Random ids, but for a span whose id was chosen."""

    def __init__(self) -> None:
        self.chosen: int | None = None

    def generate_span_id(self) -> int:
        chosen, self.chosen = self.chosen, None
        return super().generate_span_id() if chosen is None else chosen


class Tracing:
    """Begins and records the spans of one worker, in one thread."""

    def __init__(self, worker: str, processor: SpanProcessor) -> None:
        """Hand spans that have ended to `processor`; the worker is the service's name."""
        self._ids = _Ids()
        about = {"service.name": f"oms-{worker}", "service.version": version(_DISTRIBUTION)}
        resource = Resource(about).merge(OTELResourceDetector().detect())
        self._provider = TracerProvider(
            resource=resource, id_generator=self._ids, shutdown_on_exit=False
        )
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer(_DISTRIBUTION, version(_DISTRIBUTION))
        self._propagator = TraceContextTextMapPropagator()

    def parent(self, carrier: Mapping[str, str]) -> SpanContext:
        """The span that `traceparent` and `tracestate` name; an invalid one if they name none."""
        found = get_current_span(self._propagator.extract(carrier))
        return found.get_span_context()

    def begin(self, name: str, parent: SpanContext, began: int, about: Attributes) -> Span:
        """A span of a message that is being handled, from `began`, nanoseconds since 1970."""
        context = set_span_in_context(NonRecordingSpan(parent))
        return self._tracer.start_span(
            name, context, kind=SpanKind.CONSUMER, attributes=about, start_time=began
        )

    def record(
        self,
        name: str,
        parent: SpanContext,
        span_id: int,
        times: tuple[int, int],
        about: Attributes,
    ) -> None:
        """A span, with an id that was chosen, of a message that was sent between these times."""
        context = set_span_in_context(NonRecordingSpan(parent))
        self._ids.chosen = span_id
        began, ended = times
        span = self._tracer.start_span(
            name, context, kind=SpanKind.PRODUCER, attributes=about, start_time=began
        )
        self._ids.chosen = None
        span.end(ended)

    def close(self) -> None:
        """Send what waits, for five seconds at most."""
        self._provider.force_flush(_FLUSH_MILLISECONDS)
        self._provider.shutdown()


def new_tracing(worker: str) -> Tracing:
    """Spans of this worker to the collector that `OTEL_EXPORTER_OTLP_ENDPOINT` names."""
    return Tracing(worker, BatchSpanProcessor(OTLPSpanExporter()))
