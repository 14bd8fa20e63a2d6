"""Thousands of histories, the same each time, and those that once failed.

By hand there are as many as one likes: see `python -m tests.simulation --help`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.simulation.history import run
from tests.simulation.plan import draw
from tests.simulation.shrinking import describe, shrink

_HISTORIES = 2_000
_CHUNK = 100
_ONCE_FAILED = Path(__file__).with_name("seeds.txt")


def _corpus() -> dict[int, str]:
    lines = [line for line in _ONCE_FAILED.read_text().splitlines() if line[:1].isdigit()]
    return {int(line.split()[0]): line.partition(" ")[2] for line in lines}


def _check(seed: int) -> None:
    told = run(draw(seed))
    if told.violations:
        pytest.fail(describe(seed, *shrink(seed)), pytrace=False)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, _HISTORIES, _CHUNK))
def test_everything_holds_after_any_history(first: int) -> None:
    """Whatever goes wrong, once it heals all invariants hold; each seed is a history."""
    for seed in range(first, first + _CHUNK):
        _check(seed)


@pytest.mark.parametrize(("seed", "found"), _corpus().items(), ids=str)
def test_what_once_failed_holds_now(seed: int, found: str) -> None:
    """Each seed that ever found a fault is kept, with its reason."""
    assert found
    _check(seed)


def test_the_same_seed_gives_the_same_history() -> None:
    """Step by step, to the millisecond, so that a failure can be looked at again."""
    for seed in (3, 7, 11):
        first: list[str] = []
        again: list[str] = []
        run(draw(seed), tell=first.append)
        run(draw(seed), tell=again.append)
        assert first == again
        assert first
