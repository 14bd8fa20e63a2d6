"""The figures as tables of texts, each figure with its ratio to the floor's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from workers.dev.bench.figures import KINDS, by_kind

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from workers.dev.bench.figures import BenchFigures, Growth, VariantFigures

_MEGABYTE: Final = 1_000_000
_SMALL: Final = 10.0
_NONE: Final = "–"


@dataclass(frozen=True, slots=True)
class Table:
    """A title, what the columns are, and the rows of texts."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def tables(figures: BenchFigures) -> list[Table]:
    """All tables that there are figures for."""
    found: list[Table] = []
    if figures.variants:
        found += [_work(figures), _latency(figures)]
    if figures.growth is not None:
        found += [_growth(figures.growth), _changes(figures.growth)]
    return [table for table in found if table.rows]


def shown(value: float | None, floor: float | None) -> str:
    """A figure and how many times the floor's it is; a dash where it was not measured."""
    if value is None:
        return _NONE
    text = f"{value:,.1f}" if value < _SMALL else f"{value:,.0f}"
    return f"{text} ({value / floor:.2f}×)" if floor else text


def _columns(figures: BenchFigures) -> tuple[str, ...]:
    return ("", *(one.name for one in figures.variants))


def _row(
    label: str,
    figures: BenchFigures,
    value: Callable[[VariantFigures], float | None],
) -> tuple[str, ...]:
    floor = figures.floor
    reference = None if floor is None else value(floor)
    cells = (shown(value(one), None if one is floor else reference) for one in figures.variants)
    return (label, *cells)


def _work(figures: BenchFigures) -> Table:
    kinds = [
        kind
        for kind in KINDS
        if any(kind in one.throughput.spent.microseconds for one in figures.variants)
    ]
    counts = (f"{one.throughput.spent.count:,}" for one in figures.variants)
    others = (f"{one.throughput.others_cores:.1f}" for one in figures.variants)
    rows = [
        ("orders measured", *counts),
        ("cores that others kept busy", *others),
        _row("orders/s", figures, lambda one: one.throughput.orders_per_second),
        _row("µs of CPU/order, all", figures, lambda one: one.throughput.spent.all_microseconds),
    ]
    rows += [_row(f"µs of CPU/order, {kind}", figures, _microseconds(kind)) for kind in kinds]
    rows += [_row(f"peak memory, {kind}, MB", figures, _megabytes(kind)) for kind in kinds]
    rows += [_row(f"idle, {kind}, % of a core", figures, _idle(kind)) for kind in kinds]
    return Table("A backlog of orders, and nothing to do", _columns(figures), tuple(rows))


def _microseconds(kind: str) -> Callable[[VariantFigures], float | None]:
    return lambda one: one.throughput.spent.microseconds.get(kind)


def _megabytes(kind: str) -> Callable[[VariantFigures], float | None]:
    return lambda one: by_kind(one.throughput.peak_bytes).get(kind, 0.0) / _MEGABYTE


def _idle(kind: str) -> Callable[[VariantFigures], float | None]:
    return lambda one: one.idle.percent_of_a_core.get(kind)


def _latency(figures: BenchFigures) -> Table:
    rates = sorted({found.rate for one in figures.variants for found in one.latencies})
    rows: list[tuple[str, ...]] = []
    for rate in rates:
        rows += [
            _row(f"{rate:g} orders/s, {name}, ms", figures, _percentile(rate, name))
            for name in ("p50", "p95", "p99", "max")
        ]
        rows.append(_row(f"{rate:g} orders/s, µs of CPU/order", figures, _spent_at(rate)))
    title = "From command to result at a fixed rate; – is more than it can do"
    return Table(title, _columns(figures), tuple(rows))


def _percentile(rate: float, name: str) -> Callable[[VariantFigures], float | None]:
    def value(one: VariantFigures) -> float | None:
        found = one.at(rate)
        return None if found is None else found.percentiles[name]

    return value


def _spent_at(rate: float) -> Callable[[VariantFigures], float | None]:
    def value(one: VariantFigures) -> float | None:
        found = one.at(rate)
        return None if found is None else found.spent.all_microseconds

    return value


def _growth(growth: Growth) -> Table:
    first = growth.steps[0].throughput.spent
    rows = [
        (
            f"{step.stored:,}",
            *_compared(step.throughput.spent.microseconds, first.microseconds),
            shown(step.throughput.spent.all_microseconds, first.all_microseconds),
        )
        for step in growth.steps
    ]
    kinds = tuple(kind for kind in KINDS if kind in first.microseconds)
    columns = ("stored", *kinds, "all")
    return Table("µs of CPU/order as orders are stored; × the first row", columns, tuple(rows))


def _compared(values: Mapping[str, float], first: Mapping[str, float]) -> Sequence[str]:
    return [shown(values[kind], first[kind]) for kind in KINDS if kind in values]


def _changes(growth: Growth) -> Table:
    pairs = zip(growth.changes.of_one_order, growth.changes.of_many_orders, strict=True)
    named = [(f"{number}, at once", pair) for number, pair in enumerate(pairs, start=1)]
    named.append((f"{growth.changes.rate:g} changes/s", growth.changes.spread))
    rows = [
        (
            name,
            shown(one.all_microseconds, many.all_microseconds),
            shown(many.all_microseconds, None),
        )
        for name, (one, many) in named
    ]
    count = growth.changes.of_one_order[0].count
    columns = ("round", f"{count} of one order", f"one each of {count} orders")
    title = f"µs of CPU/change; at once, in the median {growth.changes.ratio:.2f}×"
    return Table(title, columns, tuple(rows))
