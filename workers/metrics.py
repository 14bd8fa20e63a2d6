"""Metrics for Prometheus: one worker's registry, and the port at which it is read.

Imported only where `OMS_METRICS_PORT` names a port: who is not measured loads nothing of it.
"""

from __future__ import annotations

import platform
from importlib.metadata import version
from typing import TYPE_CHECKING

from prometheus_client import (
    CollectorRegistry,
    GCCollector,
    ProcessCollector,
    disable_created_metrics,
    start_http_server,
)
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from prometheus_client.metrics_core import Metric

_DISTRIBUTION = "order-management-service"


class _Build(Collector):
    """Which release of what runs here."""

    def collect(self) -> Iterable[Metric]:
        """One sample, whose labels say it."""
        family = GaugeMetricFamily(
            "oms_build_info",
            "Always 1; which release runs on which Python.",
            labels=["version", "python"],
        )
        family.add_metric([version(_DISTRIBUTION), platform.python_version()], 1)
        yield family


class _OfWorker(Collector):
    """All families of a registry, every sample naming the worker."""

    def __init__(self, registry: CollectorRegistry, worker: str) -> None:
        self._registry = registry
        self._worker = worker

    def collect(self) -> Iterable[Metric]:
        for family in self._registry.collect():
            family.samples = [
                sample._replace(labels={"worker": self._worker, **sample.labels})
                for sample in family.samples
            ]
            yield family


def new_registry() -> CollectorRegistry:
    """A registry that knows the process, and nothing else yet."""
    # A series more for each counter, which nobody asks for.
    disable_created_metrics()  # type: ignore[no-untyped-call]  # it says nothing of types
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    GCCollector(registry=registry)
    registry.register(_Build())
    return registry


def open_port(
    registry: CollectorRegistry, worker: str, address: str, port: int
) -> Callable[[], None]:
    """Let the metrics be read at `http://address:port/metrics`; return what closes the port.

    Raises:
        OSError: the port cannot be opened.
    """
    labelled = CollectorRegistry(auto_describe=False)
    labelled.register(_OfWorker(registry, worker))
    server, thread = start_http_server(port, address, labelled)

    def close() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return close
