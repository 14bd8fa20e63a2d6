"""Replies that are lost, late, doubled and overtaken on purpose: which, how many, and when."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.waiting import eventually
from workers.settings import Settings
from workers.stream.ports import OutboundRecord, OutsideAwayError
from workers.stream.writing.misbehaving import Misbehaviour, Writing, misbehaving, writings

if TYPE_CHECKING:
    from collections.abc import Sequence

REPLIES = 10_000
ONCE = {(Writing.NOW,)}


class Written:
    """A publisher that keeps ids, and can be away."""

    def __init__(self) -> None:
        """Hold nothing yet."""
        self.ids: list[str] = []
        self.away = False
        self.asked = asyncio.Event()

    async def publish(self, records: Sequence[OutboundRecord]) -> None:
        """Keep the ids of all records."""
        self.asked.set()
        if self.away:
            raise OutsideAwayError("away")
        self.ids.extend(dict(record.headers)["ce_id"].decode() for record in records)


def replies(*ids: str) -> list[OutboundRecord]:
    """Replies with these ids."""
    return [OutboundRecord("orders.replies", 0, None, b"{}", [("ce_id", i.encode())]) for i in ids]


def behaviour(
    *, drop: float = 0.0, delay: float = 0.0, repeat: float = 0.0, reorder: float = 0.0
) -> Misbehaviour:
    """These shares, drawn with the seed 7."""
    return Misbehaviour(drop, delay, repeat, reorder, delay_seconds=1.0, seed=7)


@pytest.mark.parametrize(
    ("chosen", "fate"),
    [
        (behaviour(drop=0.2), ()),
        (behaviour(delay=0.2), (Writing.LATER,)),
        (behaviour(repeat=0.2), (Writing.NOW, Writing.BEHIND_THE_NEXT)),
        (behaviour(reorder=0.2), (Writing.BEHIND_THE_NEXT,)),
    ],
)
def test_a_rate_is_the_share_of_replies_that_it_befalls(
    chosen: Misbehaviour, fate: tuple[Writing, ...]
) -> None:
    """Of 10,000 replies about a fifth meets its fate, and all others are simply written."""
    found = Counter(writings(chosen, f"reply-{number}", 0) for number in range(REPLIES))
    assert set(found) == {fate, (Writing.NOW,)}
    assert 0.18 < found[fate] / REPLIES < 0.22


def test_the_same_reply_meets_the_same_fate_and_another_seed_another() -> None:
    """What is drawn depends on seed, id and times sent, and on nothing else."""
    chosen = behaviour(drop=0.5)
    other = Misbehaviour(0.5, 0, 0, 0, delay_seconds=1.0, seed=8)
    ids = [f"reply-{number}" for number in range(100)]
    first = [writings(chosen, reply, 0) for reply in ids]
    assert first == [writings(chosen, reply, 0) for reply in ids]
    assert first != [writings(other, reply, 0) for reply in ids]
    assert first != [writings(chosen, reply, 1) for reply in ids]


def test_everything_is_lost_at_1_and_nothing_at_0() -> None:
    """The ends of the range are certain."""
    ids = [f"reply-{number}" for number in range(REPLIES)]
    assert {writings(behaviour(drop=1), reply, 0) for reply in ids} == {()}
    assert {writings(behaviour(), reply, 0) for reply in ids} == ONCE


async def test_a_lost_reply_gets_another_chance_when_it_is_sent_again() -> None:
    """At a rate of a half, nobody who goes on asking with the same id is left without a reply."""
    written = Written()
    ids = [f"reply-{number}" for number in range(100)]
    async with misbehaving(written, Settings(simulator_drop_rate=0.5)) as spoiled:
        await spoiled.publish(replies(*ids))
        assert 0 < len(written.ids) < 100
        for _ in range(50):
            await spoiled.publish(replies(*ids))
    assert set(written.ids) == set(ids)


async def test_an_overtaken_reply_comes_behind_the_next_ones() -> None:
    """What is kept back is written with the next replies, after them."""
    written = Written()
    async with misbehaving(written, Settings(simulator_reorder_rate=1)) as spoiled:
        await spoiled.publish(replies("a", "b"))
        assert written.ids == []
        await spoiled.publish(replies("c"))
        assert written.ids == ["a", "b"]


async def test_a_repeated_reply_comes_again_with_the_next_ones() -> None:
    """Both times it is the same record."""
    written = Written()
    async with misbehaving(written, Settings(simulator_repeat_rate=1)) as spoiled:
        await spoiled.publish(replies("a"))
        await spoiled.publish(replies("b"))
    assert written.ids == ["a", "b", "a"]


async def test_a_late_reply_holds_nothing_up() -> None:
    """Writing returns at once, and the reply comes when its time has come."""
    written = Written()
    late = Settings(simulator_delay_rate=1, simulator_delay_seconds=0.05)
    async with misbehaving(written, late) as spoiled:
        await spoiled.publish(replies("a"))
        assert written.ids == []
        await eventually(lambda: written.ids == ["a"], "the late reply")


async def test_a_late_reply_that_cannot_be_written_is_lost() -> None:
    """It ends nothing: a reply that is lost is one of the things to be tried out."""
    written = Written()
    late = Settings(simulator_delay_rate=1, simulator_delay_seconds=0.01)
    async with misbehaving(written, late) as spoiled:
        await spoiled.publish(replies("a"))
        written.away = True
        written.asked.clear()
        await written.asked.wait()
    assert written.ids == []


async def test_what_is_still_late_at_the_end_is_given_up() -> None:
    """The end does not wait for it."""
    written = Written()
    late = Settings(simulator_delay_rate=1, simulator_delay_seconds=600)
    async with misbehaving(written, late) as spoiled:
        await spoiled.publish(replies("a"))
    assert written.ids == []


async def test_nothing_stands_between_while_all_rates_are_0() -> None:
    """A service that behaves writes with the very publisher that it was given."""
    written = Written()
    async with misbehaving(written, Settings()) as publisher:
        assert publisher is written
