"""A short schedule of the chaos rig: faults of every sort, and in the end everything adds up."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from workers.dev.chaos.board import Options
from workers.dev.chaos.faults import named, possible
from workers.dev.chaos.report import report
from workers.dev.chaos.running import run_chaos

if TYPE_CHECKING:
    from workers.dev.chaos.board import Board, Outcome

# It takes two minutes; the limit is for a machine that does much else.
pytestmark = [pytest.mark.stack, pytest.mark.slow, pytest.mark.chaos, pytest.mark.timeout(900)]

SECONDS, RATE, SEED = 20.0, 20.0, 4
CREW = ("orders", "orders", "customers", "inventory")
LONGEST_DRAIN_SECONDS = 240.0


class Screen:
    """Keeps what is told, for the message of a failure."""

    def __init__(self) -> None:
        """Nothing has happened yet."""
        self.lines: list[str] = []

    def tell(self, line: str) -> None:
        """Keep the line."""
        self.lines.append(line)

    def show(self, board: Board) -> None:
        """Keep nothing: the outcome has the counts."""


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """What came of one run with all faults that one broker and one member allow.

    The other release is this one as well, as it is installed: here only the turns are tested.
    """
    screen = Screen()
    options = Options(
        SECONDS,
        SEED,
        RATE,
        named([], possible(1, 1)),
        drain_seconds=LONGEST_DRAIN_SECONDS,
        crew=CREW,
        other_release=Path(sys.executable).with_name("oms"),
    )
    found = run_chaos(options, screen, tmp_path_factory.mktemp("chaos"))
    assert found.holds, "\n".join([*screen.lines, *found.faults_found, f"kept in {found.kept}"])
    return found


def test_nothing_is_lost_doubled_or_stuck(outcome: Outcome) -> None:
    """Workers, Kafka, MongoDB and clients misbehave; every invariant holds afterwards, twice."""
    assert outcome.board.acknowledged > 0
    assert outcome.board.made.total() > 0
    assert len(outcome.verifications) == 2
    for verification in outcome.verifications:
        assert verification.holds
        assert verification.counts[1].checked > 0


def test_the_report_counts_what_was_done(outcome: Outcome) -> None:
    """It tells the command line, the seed, the counts, and which faults came too seldom."""
    text = report([outcome], "oms chaos --seed 4", "2026-01-01 12:00 UTC")
    assert "oms chaos --seed 4" in text
    assert f"{outcome.board.acknowledged:,} acknowledged commands" in text
    assert "nothing lost, nothing doubled, nothing stuck" in text
    for name, count in outcome.board.made.items():
        assert f"| `{name}` | {count} |" in text
    ours, others = outcome.board.starts
    assert min(ours, others) >= len(CREW) // 2
    assert f"{ours:,} starts of this one and\n{others:,} of the other" in text
    assert "Fewer than 20:" in text
    assert "Not asked for: `kafka-coordinator`" in text
