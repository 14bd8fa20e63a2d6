"""Waiting for a condition instead of for a time: a test is as fast as what it waits for."""

from __future__ import annotations

import asyncio
import time
from inspect import isawaitable
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

Found = TypeVar("Found")

_POLL_SECONDS = 0.05


async def eventually(
    condition: Callable[[], Found | Awaitable[Found]], what: str, within: float = 60.0
) -> Found:
    """Return what `condition` returns once that is true; fail after `within` seconds.

    `what` says, for the failure's message, what was waited for.
    """
    deadline = time.monotonic() + within
    while True:
        found = condition()
        value = await found if isawaitable(found) else found
        if value:
            return value
        if time.monotonic() > deadline:
            message = f"waited {within} s in vain for: {what}; last seen: {value!r}"
            raise AssertionError(message)
        await asyncio.sleep(_POLL_SECONDS)
