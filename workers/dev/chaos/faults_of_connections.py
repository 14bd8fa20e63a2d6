"""Faults between the workers and their servers: connections cut, refused, stalled and slow."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from workers.dev.chaos.waiting import NotMadeError, holds_within

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

    from workers.dev.chaos.proxy import Proxy

SLOW_SECONDS: Final = 0.5
_CUT_SECONDS: Final = 20.0
_MOST_BYTES: Final = 30_000


async def cut(proxies: Sequence[Proxy], chance: Random) -> None:
    """Break off all connections to one server, in the middle of what is being written to it."""
    proxy = chance.choice(proxies)
    proxy.cut_after(chance.randrange(_MOST_BYTES))
    if not await holds_within(lambda: not proxy.is_cut_due, _CUT_SECONDS):
        proxy.heal()
        raise NotMadeError("too little was written")


async def refuse(proxies: Sequence[Proxy], chance: Random) -> None:
    """Break off all connections, and new ones, for some seconds."""
    try:
        for proxy in proxies:
            proxy.refuse()
        await asyncio.sleep(chance.uniform(1.0, 10.0))
    finally:
        _heal(proxies)


async def stall(proxies: Sequence[Proxy], chance: Random) -> None:
    """Keep all connections, and let nothing through for some seconds."""
    try:
        for proxy in proxies:
            proxy.stall()
        await asyncio.sleep(chance.uniform(1.0, 12.0))
    finally:
        _heal(proxies)


async def slow(proxies: Sequence[Proxy], chance: Random) -> None:
    """Let every answer come half a second later, for some seconds."""
    try:
        for proxy in proxies:
            proxy.slow(SLOW_SECONDS)
        await asyncio.sleep(chance.uniform(4.0, 12.0))
    finally:
        _heal(proxies)


def _heal(proxies: Sequence[Proxy]) -> None:
    for proxy in proxies:
        proxy.heal()
