"""How many orders may wait for their first answers: an overload becomes lag, not retries.

Orders that are begun faster than they can be answered would all be asked for again when their
patience ends, which makes the overload worse. So a worker begins no more than what it has seen
answered within a part of that patience; whoever was asked for again counts no more, so that a
silent service does not keep out commands for ever.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from workers.orders.order import Purpose

if TYPE_CHECKING:
    from workers.orders.order import Order

_ALWAYS: Final = 1_000
_SHARE_OF_PATIENCE: Final = 0.4


class Admission:
    """Counts the orders that wait for their first answers, and those that got them lately."""

    def __init__(self, patience: int) -> None:
        """`patience` is what a first answer may take, in milliseconds."""
        self.waiting = 0
        self._window = int(patience * _SHARE_OF_PATIENCE)
        self._answered: deque[tuple[int, int]] = deque()
        self._answered_lately = 0

    @property
    def is_full(self) -> bool:
        """Whether no more orders should be begun for now."""
        return self.waiting >= max(_ALWAYS, self._answered_lately)

    def note(self, now: int, answered: int) -> None:
        """So many orders got their first answers at `now`, in milliseconds since 1970."""
        if answered:
            self._answered.append((now, answered))
            self._answered_lately += answered
        while self._answered and not 0 <= now - self._answered[0][0] <= self._window:
            self._answered_lately -= self._answered.popleft()[1]


def waits_for_first_answers(order: Order | None) -> bool:
    """Whether its checks have been asked for once, and not yet answered."""
    waiting = None if order is None else order.waiting
    return waiting is not None and waiting.purpose is Purpose.CHECKS and waiting.attempt == 1
