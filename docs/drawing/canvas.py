"""Pieces of SVG in one look, legible on a light and on a dark page.

Each picture brings its own background, so that it can be read even where a page's colours and
the reader's preference differ. Fonts are those of the reader's system.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from collections.abc import Iterable

_LIGHT: Final = {
    "page": "#ffffff",
    "line": "#d0d7de",
    "box": "#f6f8fa",
    "text": "#1f2328",
    "faint": "#59636e",
    "ask": "#0969da",
    "reply": "#1a7f37",
}
_DARK: Final = {
    "page": "#0d1117",
    "line": "#3d444d",
    "box": "#1b222c",
    "text": "#f0f6fc",
    "faint": "#9198a1",
    "ask": "#4493f8",
    "reply": "#3fb950",
}
_FONT: Final = "-apple-system, 'Segoe UI', 'Noto Sans', Helvetica, Arial, sans-serif"
_LINE_HEIGHT: Final = 15
_HEAD: Final = 7
"""Pixels by which a line ends before the box that its arrowhead touches."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle, in pixels from the picture's upper left corner."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """Its right edge."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """Its lower edge."""
        return self.top + self.height

    @property
    def middle(self) -> tuple[float, float]:
        """Its centre."""
        return self.left + self.width / 2, self.top + self.height / 2


def picture(width: int, height: int, title: str, pieces: Iterable[str]) -> str:
    """A whole SVG file; `title` is what a screen reader reads out."""
    size = f'viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
        f"<title>{escape(title)}</title>",
        f"<style>{_style(_LIGHT)}",
        f"@media (prefers-color-scheme: dark) {{ {_colours(_DARK)} }}</style>",
        f"<defs>{_head('ask')}{_head('reply')}</defs>",
        f'<rect class="page" x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="10"/>',
        *pieces,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def box(place: Box, *texts: str, kind: str = "box", corner: int = 8) -> str:
    """A rectangle with its name and, smaller and below, what else there is to say."""
    middle, centre = place.middle
    first = centre - (len(texts) - 1) * _LINE_HEIGHT / 2 + 4
    rectangle = (
        f'<rect class="{kind}" x="{place.left:g}" y="{place.top:g}" '
        f'width="{place.width:g}" height="{place.height:g}" rx="{corner}"/>'
    )
    words = [
        text(middle, first + number * _LINE_HEIGHT, line, kind="faint" if number else "name")
        for number, line in enumerate(texts)
    ]
    return "\n".join([rectangle, *words])


def text(x: float, y: float, words: str, *, kind: str = "faint", anchor: str = "middle") -> str:
    """One line of text; `y` is its base line."""
    return f'<text class="{kind}" x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(words)}</text>'


def arrow(path: str, kind: str) -> str:
    """A line along an SVG path with a head at its end; `kind` is `ask` or `reply`."""
    return f'<path class="{kind}" d="{path}" marker-end="url(#head-{kind})"/>'


def rule(left: float, right: float, y: float) -> str:
    """A thin horizontal line, as those of a chart."""
    return f'<path class="rule" d="M{left:g} {y:g} H{right:g}"/>'


def curve(points: Iterable[tuple[float, float]], colour: str) -> str:
    """A line through these points, to the pixel."""
    path = " ".join(f"{x:.0f},{y:.0f}" for x, y in points)
    return f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.5"/>'


def dot(x: float, y: float, colour: str) -> str:
    """What stands before a name in a legend."""
    return f'<circle cx="{x:g}" cy="{y:g}" r="4" fill="{colour}"/>'


def straight(start: tuple[float, float], end: tuple[float, float], kind: str) -> str:
    """A horizontal or vertical arrow that touches `end` with its head."""
    (x, y), (to_x, to_y) = start, end
    if y == to_y:
        to_x -= _HEAD if to_x > x else -_HEAD
    else:
        to_y -= _HEAD if to_y > y else -_HEAD
    return arrow(f"M{x:g} {y:g} L{to_x:g} {to_y:g}", kind)


def _head(kind: str) -> str:
    return (
        f'<marker id="head-{kind}" viewBox="0 0 8 8" refX="1" refY="4" markerWidth="8" '
        f'markerHeight="8" markerUnits="userSpaceOnUse" orient="auto">'
        f'<path class="head-{kind}" d="M0 0 L8 4 L0 8 z"/></marker>'
    )


def _style(colours: dict[str, str]) -> str:
    return (
        f"text {{ font: 12px {_FONT}; }} .name {{ font-weight: 600; font-size: 13px; }} "
        ".ask, .reply { fill: none; stroke-width: 1.6; } .reply { stroke-dasharray: 5 3; } "
        f".topic {{ stroke-width: 1.4; }} {_colours(colours)}"
    )


def _colours(colours: dict[str, str]) -> str:
    return (
        f".page {{ fill: {colours['page']}; stroke: {colours['line']}; }} "
        f".box {{ fill: {colours['box']}; stroke: {colours['line']}; }} "
        f".topic {{ fill: {colours['page']}; stroke: {colours['faint']}; }} "
        f".name {{ fill: {colours['text']}; }} .faint {{ fill: {colours['faint']}; }} "
        f".rule {{ stroke: {colours['line']}; }} "
        f".ask {{ stroke: {colours['ask']}; }} .head-ask {{ fill: {colours['ask']}; }} "
        f".reply {{ stroke: {colours['reply']}; }} .head-reply {{ fill: {colours['reply']}; }}"
    )
