"""A collector of OpenTelemetry, as small as can be: it keeps the spans that are sent to it."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, NamedTuple

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

if TYPE_CHECKING:
    from collections.abc import Iterator


class CollectedSpan(NamedTuple):
    """A span: who made it, what it is called, and its place in the trace, in hex."""

    service: str
    name: str
    trace_id: str
    span_id: str
    parent_id: str


class Collector:
    """What has been sent so far; `raw` has the bodies of all requests."""

    def __init__(self) -> None:
        """Nothing has."""
        self.spans: list[CollectedSpan] = []
        self.raw: list[bytes] = []
        self.endpoint = ""

    def take(self, body: bytes) -> None:
        """Keep the spans of one request of the protocol."""
        self.raw.append(body)
        for found in ExportTraceServiceRequest.FromString(body).resource_spans:
            about = {item.key: item.value.string_value for item in found.resource.attributes}
            self.spans += [
                CollectedSpan(
                    about["service.name"],
                    span.name,
                    span.trace_id.hex(),
                    span.span_id.hex(),
                    span.parent_span_id.hex(),
                )
                for scope in found.scope_spans
                for span in scope.spans
            ]


@contextmanager
def collecting() -> Iterator[Collector]:
    """A collector that listens until the end of the block."""
    collector = Collector()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            collector.take(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    collector.endpoint = f"http://127.0.0.1:{server.server_port}"
    try:
        yield collector
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
