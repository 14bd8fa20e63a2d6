"""Lets a simulated service misbehave on purpose: replies lost, late, doubled or overtaken.

What comes of a reply depends on its id and on how often it was sent before, on nothing else: a
run can be repeated, and a reply that was lost gets another chance when it is asked for again.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from enum import Enum, auto
from hashlib import blake2b
from typing import TYPE_CHECKING, Final

import structlog

from schemas import headers as names
from workers.stream.ports import OutsideAwayError, OutsideRefusesError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from workers.settings import Settings
    from workers.stream.ports import OutboundRecord, Publisher

_log = structlog.get_logger()

_DRAWS: Final = 4
_DRAW_BYTES: Final = 8
_MOST_REMEMBERED: Final = 100_000


@dataclass(frozen=True, slots=True)
class Misbehaviour:
    """Shares of replies from 0 (none) to 1 (all), each drawn by itself; `seed` picks the draws."""

    drop_rate: float
    delay_rate: float
    repeat_rate: float
    reorder_rate: float
    delay_seconds: float
    seed: int

    @property
    def is_off(self) -> bool:
        """Whether every reply is simply written."""
        return not any((self.drop_rate, self.delay_rate, self.repeat_rate, self.reorder_rate))


class Writing(Enum):
    """When a reply is written."""

    NOW = auto()
    BEHIND_THE_NEXT = auto()
    LATER = auto()


def writings(misbehaviour: Misbehaviour, reply_id: str, times_sent: int) -> tuple[Writing, ...]:
    """When a reply is written that was sent so often before: never, once or twice."""
    drop, delay, repeat, reorder = _draws(misbehaviour.seed, reply_id, times_sent)
    if drop < misbehaviour.drop_rate:
        return ()
    first = Writing.NOW
    if delay < misbehaviour.delay_rate:
        first = Writing.LATER
    elif reorder < misbehaviour.reorder_rate:
        first = Writing.BEHIND_THE_NEXT
    is_repeated = repeat < misbehaviour.repeat_rate
    return (first, Writing.BEHIND_THE_NEXT) if is_repeated else (first,)


def _draws(seed: int, reply_id: str, times_sent: int) -> tuple[float, ...]:
    """Numbers from 0 up to, not including, 1."""
    text = f"{seed}\n{times_sent}\n{reply_id}".encode()
    digest = blake2b(text, digest_size=_DRAWS * _DRAW_BYTES).digest()
    parts = (digest[n : n + _DRAW_BYTES] for n in range(0, len(digest), _DRAW_BYTES))
    # 53 bits: as many as a float holds exactly.
    return tuple((int.from_bytes(part) >> 11) / 2**53 for part in parts)


class MisbehavingPublisher:
    """Writes some replies never, some twice, some late, and some behind the next ones.

    What is kept back at the end, or when the process is killed, is lost: a lost reply, once more.
    """

    def __init__(self, publisher: Publisher, misbehaviour: Misbehaviour) -> None:
        """Write by way of `publisher`."""
        self._publisher = publisher
        self._misbehaviour = misbehaviour
        self._times_sent: Counter[str] = Counter()
        self._behind_the_next: list[OutboundRecord] = []
        self._late: set[asyncio.Task[None]] = set()

    async def publish(self, records: Sequence[OutboundRecord]) -> None:
        """Write what is due now; nobody waits for what is late.

        Raises:
            OutsideAwayError: the broker does not answer; some may have been written.
            OutsideRefusesError: the broker refuses; the process must not go on.
        """
        due: dict[Writing, list[OutboundRecord]] = {writing: [] for writing in Writing}
        for record in records:
            for writing in self._writings(record):
                due[writing].append(record)
        overtaken, self._behind_the_next = self._behind_the_next, due[Writing.BEHIND_THE_NEXT]
        if due[Writing.LATER]:
            task = asyncio.create_task(self._publish_late(due[Writing.LATER]))
            self._late.add(task)
            task.add_done_callback(self._late.discard)
        await self._publisher.publish([*due[Writing.NOW], *overtaken])

    def _writings(self, record: OutboundRecord) -> tuple[Writing, ...]:
        reply_id = dict(record.headers)[names.ID].decode()
        if len(self._times_sent) >= _MOST_REMEMBERED:
            self._times_sent.clear()
        self._times_sent[reply_id] += 1
        return writings(self._misbehaviour, reply_id, self._times_sent[reply_id] - 1)

    async def _publish_late(self, records: Sequence[OutboundRecord]) -> None:
        await asyncio.sleep(self._misbehaviour.delay_seconds)
        try:
            await self._publisher.publish(records)
        except (OutsideAwayError, OutsideRefusesError) as error:
            _log.warning("late_replies_lost", replies=len(records), reason=str(error))

    async def stop(self) -> None:
        """Give up what is kept back."""
        late = set(self._late)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)


@asynccontextmanager
async def misbehaving(publisher: Publisher, settings: Settings) -> AsyncIterator[Publisher]:
    """What a simulated service writes replies with: `publisher` itself while all rates are 0."""
    misbehaviour = _misbehaviour(settings)
    if misbehaviour.is_off:
        yield publisher
        return
    _log.warning("simulator_misbehaves", **asdict(misbehaviour))
    spoiled = MisbehavingPublisher(publisher, misbehaviour)
    try:
        yield spoiled
    finally:
        await spoiled.stop()


def _misbehaviour(settings: Settings) -> Misbehaviour:
    return Misbehaviour(
        drop_rate=settings.simulator_drop_rate,
        delay_rate=settings.simulator_delay_rate,
        repeat_rate=settings.simulator_repeat_rate,
        reorder_rate=settings.simulator_reorder_rate,
        delay_seconds=settings.simulator_delay_seconds,
        seed=settings.simulator_seed,
    )
