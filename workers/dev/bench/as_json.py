"""The figures as plain data, for machines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from workers.dev.bench.figures import by_kind

if TYPE_CHECKING:
    from workers.dev.bench.figures import (
        BenchFigures,
        Growth,
        GrowthStep,
        Latency,
        Spent,
        Throughput,
        VariantFigures,
    )


def as_json(figures: BenchFigures) -> dict[str, Any]:
    """Everything; times are in the units that the names say, `toFloor` are ratios."""
    floor = figures.floor
    return {
        "machine": dict(figures.machine),
        "variants": [_variant(one, floor) for one in figures.variants],
        "growth": None if figures.growth is None else _growth(figures.growth),
        "verified": not figures.faults,
        "faults": figures.faults,
    }


def _variant(one: VariantFigures, floor: VariantFigures | None) -> dict[str, Any]:
    return {
        "name": one.name,
        **_throughput(one.throughput),
        "idlePercentOfACore": dict(one.idle.percent_of_a_core),
        "latencies": [_latency(found) for found in one.latencies],
        "ratesLeftOut": list(one.left_out),
        "toFloor": None if floor is None else _ratios(one, floor),
    }


def _throughput(found: Throughput) -> dict[str, Any]:
    return {
        "orders": found.spent.count,
        "seconds": found.seconds,
        "ordersPerSecond": found.orders_per_second,
        **_spent(found.spent),
        "coresOthersKeptBusy": found.others_cores,
        "peakBytes": by_kind(found.peak_bytes),
    }


def _spent(spent: Spent) -> dict[str, Any]:
    return {
        "cpuMicroseconds": spent.microseconds,
        "cpuMicrosecondsAll": spent.all_microseconds,
    }


def _latency(found: Latency) -> dict[str, Any]:
    return {
        "ordersPerSecond": found.rate,
        "orders": len(found.milliseconds),
        "milliseconds": found.percentiles,
        **_spent(found.spent),
    }


def _ratios(one: VariantFigures, floor: VariantFigures) -> dict[str, Any]:
    own, least = one.throughput, floor.throughput
    return {
        "ordersPerSecond": own.orders_per_second / least.orders_per_second,
        "cpuMicrosecondsAll": own.spent.all_microseconds / least.spent.all_microseconds,
        "latencies": {
            f"{found.rate:g}": _latency_ratios(found, least_at)
            for found in one.latencies
            if (least_at := floor.at(found.rate)) is not None
        },
    }


def _latency_ratios(own: Latency, floor: Latency) -> dict[str, float]:
    least = floor.percentiles
    return {name: value / least[name] for name, value in own.percentiles.items()}


def _step(step: GrowthStep) -> dict[str, Any]:
    rounds = [found.spent.all_microseconds for found in step.rounds]
    return {"stored": step.stored, **_throughput(step.throughput), "cpuMicrosecondsRounds": rounds}


def _growth(growth: Growth) -> dict[str, Any]:
    changes = growth.changes
    pairs = zip(changes.of_one_order, changes.of_many_orders, strict=True)
    return {
        "steps": [_step(step) for step in growth.steps],
        "changes": [
            {"ofOneOrder": _spent(one), "ofManyOrders": _spent(many)} for one, many in pairs
        ],
        "changesRatio": changes.ratio,
        "changesAtARate": {
            "changesPerSecond": changes.rate,
            "ofOneOrder": _spent(changes.spread[0]),
            "ofManyOrders": _spent(changes.spread[1]),
        },
    }
