"""Figures made up by hand, whose ratios are known."""

from __future__ import annotations

from workers.dev.bench.figures import (
    BenchFigures,
    Changes,
    Growth,
    GrowthStep,
    Idle,
    Latency,
    Spent,
    Throughput,
    VariantFigures,
)

PARTS = ("orders worker", "orders-2 worker", "customers worker", "kafka", "mongodb")


def throughput(seconds: float, each: float, orders: int = 1_000) -> Throughput:
    """A backlog of `orders` in so many seconds, for which each process used `each` seconds."""
    used = dict.fromkeys(PARTS, each)
    peak = dict.fromkeys(PARTS, 123_000_000.0)
    return Throughput(seconds, Spent(orders, used), peak, 0.25)


def variant(name: str, seconds: float, each: float, *faults: str) -> VariantFigures:
    """What was measured of one variant; the slower it is, the longer its latencies."""
    waits = [seconds * number for number in range(1, 101)]
    latency = Latency(50.0, waits, Spent(100, dict.fromkeys(PARTS, each)))
    idle = Idle(10.0, dict.fromkeys(PARTS, 0.1))
    return VariantFigures(name, throughput(seconds, each), idle, (latency,), (300.0,), faults)


def growth(*faults: str) -> Growth:
    """Orders cost 5,000 µs in the median round, then 5,500; changes of one order 1.5 times more."""
    steps = (
        GrowthStep(10_000, (throughput(1.0, 9.0), throughput(1.0, 1.0), throughput(1.0, 0.5))),
        GrowthStep(1_000_000, (throughput(1.0, 1.1),)),
    )
    one, many = Spent(900, {"kafka": 0.9}), Spent(900, {"kafka": 0.6})
    return Growth(steps, Changes((one,) * 3, (many,) * 3, 100.0, (many, one)), faults)


def figures(*faults: str) -> BenchFigures:
    """The floor, and a service that takes twice as long and uses three times as much."""
    service = variant("service", 4.0, 0.3, *faults)
    return BenchFigures({"cores": "2"}, (variant("floor", 2.0, 0.1), service), growth())
