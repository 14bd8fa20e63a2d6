"""Waiting for a condition instead of for a time: a test is as fast as what it waits for."""

from __future__ import annotations

import asyncio
import time
from inspect import isawaitable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_POLL_SECONDS = 0.05


async def eventually(
    condition: Callable[[], object | Awaitable[object]], what: str, within: float = 60.0
) -> None:
    """Return once `condition` returns something true; fail after `within` seconds.

    `what` says, for the failure's message, what was waited for.
    """
    deadline = time.monotonic() + within
    while True:
        found = condition()
        if isawaitable(found):
            found = await found
        if found:
            return
        if time.monotonic() > deadline:
            message = f"waited {within} s in vain for: {what}; last seen: {found!r}"
            raise AssertionError(message)
        await asyncio.sleep(_POLL_SECONDS)
