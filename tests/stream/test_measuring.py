"""A worker's metrics, as they are counted at its ports and told to Prometheus."""

from __future__ import annotations

import urllib.request
from typing import TYPE_CHECKING

import pytest
from faust.types import TP
from prometheus_client import CollectorRegistry, generate_latest

from tests.stream.records import Record, envelope
from workers.dev.ports import free_ports
from workers.settings import Settings
from workers.state_file import Wait, WorkerState
from workers.stream.json_text import UnreadableError
from workers.stream.measuring.instruments import Instruments, instruments_of
from workers.stream.measuring.meter import Meter
from workers.stream.ports import CannotStartError, OutboundRecord, OutsideAwayError
from workers.stream.watching.observing import Situation
from workers.stream.writing.dead_letters import dead_letter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workers.stream.ports import CopyRecord, InboundRecord

COMMAND = Record(b"{}", envelope())
FOREIGN = Record(b"{}", envelope(type=b"order.of.somebody.else"))
BARE = Record(b"poison")


class Handler:
    """Handles everything, or raises what it is told to."""

    def __init__(self, error: Exception | None = None) -> None:
        """Raise `error` in each round, if there is one."""
        self._error = error

    async def open(self, lane: int, acknowledged: Mapping[str, int]) -> None:
        """Nothing is remembered."""

    def close(self, lane: int) -> None:
        """Nothing is remembered."""

    def acknowledged(self, lane: int, positions: Mapping[str, int]) -> None:
        """Nothing is remembered."""

    def paused_topics(self, lane: int) -> frozenset[str]:
        """The lane's number, to be known again."""
        return frozenset({str(lane)})

    async def handle(self, records: Sequence[InboundRecord]) -> Sequence[CopyRecord]:
        """Be done, or raise."""
        del records
        if self._error is not None:
            raise self._error
        return ()


class Publisher:
    """Writes everything, or is away."""

    def __init__(self, error: Exception | None = None) -> None:
        """Raise `error` at each call, if there is one."""
        self._error = error

    async def publish(self, records: Sequence[OutboundRecord]) -> None:
        """Be done, or raise."""
        del records
        if self._error is not None:
            raise self._error


@pytest.fixture
def registry() -> CollectorRegistry:
    """A registry that knows nothing."""
    return CollectorRegistry()


@pytest.fixture
def meter(registry: CollectorRegistry) -> Meter:
    """A meter of that registry."""
    return Meter(registry)


async def test_a_round_is_counted_by_topic_and_known_type(
    registry: CollectorRegistry, meter: Meter
) -> None:
    """Records count by type; types that clients make up, and records without any, are `other`."""
    await meter.handler(Handler()).handle([COMMAND, COMMAND, FOREIGN, BARE])
    of_create = {"topic": "orders.commands", "type": "order.create.v1"}
    of_others = {"topic": "orders.commands", "type": "other"}
    assert registry.get_sample_value("oms_records_handled_total", of_create) == 2
    assert registry.get_sample_value("oms_records_handled_total", of_others) == 2
    assert registry.get_sample_value("oms_round_records_sum") == 4
    assert registry.get_sample_value("oms_round_seconds_count", {"outcome": "done"}) == 1


@pytest.mark.parametrize(
    ("error", "outcome"),
    [(OutsideAwayError("away"), "outside_away"), (RuntimeError("fault"), "failed")],
)
async def test_a_round_that_does_not_end_well_counts_no_records(
    registry: CollectorRegistry, meter: Meter, error: Exception, outcome: str
) -> None:
    """Its error goes on to whoever waits for it, and its records are counted when they are done."""
    with pytest.raises(type(error)):
        await meter.handler(Handler(error)).handle([COMMAND])
    assert registry.get_sample_value("oms_round_seconds_count", {"outcome": outcome}) == 1
    assert registry.get_sample_value("oms_round_records_count") == 0


def test_the_rest_of_a_measured_handler_is_the_handler(meter: Meter) -> None:
    """Questions to it are answered by the handler itself."""
    assert meter.handler(Handler()).paused_topics(7) == {"7"}


async def test_what_is_written_counts_once_it_is_acknowledged(
    registry: CollectorRegistry, meter: Meter
) -> None:
    """A publication that fails counts nothing."""
    event = OutboundRecord("orders.events", 0, None, b"", envelope(type=b"order.created.v1"))
    await meter.publisher(Publisher()).publish([event, event])
    with pytest.raises(OutsideAwayError):
        await meter.publisher(Publisher(OutsideAwayError("away"))).publish([event])
    labels = {"topic": "orders.events"}
    assert registry.get_sample_value("oms_records_published_total", labels) == 2


@pytest.mark.parametrize(
    ("error", "label"),
    [(UnreadableError("not JSON"), "UnreadableError"), (KeyError("fault"), "other")],
)
async def test_dead_letters_count_for_the_topic_that_they_come_from(
    registry: CollectorRegistry, meter: Meter, error: Exception, label: str
) -> None:
    """What a record itself is to blame for is told apart from a fault of the service."""
    await meter.dead_letters(Publisher()).publish([dead_letter(BARE, error)])
    labels = {"topic": "orders.commands", "type": "other", "error": label}
    assert registry.get_sample_value("oms_dead_letters_total", labels) == 1


def _situation(*waiting: Wait) -> Situation:
    state = WorkerState(
        worker="orders",
        pid=1,
        started_at="",
        written_at="",
        clock=0,
        phase="working",
        lanes=(0, 3),
        progress_at=None,
        waiting=waiting,
        signs={"round_stuck": 7.5},
        limits={"round_stuck": 120},
    )
    return Situation(state, {TP("orders.commands", 3): 17}, waits=2, copies_not_sent=5)


def _read(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        return str(answer.read().decode())


def test_a_worker_tells_its_situation_at_its_port() -> None:
    """State, lag, waits and watchdog are read when asked for, and every sample names the worker."""
    (port,) = free_ports(1)
    settings = Settings(metrics_port=port)
    with instruments_of(settings, "orders", _situation):
        told = _read(port)
    lines = [line for line in told.splitlines() if not line.startswith("#")]
    assert all('worker="orders"' in line for line in lines)
    for line in (
        'oms_worker_ready{worker="orders"} 1.0',
        'oms_lanes{worker="orders"} 2.0',
        'oms_lag_records{partition="3",topic="orders.commands",worker="orders"} 17.0',
        'oms_outside_waits_total{worker="orders"} 2.0',
        'oms_copies_not_sent_total{worker="orders"} 5.0',
        'oms_watchdog_silence_seconds{sign="round_stuck",worker="orders"} 7.5',
        'oms_watchdog_limit_seconds{sign="round_stuck",worker="orders"} 120.0',
    ):
        assert line in lines
    assert any(line.startswith("process_resident_memory_bytes") for line in lines)


def test_a_worker_that_waits_is_not_ready_and_says_for_whom() -> None:
    """The longest wait for each of Kafka and MongoDB is told, without its reason's words."""
    waits = (
        Wait(reason="MongoDB does not answer: db-1.internal", seconds=40),
        Wait(reason="MongoDB does not answer: db-2.internal", seconds=70),
    )
    (port,) = free_ports(1)
    with instruments_of(Settings(metrics_port=port), "orders", lambda: _situation(*waits)):
        told = _read(port)
    assert 'oms_worker_ready{worker="orders"} 0.0' in told
    assert 'oms_outside_away_seconds{outside="mongodb",worker="orders"} 70.0' in told
    assert 'oms_outside_away_seconds{outside="kafka",worker="orders"} 0.0' in told
    assert "internal" not in told


def test_without_a_port_every_port_is_what_it_was() -> None:
    """Nothing stands between a worker and its drivers unless metrics are asked for."""
    handler, publisher = Handler(), Publisher()
    with instruments_of(Settings(), "orders", _situation) as instruments:
        assert instruments == Instruments()
        assert instruments.handler(handler) is handler
        assert instruments.publisher(publisher) is publisher
        assert instruments.dead_letters(publisher) is publisher


def test_a_port_that_is_taken_is_told_with_a_remedy() -> None:
    """The second worker at one port cannot start, and says which settings to change."""
    settings = Settings(metrics_port=free_ports(1)[0])
    second = instruments_of(settings, "customers", _situation)
    with (
        instruments_of(settings, "orders", _situation),
        pytest.raises(CannotStartError, match=r"customers worker .* OMS_METRICS_PORT"),
    ):
        second.__enter__()


def test_the_registry_of_a_worker_has_no_series_of_creation_times() -> None:
    """Counters have their value and no second series that tells when they began."""
    with instruments_of(
        Settings(metrics_port=free_ports(1)[0]), "orders", _situation
    ) as instruments:
        assert instruments.registry is not None
        assert b"_created" not in generate_latest(instruments.registry)
