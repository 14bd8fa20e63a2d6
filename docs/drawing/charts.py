"""Panels of a dashboard as pieces of SVG: a number, or lines over time with a legend."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from docs.drawing import canvas

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

COLUMN: Final = 50
ROW: Final = 22
GAP: Final = 6
"""Pixels of the grid that a dashboard's file lays its panels out on, and of the edge around it."""

_COLOURS: Final = ("#3b82f6", "#16a34a", "#ea580c", "#a855f7", "#dc2626", "#0d9488")
_LEGEND: Final = 14
_LEGEND_LINES: Final = 4
_EACH: Final = 3
"""Of so many points one is drawn: there is one for each second, and more than pixels show."""

_THOUSAND: Final = 1000


class Line(NamedTuple):
    """One line of a chart: what the legend calls it, and seconds and values."""

    name: str
    points: Sequence[tuple[float, float]]


def panel_of(panel: Mapping[str, Any], lines: Sequence[Line]) -> str:
    """One panel of a dashboard's file, in its place, with these lines."""
    place = panel["gridPos"]
    left, top = GAP + place["x"] * COLUMN, GAP + place["y"] * ROW
    if panel["type"] == "row":
        return canvas.text(left + 4, top + 16, panel["title"], kind="name", anchor="start")
    room = canvas.Box(left + 2, top + 2, place["w"] * COLUMN - 4, place["h"] * ROW - 4)
    unit = panel["fieldConfig"]["defaults"]["unit"]
    heading = canvas.text(room.left + 8, room.top + 16, panel["title"], anchor="start")
    inside = _number(room, lines, unit) if panel["type"] == "stat" else _chart(room, lines, unit)
    return "\n".join([canvas.box(room, corner=4), heading, *inside])


def _number(room: canvas.Box, lines: Sequence[Line], unit: str) -> Iterable[str]:
    value = lines[0].points[-1][1] if lines else math.nan
    x, y = room.middle
    return (
        f'<g transform="translate({x:g} {y + 18:g}) scale(2)">',
        canvas.text(0, 0, _shown(value, unit), kind="name"),
        "</g>",
    )


def _chart(room: canvas.Box, lines: Sequence[Line], unit: str) -> Iterable[str]:
    lines = [line for line in lines if any(not math.isnan(value) for _, value in line.points)]
    if not lines:
        x, y = room.middle
        yield canvas.text(x, y, "nothing to show")
        return
    # The most important ones; the legend has no room for all.
    lines = sorted(lines, key=_sum, reverse=True)[: len(_COLOURS)]
    field = canvas.Box(room.left + 56, room.top + 28, room.width - 68, room.height - 96)
    highest = max(value for line in lines for _, value in line.points if not math.isnan(value))
    highest = highest or 1.0
    first = min(line.points[0][0] for line in lines)
    last = max(line.points[-1][0] for line in lines)
    yield canvas.text(field.left - 6, field.top + 4, _shown(highest, unit), anchor="end")
    yield canvas.text(field.left - 6, field.bottom + 4, _shown(0, unit), anchor="end")
    for y in (field.top, field.bottom):
        yield canvas.rule(field.left, field.right, y)
    for number, line in enumerate(lines):
        path = _path(line, field, (first, last), highest)
        yield canvas.curve(path, _COLOURS[number])
        if number < _LEGEND_LINES:
            y = field.bottom + 20 + number * _LEGEND
            yield canvas.dot(field.left, y - 4, _COLOURS[number])
            yield canvas.text(field.left + 10, y, line.name, anchor="start")


def _sum(line: Line) -> float:
    return sum(value for _, value in line.points if not math.isnan(value))


def _path(
    line: Line, field: canvas.Box, seconds: tuple[float, float], highest: float
) -> Sequence[tuple[float, float]]:
    first, last = seconds
    width = max(last - first, 1.0)
    return [
        (
            field.left + (at - first) / width * field.width,
            field.bottom - value / highest * field.height,
        )
        for at, value in line.points[::_EACH]
        if not math.isnan(value)
    ]


def _shown(value: float, unit: str) -> str:
    if math.isnan(value):
        return "–"
    if unit == "s":
        return f"{value:.1f} s" if value >= 1 else f"{value * _THOUSAND:.0f} ms"
    formats = {"bytes": f"{value / _THOUSAND**2:.0f} MB", "percentunit": f"{value:.0%}"}
    return formats.get(unit, f"{value:.3g}/s" if unit == "ops" else f"{value:.3g}")
