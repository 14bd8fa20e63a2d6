"""Pieces of an SVG chart of rows, legible on a light and on a dark page."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final
from xml.sax.saxutils import escape

from workers.dev.bench.figures import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

WIDTH: Final = 920
ROW: Final = 24
LEFT: Final = 170
RIGHT: Final = 560
VALUES: Final = RIGHT + 12
_BAR: Final = 14
_MARGIN: Final = 24
_FONT: Final = "-apple-system, 'Segoe UI', 'Noto Sans', Helvetica, Arial, sans-serif"
_LIGHT: Final = ("#ffffff", "#d0d7de", "#1f2328", "#59636e")
_DARK: Final = ("#0d1117", "#3d444d", "#f0f6fc", "#9198a1")
_COLOURS: Final = {
    "orders": ("#0969da", "#4493f8"),
    "customers": ("#1a7f37", "#3fb950"),
    "inventory": ("#9a6700", "#d29922"),
    "kafka": ("#8250df", "#ab7df8"),
    "mongodb": ("#bc4c00", "#db6d28"),
}
_NAMES: Final = {"kafka": "Kafka", "mongodb": "MongoDB"}


def picture(title: str, pieces: Iterable[str], height: float) -> str:
    """A whole SVG file, `height` pixels high; `title` is what a screen reader reads out."""
    style = f"{_style(0)} @media (prefers-color-scheme: dark) {{ {_style(1)} }}"
    size = f'viewBox="0 0 {WIDTH} {height:g}" width="{WIDTH}" height="{height:g}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
        f"<title>{escape(title)}</title>",
        f"<style>text {{ font: 12px {_FONT}; }} .title {{ font-weight: 600; }} {style}</style>",
        f'<rect class="page" x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1:g}" rx="10"/>',
        *pieces,
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _style(which: int) -> str:
    page, line, text, faint = (_LIGHT, _DARK)[which]
    kinds = " ".join(f".{kind} {{ fill: {colours[which]}; }}" for kind, colours in _COLOURS.items())
    return (
        f".page {{ fill: {page}; stroke: {line}; }} .title, .value {{ fill: {text}; }} "
        f".label {{ fill: {faint}; }} .span {{ stroke: {faint}; stroke-width: 2; }} {kinds}"
    )


def title(y: float, words: str) -> str:
    """The heading of a panel, in a row of its own."""
    return _text(_MARGIN, y + ROW / 2 + 4, words, "title")


def label(y: float, words: str) -> str:
    """The name of a row."""
    return _text(LEFT - 10, y + ROW / 2 + 4, words, "label", "end")


def value(y: float, words: str) -> str:
    """What a row's bar stands for."""
    return _text(VALUES, y + ROW / 2 + 4, words, "value")


def stacked_bar(y: float, shares: Sequence[tuple[str, float]]) -> str:
    """A bar of parts; each is a kind of process and its share of the whole width, 0 to 1."""
    pieces: list[str] = []
    x = float(LEFT)
    for kind, share in shares:
        width = share * (RIGHT - LEFT)
        pieces.append(
            f'<rect class="{kind}" x="{x:.1f}" y="{y + (ROW - _BAR) / 2:g}" '
            f'width="{max(0.5, width):.1f}" height="{_BAR}"/>'
        )
        x += width
    return "\n".join(pieces)


def span(y: float, marks: Sequence[float], lowest: float, highest: float) -> str:
    """A line from the first to the last mark with a dot at each, on a logarithmic scale."""
    places = [_on_scale(mark, lowest, highest) for mark in marks]
    middle = y + ROW / 2
    line = (
        f'<line class="span" x1="{places[0]:.1f}" y1="{middle:g}" '
        f'x2="{places[-1]:.1f}" y2="{middle:g}"/>'
    )
    dots = [f'<circle class="orders" cx="{x:.1f}" cy="{middle:g}" r="4"/>' for x in places]
    return "\n".join([line, *dots])


def legend(y: float) -> str:
    """Which colour stands for which kind of process."""
    step = (RIGHT - LEFT) / len(KINDS)
    pieces: list[str] = []
    for number, kind in enumerate(KINDS):
        x = LEFT + number * step
        pieces += [
            f'<rect class="{kind}" x="{x:g}" y="{y + 7:g}" width="10" height="10"/>',
            _text(x + 15, y + ROW / 2 + 4, _NAMES.get(kind, kind), "label"),
        ]
    return "\n".join(pieces)


def _on_scale(mark: float, lowest: float, highest: float) -> float:
    if highest <= lowest:
        return LEFT
    share = math.log(max(mark, lowest) / lowest) / math.log(highest / lowest)
    return LEFT + share * (RIGHT - LEFT)


def _text(x: float, y: float, words: str, kind: str, anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{x:g}" y="{y:g}" text-anchor="{anchor}">{escape(words)}</text>'
