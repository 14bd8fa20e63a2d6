"""What looks at a worker's work from its ports, where the settings ask for it: metrics and traces.

Who is neither measured nor traced loads nothing for it, and all ports are what they were.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from workers.stream.ports import CannotStartError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prometheus_client import CollectorRegistry

    from workers.settings import Settings
    from workers.stream.ports import BatchHandler, Publisher
    from workers.stream.watching.observing import Situation


class Instrument(Protocol):
    """Puts itself around the ports of a worker."""

    def handler(self, handler: BatchHandler) -> BatchHandler:
        """The handler, looked at."""

    def publisher(self, publisher: Publisher) -> Publisher:
        """The publisher, looked at."""

    def dead_letters(self, publisher: Publisher) -> Publisher:
        """The publisher of dead letters, looked at."""


@dataclass(frozen=True, slots=True)
class Instruments:
    """The instruments of one worker; `registry` is for what it measures besides."""

    registry: CollectorRegistry | None = None
    each: tuple[Instrument, ...] = ()

    def handler(self, handler: BatchHandler) -> BatchHandler:
        """The handler, looked at by each."""
        for instrument in self.each:
            handler = instrument.handler(handler)
        return handler

    def publisher(self, publisher: Publisher) -> Publisher:
        """The publisher, looked at by each."""
        for instrument in self.each:
            publisher = instrument.publisher(publisher)
        return publisher

    def dead_letters(self, publisher: Publisher) -> Publisher:
        """The publisher of dead letters, looked at by each."""
        for instrument in self.each:
            publisher = instrument.dead_letters(publisher)
        return publisher


@contextmanager
def instruments_of(
    settings: Settings, worker: str, look: Callable[[], Situation]
) -> Iterator[Instruments]:
    """The instruments that the settings ask for, until the end of the block.

    Raises:
        CannotStartError: the port for metrics cannot be opened, or the extra `tracing` is missing.
    """
    with _traced(settings, worker) as traced, _measured(settings, worker, look) as measured:
        yield Instruments(measured.registry, (*traced, *measured.each))


@contextmanager
def _measured(
    settings: Settings, worker: str, look: Callable[[], Situation]
) -> Iterator[Instruments]:
    if not settings.metrics_port:
        yield Instruments()
        return
    from workers.metrics import new_registry  # noqa: PLC0415 - only who is measured loads it
    from workers.stream.measuring.meter import Meter  # noqa: PLC0415 - the same
    from workers.stream.measuring.state_metrics import StateCollector  # noqa: PLC0415 - the same

    registry = new_registry()
    registry.register(StateCollector(look))
    meter = Meter(registry)
    close = _open_port(registry, settings, worker)
    try:
        yield Instruments(registry, (meter,))
    finally:
        close()


def _open_port(registry: CollectorRegistry, settings: Settings, worker: str) -> Callable[[], None]:
    from workers.metrics import open_port  # noqa: PLC0415 - only who is measured loads it

    address, port = settings.metrics_address, settings.metrics_port
    try:
        return open_port(registry, worker, address, port)
    except OSError as error:
        message = (
            f"The metrics of the {worker} worker cannot be offered at {address}:{port}: "
            f"{error.strerror or error}. Each worker of a machine needs a port of its own: choose "
            "it with OMS_METRICS_PORT, and the address with OMS_METRICS_ADDRESS."
        )
        raise CannotStartError(message) from error


@contextmanager
def _traced(settings: Settings, worker: str) -> Iterator[tuple[Instrument, ...]]:
    if settings.tracing == "off":
        yield ()
        return
    try:
        from workers.stream.measuring.spans import Tracer  # noqa: PLC0415 - only who is traced loads it
        from workers.tracing import new_tracing  # noqa: PLC0415 - the same
    except ModuleNotFoundError as error:
        message = (
            f"OMS_TRACING is on, and {error.name} is missing: "
            "pip install 'order-management-service[tracing]'"
        )
        raise CannotStartError(message) from error
    tracing = new_tracing(worker)
    try:
        yield (Tracer(tracing),)
    finally:
        tracing.close()
