"""Waiting for a condition, with a bound that becomes a sentence."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_POLL_SECONDS = 0.05


class NotMadeError(Exception):
    """The fault could not be made now; the text says why. It does not count, and is no failure."""


class BrokenPromiseError(Exception):
    """The service did not do what it promises; the text says what."""


async def holds_within(condition: Callable[[], bool], seconds: float) -> bool:
    """Whether the condition becomes true within so many seconds; returns as soon as it does."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(_POLL_SECONDS)
    return True
