"""When Python's collector runs: seldom over what lives long, and once a minute over the rest.

Open orders live for seconds to minutes and are many: with the usual thresholds the collector would
walk all of them again and again. With high ones alone, what failed attempts leave behind, such as
tracebacks that hold their records, would lie about until there is very much of it.
"""

from __future__ import annotations

import asyncio
import gc
from itertools import count
from typing import Final

_THRESHOLDS: Final = (100_000, 50, 1_000)
_MINUTE_SECONDS: Final = 60.0
_MINUTES_OF_AN_HOUR: Final = 60
_YOUNG: Final = 1
_ALL: Final = 2


def collect_seldom() -> None:
    """Leave it to `collect_each_minute`, unless very much is made in between."""
    gc.set_threshold(*_THRESHOLDS)


def spare_what_is_there() -> None:
    """What lives as long as the process, as all that its start has made, is walked no more."""
    gc.freeze()


async def collect_each_minute(seconds: float = _MINUTE_SECONDS) -> None:
    """Collect what is young each minute, or at another pace, and all of it each sixtieth time."""
    for time in count(1):
        await asyncio.sleep(seconds)
        gc.collect(_YOUNG if time % _MINUTES_OF_AN_HOUR else _ALL)
