"""What a worker says of itself, as metrics, read when somebody asks and at no other time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from faust.types import TP
    from prometheus_client.metrics_core import Metric

    from workers.state_file import Wait, WorkerState
    from workers.stream.watching.observing import Situation


class StateCollector(Collector):
    """Makes metrics of a worker's situation."""

    def __init__(self, look: Callable[[], Situation]) -> None:
        """`look` is called from the thread that answers Prometheus."""
        self._look = look

    def collect(self) -> Iterable[Metric]:
        """The metrics of now."""
        situation = self._look()
        yield from _of_state(situation.state)
        yield _lag(situation.behind)
        yield CounterMetricFamily(
            "oms_outside_waits", "Times that Kafka or MongoDB was waited for.", situation.waits
        )
        yield CounterMetricFamily(
            "oms_copies_not_sent",
            "Copies of results that no client's topic took in time.",
            situation.copies_not_sent,
        )


def _of_state(state: WorkerState) -> Iterator[Metric]:
    ready = state.phase == "working" and not state.waiting
    yield GaugeMetricFamily(
        "oms_worker_ready", "1 if it has joined its group and waits for nobody.", ready
    )
    yield GaugeMetricFamily("oms_lanes", "Lanes that are this worker's own.", len(state.lanes))
    yield _away(state.waiting)
    yield _seconds(
        "oms_watchdog_silence_seconds",
        "For how long what should move has not moved, by the watchdog's signs.",
        state.signs,
    )
    yield _seconds(
        "oms_watchdog_limit_seconds",
        "The silence after which the worker ends itself.",
        state.limits,
    )


def _seconds(name: str, meaning: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, meaning, labels=["sign"])
    for sign, seconds in values.items():
        family.add_metric([sign], seconds)
    return family


def _away(waiting: Iterable[Wait]) -> Metric:
    longest = {"kafka": 0.0, "mongodb": 0.0}
    for wait in waiting:
        outside = "mongodb" if wait.reason.startswith("MongoDB") else "kafka"
        longest[outside] = max(longest[outside], wait.seconds)
    family = GaugeMetricFamily(
        "oms_outside_away_seconds",
        "For how long Kafka or MongoDB has been waited for, 0 if it is there.",
        labels=["outside"],
    )
    for outside, seconds in longest.items():
        family.add_metric([outside], seconds)
    return family


def _lag(behind: Mapping[TP, int]) -> Metric:
    family = GaugeMetricFamily(
        "oms_lag_records",
        "Records that are not acknowledged yet, looked up every ten seconds.",
        labels=["topic", "partition"],
    )
    for tp, records in behind.items():
        family.add_metric([tp.topic, str(tp.partition)], records)
    return family
