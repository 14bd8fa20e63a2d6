"""Measures what becomes of orders: their statuses, the answers to commands, and who waits.

Told by the flow once for each pass of decisions, from what it has decided anyway.
"""

from __future__ import annotations

from collections import Counter as Tally
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, assert_never

from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.metrics_core import GaugeMetricFamily
from prometheus_client.registry import Collector

from schemas.commands import CommandType
from schemas.results import Code
from schemas.status import Status
from schemas.topics import COMMANDS
from workers.orders.react import EventOutput, RequestOutput, ResultOutput

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from prometheus_client import CollectorRegistry
    from prometheus_client.metrics_core import Metric

    from workers.orders.answers import Answer
    from workers.orders.arrivals import Waiting
    from workers.orders.flow import OrdersFlow
    from workers.orders.order import Cause, Order
    from workers.orders.order_batch import OrderBatch
    from workers.orders.react import Output
    from workers.stream.ports import Clock

_OTHER: Final = "other"
_NONE: Final = "none"
_COMMANDS: Final = frozenset(map(str, CommandType))
_CODES: Final = frozenset(map(str, Code))
_MOST_REMEMBERED: Final = 50_000
_SECONDS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 40, 80, 160, 600)
_MILLISECONDS_IN_A_SECOND: Final = 1000


class OrderMeter:
    """The counters of the orders worker."""

    def __init__(self, registry: CollectorRegistry, clock: Clock) -> None:
        """Count from 0, in this registry."""
        self._clock = clock
        self._arrived_at: dict[tuple[str, str], int] = {}
        self._transitions = Counter(
            "oms_order_transitions",
            "Changes of an order's status; a new order was none before.",
            ["previous", "status"],
            registry=registry,
        )
        # A series that begins with its first order would not show it as an increase.
        self._transitions.labels(Status.PENDING, Status.EXPIRED)
        self._requests = Counter(
            "oms_requests",
            "Requests to the customer and the inventory service: first, or again after a silence.",
            ["type", "attempt"],
            registry=registry,
        )
        self._results = Counter(
            "oms_results",
            "Answers to commands.",
            ["command", "outcome", "code"],
            registry=registry,
        )
        seconds = Histogram(
            "oms_command_result_seconds",
            "Seconds from a command, by its record's time, to its acknowledged result.",
            ["command"],
            registry=registry,
            buckets=_SECONDS,
        )
        # Looking a label up takes longer than what is done with it.
        self._seconds = {kind: seconds.labels(kind) for kind in (*_COMMANDS, _OTHER)}
        self._ignored = Counter(
            "oms_replies_ignored", "Replies that nobody waited for.", registry=registry
        )
        self._forwarded = Counter(
            "oms_records_forwarded",
            "Commands that came in another lane than their order's.",
            registry=registry,
        )
        self.overdue = Gauge(
            "oms_overdue_orders",
            "Orders whose wait for an answer is over, as of the last look, at most 1000.",
            registry=registry,
        )

    def decided(self, arrived: Waiting, batches: Collection[OrderBatch]) -> None:
        """All that these batches tell is acknowledged."""
        self._remember_arrivals(arrived)
        now = self._clock.now()
        told = _told_by(batches)
        _add(self._transitions, told.transitions)
        _add(self._requests, told.requests)
        _add(self._results, Tally(self._answered(answer, now) for answer in told.answers))
        self._ignored.inc(sum(batch.ignored for batch in batches))
        self._forwarded.inc(sum(len(batch.forwarded) for batch in batches))
        for batch in batches:
            for again in batch.repeated:
                self._arrived_at.pop((again.key.source, again.key.id), None)

    def _remember_arrivals(self, arrived: Waiting) -> None:
        seen = self._arrived_at
        for arrivals in arrived.values():
            for message, record in arrivals:
                if record.topic == COMMANDS:
                    seen.setdefault(_identity(message.cause), record.timestamp)
        while len(seen) > _MOST_REMEMBERED:
            del seen[next(iter(seen))]

    def _answered(self, told: Answer, now: int) -> tuple[str, ...]:
        """Note how long the command took, if it is known; return the result's labels."""
        kind = told.command.type if told.command.type in _COMMANDS else _OTHER
        arrived_at = self._arrived_at.pop(_identity(told.command), None)
        if arrived_at is not None:
            seconds = max(0, now - arrived_at) / _MILLISECONDS_IN_A_SECOND
            self._seconds[kind].observe(seconds)
        code = told.code or _NONE
        return kind, told.outcome, code if code in _CODES or code is _NONE else _OTHER


@dataclass(slots=True)
class _Told:
    """What batches tell, counted; a transition that is only told again does not count."""

    transitions: Tally[tuple[str, ...]] = field(default_factory=Tally)
    requests: Tally[tuple[str, ...]] = field(default_factory=Tally)
    answers: list[Answer] = field(default_factory=list)


def _told_by(batches: Collection[OrderBatch]) -> _Told:
    told = _Told()
    for batch in batches:
        stored = 0 if batch.loaded is None else batch.loaded.version
        for output in batch.outputs:
            _count(output, stored, told)
        told.answers += [answer for answer, _ in batch.refusals.values()]
    return told


def _count(output: Output, stored: int, told: _Told) -> None:
    match output:
        case EventOutput():
            if output.order.version > stored:
                told.transitions[output.previous_status or _NONE, output.order.status] += 1
        case RequestOutput():
            told.requests[output.type, "first" if output.attempt == 1 else "again"] += 1
        case ResultOutput():
            told.answers.append(output.answer)
        case _:
            assert_never(output)


def _identity(cause: Cause) -> tuple[str, str]:
    return cause.source, cause.id


def _add(counter: Counter, tally: Tally[tuple[str, ...]]) -> None:
    for labels, count in tally.items():
        counter.labels(*labels).inc(count)


def measure(flow: OrdersFlow, clock: Clock, registry: CollectorRegistry) -> Callable[[int], None]:
    """Measure what the flow decides; return whom to tell how many orders are overdue."""
    meter = OrderMeter(registry, clock)
    flow.observe = meter.decided
    registry.register(WaitingOrders(flow.open_orders, flow.paused_topics, clock))
    return meter.overdue.set


class WaitingOrders(Collector):
    """The orders that wait for their checks, counted when somebody asks."""

    def __init__(
        self,
        open_orders: Callable[[], Mapping[int, Collection[Order]]],
        paused: Callable[[int], Collection[str]],
        clock: Clock,
    ) -> None:
        """`open_orders` are those of each lane; `paused` the topics that a lane does not take."""
        self._open_orders = open_orders
        self._paused = paused
        self._clock = clock

    def collect(self) -> Iterable[Metric]:
        """The metrics of now."""
        lanes = self._open_orders()
        waiting = GaugeMetricFamily(
            "oms_waiting_orders", "Orders that wait for their checks.", labels=["lane"]
        )
        for lane, orders in lanes.items():
            waiting.add_metric([str(lane)], len(orders))
        yield waiting
        oldest = min((order.created_at for found in lanes.values() for order in found), default=0)
        age = max(0, self._clock.now() - oldest) / _MILLISECONDS_IN_A_SECOND if oldest else 0.0
        yield GaugeMetricFamily(
            "oms_oldest_waiting_order_seconds",
            "Age of the oldest order that waits for its checks, 0 if none does.",
            age,
        )
        yield GaugeMetricFamily(
            "oms_paused_lanes",
            "Lanes that take no commands because too many orders wait for their checks.",
            sum(bool(self._paused(lane)) for lane in lanes),
        )
