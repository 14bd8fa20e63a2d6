"""The signs of progress: what counts as silence, what interrupts it, and what is no silence."""

from __future__ import annotations

import itertools
from dataclasses import fields
from typing import TYPE_CHECKING

import pytest
from faust.types import TP

from workers.stream.watching import signs as module
from workers.stream.watching.signs import Sight, Signs
from workers.stream.watching.watchdog import REASONS, Limits

if TYPE_CHECKING:
    from collections.abc import Iterable

COMMANDS, REPLIES = TP("orders.commands", 0), TP("orders.replies", 0)
WELL = Sight("working", fetches=1)


class _Time:
    """A clock that is set by hand, in seconds."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> _Time:
    """The clock of the signs."""
    found = _Time()
    monkeypatch.setattr(module, "seconds_now", found)
    return found


def _after(time: _Time, sights: Iterable[Sight]) -> dict[str, float]:
    """The signs after these sights, ten seconds from one to the next, and ten after the last."""
    signs = Signs()
    for sight in sights:
        signs.look(sight)
        time.now += 10
    return {name: seconds for name, seconds in signs.seconds().items() if seconds}


def test_every_sign_has_a_limit_and_a_reason() -> None:
    """The watchdog can judge each sign, and has words for it."""
    limits = {field.name for field in fields(Limits)} - {"paused"}
    assert limits == REASONS.keys() == {*Signs().seconds(), "loop_stuck"}


@pytest.mark.parametrize(
    ("sight", "sign"),
    [
        (Sight("starting"), "starting"),
        (Sight("joining"), "rebalancing"),
        (Sight("working", fetches=7), "fetching_stuck"),
        (Sight("working", unfinished={COMMANDS: 5}), "work_stuck"),
        (Sight("working", not_fetched={COMMANDS: -1}), "not_fetched"),
    ],
)
def test_what_does_not_change_counts(time: _Time, sight: Sight, sign: str) -> None:
    """Three looks that see the same thing stand still for thirty seconds."""
    assert _after(time, [sight] * 3)[sign] == 30


@pytest.mark.parametrize(
    "sight",
    [
        Sight("starting"),
        Sight("joining"),
        Sight("working", fetches=7),
        Sight("working", unfinished={COMMANDS: 5}),
        Sight("working", not_fetched={COMMANDS: 5}),
    ],
)
def test_a_wait_for_the_outside_begins_every_count_anew(time: _Time, sight: Sight) -> None:
    """While Kafka or MongoDB is away nothing need move; what stands still after it counts anew."""
    away = Sight(None, sight.fetches, 0.0, sight.unfinished, sight.not_fetched)
    assert _after(time, [sight, sight, away]) == {}
    assert set(_after(time, [sight, sight, away, sight]).values()) == {10}


def test_what_moves_does_not_count(time: _Time) -> None:
    """Fetching that goes on and offsets that grow are no silence beyond the last look."""
    sights = [
        Sight("working", number, 0.0, {COMMANDS: number}, {REPLIES: number}) for number in range(9)
    ]
    assert set(_after(time, sights).values()) == {10}


def test_the_partition_that_stands_still_counts_among_those_that_move(time: _Time) -> None:
    """One partition that is never acknowledged is found though the others are."""
    sights = [Sight("working", number, 0.0, {COMMANDS: number, REPLIES: 3}) for number in range(9)]
    assert _after(time, sights)["work_stuck"] == 90


def test_nothing_to_do_is_no_silence(time: _Time) -> None:
    """A worker that fetches and finds nothing, or has finished all, is well for ever."""
    sights = [Sight("working", number, 0.0, {COMMANDS: 3}) for number in range(3)]
    idle = [Sight("working", number) for number in range(3, 99)]
    assert _after(time, itertools.chain(sights, idle)) == {"fetching_stuck": 10}


def test_the_end_of_a_rebalance_ends_its_count(time: _Time) -> None:
    """Joining twice for a short time is not joining for a long one."""
    joining = Sight("joining")
    assert _after(time, [joining, joining, WELL, joining])["rebalancing"] == 10
