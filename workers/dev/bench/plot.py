"""The figures as one picture: orders a second, where the processor time goes, latency, growth."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from workers.dev.bench import drawing
from workers.dev.bench.figures import KINDS
from workers.dev.bench.tables import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from workers.dev.bench.figures import BenchFigures, Growth, Latency, VariantFigures

    Row = Callable[[float], str]
    """Draws itself at a height, in pixels from the top."""

_EDGE: Final = 14
_LOWEST_MILLISECONDS: Final = 1.0


def plot(figures: BenchFigures) -> str:
    """An SVG file of all figures that there are."""
    rows: list[Row] = []
    if figures.variants:
        rows += [*_orders(figures), *_spent(figures), *_latencies(figures)]
    if figures.growth is not None:
        rows += _growth(figures.growth)
    places = [_EDGE + number * drawing.ROW for number in range(len(rows))]
    pieces = [row(y) for row, y in zip(rows, places, strict=True)]
    about = ", ".join(f"{name} {text}" for name, text in figures.machine.items())
    height = _EDGE * 2 + len(rows) * drawing.ROW
    return drawing.picture(f"oms bench: {about}", pieces, height)


def _title(words: str) -> Row:
    return lambda y: drawing.title(y, words)


def _row(name: str, bar: Row, text: str) -> Row:
    return lambda y: "\n".join([drawing.label(y, name), bar(y), drawing.value(y, text)])


def _compared(
    figures: BenchFigures, of: Callable[[VariantFigures], float], one: VariantFigures
) -> str:
    floor = figures.floor
    return shown(of(one), None if floor is None or floor is one else of(floor))


def _orders(figures: BenchFigures) -> list[Row]:
    most = max(one.throughput.orders_per_second for one in figures.variants)
    rows = [
        _row(
            one.name,
            _bar([("orders", one.throughput.orders_per_second / most)]),
            _compared(figures, lambda each: each.throughput.orders_per_second, one) + " orders/s",
        )
        for one in figures.variants
    ]
    return [_title("Orders a second, a backlog"), *rows]


def _spent(figures: BenchFigures) -> list[Row]:
    rows = [
        _row(
            one.name,
            _bar(_shares(one.throughput.spent.microseconds)),
            _compared(figures, lambda each: each.throughput.spent.all_microseconds, one)
            + " µs/order",
        )
        for one in figures.variants
    ]
    return [_title("Processor time of an order, and each share of it"), *rows, drawing.legend]


def _shares(spent: Mapping[str, float]) -> list[tuple[str, float]]:
    everything = sum(spent.values()) or 1.0
    return [(kind, spent[kind] / everything) for kind in KINDS if kind in spent]


def _bar(parts: Sequence[tuple[str, float]]) -> Row:
    return lambda y: drawing.stacked_bar(y, parts)


def _latencies(figures: BenchFigures) -> list[Row]:
    found = [(one, latency) for one in figures.variants for latency in one.latencies]
    if not found:
        return []
    found.sort(key=lambda pair: pair[1].rate)
    longest = max(latency.percentiles["max"] for _one, latency in found)
    rows = [
        _row(
            f"{latency.rate:g}/s {one.name}",
            _marks(latency, longest),
            _milliseconds(latency, None if one is figures.floor else figures.floor),
        )
        for one, latency in found
    ]
    return [_title("From command to result: p50, p95, p99 and max (logarithmic)"), *rows]


def _marks(latency: Latency, longest: float) -> Row:
    marks = list(latency.percentiles.values())
    return lambda y: drawing.span(y, marks, _LOWEST_MILLISECONDS, longest)


def _milliseconds(latency: Latency, floor: VariantFigures | None) -> str:
    """All four, and how many times the floor's p50 and p99 are."""
    own = latency.percentiles
    text = " · ".join(shown(value, None) for value in own.values()) + " ms"
    least = None if floor is None else floor.at(latency.rate)
    if least is None:
        return text
    ratios = [f"{name} {own[name] / least.percentiles[name]:.2f}×" for name in ("p50", "p99")]
    return f"{text} ({', '.join(ratios)})"


def _growth(growth: Growth) -> list[Row]:
    costs = [step.throughput.spent.all_microseconds for step in growth.steps]
    rows = [
        _row(
            f"{step.stored:,} stored",
            _bar(_part(step.throughput.spent.microseconds, max(costs))),
            f"{shown(cost, costs[0])} µs/order",
        )
        for step, cost in zip(growth.steps, costs, strict=True)
    ]
    changes = f"Changes of one order cost {growth.changes.ratio:.2f}× those of many"
    return [_title("Processor time of an order as orders are stored"), *rows, _title(changes)]


def _part(spent: Mapping[str, float], highest: float) -> list[tuple[str, float]]:
    return [(kind, spent[kind] / highest) for kind in KINDS if kind in spent]
