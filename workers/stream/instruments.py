"""What looks at a worker's work from its ports: its metrics, where the settings ask for them."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from workers.stream.ports import CannotStartError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prometheus_client import CollectorRegistry

    from workers.settings import Settings
    from workers.stream.measuring import Meter
    from workers.stream.observing import Situation
    from workers.stream.ports import BatchHandler, Publisher


@dataclass(frozen=True, slots=True)
class Instruments:
    """The instruments of one worker; without any, every port is what it was.

    `registry` is for what a worker measures besides.
    """

    registry: CollectorRegistry | None = None
    meter: Meter | None = None

    def handler(self, handler: BatchHandler) -> BatchHandler:
        """The handler, looked at."""
        return handler if self.meter is None else self.meter.handler(handler)

    def publisher(self, publisher: Publisher) -> Publisher:
        """The publisher, looked at."""
        return publisher if self.meter is None else self.meter.publisher(publisher)

    def dead_letters(self, publisher: Publisher) -> Publisher:
        """The publisher of dead letters, looked at."""
        return publisher if self.meter is None else self.meter.dead_letters(publisher)


@contextmanager
def instruments_of(
    settings: Settings, worker: str, look: Callable[[], Situation]
) -> Iterator[Instruments]:
    """The instruments that the settings ask for, until the end of the block.

    Raises:
        CannotStartError: the port for metrics cannot be opened.
    """
    if not settings.metrics_port:
        yield Instruments()
        return
    # Who is not measured loads nothing that measures.
    from workers.metrics import new_registry  # noqa: PLC0415 - see above
    from workers.stream.measuring import Meter  # noqa: PLC0415 - see above
    from workers.stream.state_metrics import StateCollector  # noqa: PLC0415 - see above

    registry = new_registry()
    registry.register(StateCollector(look))
    meter = Meter(registry)
    close = _open_port(registry, settings, worker)
    try:
        yield Instruments(registry, meter)
    finally:
        close()


def _open_port(registry: CollectorRegistry, settings: Settings, worker: str) -> Callable[[], None]:
    from workers.metrics import open_port  # noqa: PLC0415 - see above

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
