"""What the benchmark finds: plain figures, and what follows from them by arithmetic."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

KINDS: Final = ("orders", "customers", "inventory", "kafka", "mongodb")
"""The kinds of processes; several of one kind count together."""

_MICROSECONDS: Final = 1_000_000
_PERCENT: Final = 100.0


def by_kind(figures: Mapping[str, float]) -> dict[str, float]:
    """The sum for each kind of process that is there; names of processes begin with their kind."""
    found: dict[str, float] = {}
    for name, value in figures.items():
        kind = next(kind for kind in KINDS if name.startswith(kind))
        found[kind] = found.get(kind, 0.0) + value
    return found


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest of the values that at least so many percent of them do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * percent / _PERCENT) - 1)]


@dataclass(frozen=True, slots=True)
class Spent:
    """Processor seconds by process, on so many orders (or changes)."""

    count: int
    processor_seconds: Mapping[str, float]

    @property
    def microseconds(self) -> dict[str, float]:
        """Microseconds for each of them, by kind of process."""
        spent = by_kind(self.processor_seconds)
        return {kind: _MICROSECONDS * seconds / self.count for kind, seconds in spent.items()}

    @property
    def all_microseconds(self) -> float:
        """Microseconds for each of them, all processes together."""
        return sum(self.microseconds.values())


@dataclass(frozen=True, slots=True)
class Throughput:
    """A backlog that was worked off: seconds from its first event to its last result.

    `others_cores` is how many cores everything else on the machine kept busy meanwhile.
    """

    seconds: float
    spent: Spent
    peak_bytes: Mapping[str, float]
    others_cores: float

    @property
    def orders_per_second(self) -> float:
        """Orders a second."""
        return self.spent.count / self.seconds


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds from the time that a command was due to its result, at a fixed rate."""

    rate: float
    milliseconds: Sequence[float]
    spent: Spent

    @property
    def percentiles(self) -> dict[str, float]:
        """p50, p95, p99 and the longest."""
        shown = {"p50": 50.0, "p95": 95.0, "p99": 99.0, "max": 100.0}
        return {name: percentile(self.milliseconds, percent) for name, percent in shown.items()}


@dataclass(frozen=True, slots=True)
class Idle:
    """Processor seconds by process while nothing was asked for."""

    seconds: float
    processor_seconds: Mapping[str, float]

    @property
    def percent_of_a_core(self) -> dict[str, float]:
        """By kind of process."""
        spent = by_kind(self.processor_seconds)
        return {kind: _PERCENT * seconds / self.seconds for kind, seconds in spent.items()}


@dataclass(frozen=True, slots=True)
class VariantFigures:
    """What was measured of the service, the floor or idiomatic Faust.

    `left_out` are rates that are more than it can do; `faults` what is wrong with its work.
    """

    name: str
    throughput: Throughput
    idle: Idle
    latencies: tuple[Latency, ...]
    left_out: tuple[float, ...]
    faults: tuple[str, ...]

    def at(self, rate: float) -> Latency | None:
        """The latencies at that rate; None if they were not measured."""
        return next((found for found in self.latencies if found.rate == rate), None)


@dataclass(frozen=True, slots=True)
class GrowthStep:
    """What an order cost while so many were stored, by round."""

    stored: int
    rounds: tuple[Throughput, ...]

    @property
    def throughput(self) -> Throughput:
        """The round of the median cost."""
        ordered = sorted(self.rounds, key=lambda found: found.spent.all_microseconds)
        return ordered[(len(ordered) - 1) // 2]


@dataclass(frozen=True, slots=True)
class Changes:
    """What a change cost: many of one order, and one each of as many orders, by round.

    Rounds are sent at once; `spread` are the two at `rate` changes a second.
    """

    of_one_order: tuple[Spent, ...]
    of_many_orders: tuple[Spent, ...]
    rate: float
    spread: tuple[Spent, Spent]

    @property
    def ratio(self) -> float:
        """How much more one order's changes cost, in the median round; nan for too few to tell."""
        of_many_orders = _median(self.of_many_orders)
        return _median(self.of_one_order) / of_many_orders if of_many_orders else math.nan


def _median(rounds: Sequence[Spent]) -> float:
    return percentile([spent.all_microseconds for spent in rounds], 50.0)


@dataclass(frozen=True, slots=True)
class Growth:
    """How the service's cost follows the number of stored orders and the length of a history."""

    steps: tuple[GrowthStep, ...]
    changes: Changes
    faults: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BenchFigures:
    """Everything that one run has found."""

    machine: Mapping[str, str]
    variants: tuple[VariantFigures, ...]
    growth: Growth | None = None

    @property
    def faults(self) -> list[str]:
        """What is wrong with the work that was measured, with the name of whose it was."""
        found = [f"{one.name}: {fault}" for one in self.variants for fault in one.faults]
        grown = () if self.growth is None else self.growth.faults
        return [*found, *(f"growth: {fault}" for fault in grown)]

    @property
    def floor(self) -> VariantFigures | None:
        """What all others are compared with; None if it was not measured."""
        return next((one for one in self.variants if one.name == "floor"), None)
