"""The statuses of an order and how it gets from one to the next, drawn from the table itself.

Boxes have their places here. Arrows are found: between boxes side by side or one above the other
they are straight, past a third box they go over it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from docs.drawing.canvas import Box, arrow, box, picture, straight, text
from schemas.status import COMMANDS_MAY_ASK, REPLIES_MAY_LEAD_TO, SHIPPING_MAY_CHANGE, Status

if TYPE_CHECKING:
    from collections.abc import Iterator

_WIDTH: Final = 1080
_HEIGHT: Final = 500
_ROWS: Final = (110, 235, 345, 420)

_PLACES: Final = {
    Status.PENDING: Box(90, _ROWS[0], 130, 370),
    Status.PROCESSING: Box(365, _ROWS[0], 130, 60),
    Status.SHIPPED: Box(580, _ROWS[0], 130, 60),
    Status.DELIVERED: Box(800, _ROWS[0], 100, 60),
    Status.CANCELING: Box(365, _ROWS[1], 130, 60),
    Status.CANCELED: Box(800, _ROWS[1], 100, 60),
    Status.EXPIRED: Box(800, _ROWS[2], 100, 60),
    Status.REJECTED: Box(800, _ROWS[3], 100, 60),
    Status.DELETED: Box(970, _ROWS[0], 90, 370),
}

_STOCK: Final = {
    Status.PENDING: "stock being reserved",
    Status.PROCESSING: "stock reserved",
    Status.SHIPPED: "stock gone",
    Status.DELIVERED: "stock gone",
    Status.CANCELING: "stock being freed",
    Status.DELETED: "data erased",
}

_CAUSES: Final = {
    (Status.PENDING, Status.PROCESSING): ("customer valid,", "stock reserved"),
    (Status.PENDING, Status.EXPIRED): ("no answer in time",),
    (Status.PENDING, Status.REJECTED): ("customer or stock refused",),
    (Status.CANCELING, Status.CANCELED): ("stock released",),
    (Status.CANCELING, Status.PENDING): ("release refused",),
    (Status.CANCELING, Status.PROCESSING): ("release refused",),
}
_COMMANDS: Final = {Status.CANCELING: "cancel", Status.DELETED: "delete"}
_ASIDE: Final = 11
"""Pixels by which each of two opposite arrows steps aside."""
_OVER: Final = 45
"""Pixels by which an arrow passes above the boxes in its way."""


@dataclass(frozen=True, slots=True)
class Step:
    """An arrow; `kind` is `ask` for what commands ask for, `reply` for what replies lead to."""

    start: Status
    end: Status
    kind: str

    @property
    def words(self) -> tuple[str, ...]:
        """What is written at the arrow."""
        if self.kind == "reply":
            return _CAUSES.get((self.start, self.end), ())
        return (_COMMANDS.get(self.end, self.end.value),)


def steps() -> list[Step]:
    """Every arrow. A cancel leads to `canceling` first, whatever the status that is asked for."""
    asked = {
        (start, Status.CANCELING if end is Status.CANCELED else end)
        for start, ends in COMMANDS_MAY_ASK.items()
        for end in ends
    }
    led = {(start, end) for start, ends in REPLIES_MAY_LEAD_TO.items() for end in ends}
    return [Step(*ends, kind="ask") for ends in sorted(asked)] + [
        Step(*ends, kind="reply") for ends in sorted(led)
    ]


def status_picture() -> str:
    """The state diagram as SVG."""
    found = steps()
    pieces = [*_boxes(), *_beginning(), *_legend()]
    for step in found:
        opposite = any((other.start, other.end) == (step.end, step.start) for other in found)
        pieces += _drawn(step, _ASIDE if opposite else 0)
    return picture(_WIDTH, _HEIGHT, "The statuses of an order", pieces)


def _boxes() -> Iterator[str]:
    for status in Status:
        lines = [status.value]
        if status in _STOCK:
            lines.append(_STOCK[status])
        if status in SHIPPING_MAY_CHANGE:
            lines.append("shipping may change")
        yield box(_PLACES[status], *lines)


def _beginning() -> Iterator[str]:
    first = _PLACES[Status.PENDING]
    y = first.top + 30
    yield straight((20, y), (first.left, y), "ask")
    yield text((20 + first.left) / 2 - 3, y - 8, "create")


def _legend() -> Iterator[str]:
    yield straight((20, 30), (70, 30), "ask")
    yield text(80, 34, "a command asks for it", anchor="start")
    yield straight((250, 30), (300, 30), "reply")
    yield text(310, 34, "a reply, or a silence, leads to it", anchor="start")


def _drawn(step: Step, aside: int) -> Iterator[str]:
    start, end = _PLACES[step.start], _PLACES[step.end]
    row = _shared(start.top, start.bottom, end.top, end.bottom)
    column = _shared(start.left, start.right, end.left, end.right)
    if row is not None and not _is_blocked(start, end, row):
        yield from _across(step, start, end, row - aside if step.kind == "ask" else row + aside)
    elif column is not None:
        yield from _down_or_up(step, start, end, column + (-aside if step.kind == "ask" else aside))
    else:
        yield from _over(step, start, end)


def _shared(low: float, high: float, other_low: float, other_high: float) -> float | None:
    """The middle of what two stretches have in common."""
    begin, end = max(low, other_low), min(high, other_high)
    return (begin + end) / 2 if begin < end else None


def _is_blocked(start: Box, end: Box, y: float) -> bool:
    left, right = min(start.right, end.right), max(start.left, end.left)
    return any(
        place.top < y < place.bottom and place.left < right and place.right > left
        for place in _PLACES.values()
        if place not in {start, end}
    )


def _across(step: Step, start: Box, end: Box, y: float) -> Iterator[str]:
    x, to_x = (start.right, end.left) if start.left < end.left else (start.left, end.right)
    yield straight((x, y), (to_x, y), step.kind)
    below = x > to_x
    lines = step.words
    first = y + 16 if below else y - 8 - 15 * (len(lines) - 1)
    for number, words in enumerate(lines):
        yield text((x + to_x) / 2, first + 15 * number, words)


def _down_or_up(step: Step, start: Box, end: Box, x: float) -> Iterator[str]:
    y, to_y = (start.bottom, end.top) if start.top < end.top else (start.top, end.bottom)
    yield straight((x, y), (x, to_y), step.kind)
    side, anchor = (-8, "end") if step.kind == "ask" else (8, "start")
    for words in step.words:
        yield text(x + side, (y + to_y) / 2 + 4, words, anchor=anchor)


def _over(step: Step, start: Box, end: Box) -> Iterator[str]:
    (x, _), (to_x, _) = start.middle, end.middle
    top = min(start.top, end.top) - _OVER
    path = f"M{x:g} {start.top:g} C{x:g} {top:g} {to_x:g} {top:g} {to_x:g} {end.top - 7:g}"
    yield arrow(path, step.kind)
    for words in step.words:
        yield text((x + to_x) / 2, top + 4, words)
