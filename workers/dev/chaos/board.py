"""What is known of a run while it goes on, and what has come of it in the end."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Protocol

from workers.dev.chaos.memory import Memory

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from workers.dev.verifying.report import Verification


CREW: Final = ("orders", "orders", "orders", "customers", "inventory", "inventory")
"""The workers of a run, by kind."""


@dataclass(frozen=True, slots=True)
class Options:
    """One run: `seconds` of load and faults, then at most `drain_seconds` until all is done.

    `rate` is in commands a second; `faults` are names; `crew` has the kind of each worker.
    Workers are started of this release and of that whose `oms` is `other_release` in turn.
    """

    seconds: float
    seed: int
    rate: float
    faults: tuple[str, ...]
    brokers: int = 1
    members: int = 1
    partitions: int = 6
    drain_seconds: float = 300.0
    crew: tuple[str, ...] = CREW
    other_release: Path | None = None


@dataclass(slots=True)
class Board:
    """Counts as they grow; times are in seconds."""

    options: Options
    phase: str = "starting"
    began: float = field(default_factory=time.monotonic)
    under_way: dict[int, str] = field(default_factory=dict)
    made: Counter[str] = field(default_factory=Counter)
    not_made: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    endings: Counter[str] = field(default_factory=Counter)
    starts: Sequence[int] = ()
    memory: Memory = field(default_factory=Memory)
    acknowledged: int = 0
    not_acknowledged: int = 0
    results: int = 0
    dead_letters: int = 0
    waiting: int = 0
    lag: int | None = None

    @property
    def seconds(self) -> float:
        """How long it has been going on."""
        return time.monotonic() - self.began


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run; `changed` is what reading everything again changed, none is right.

    `kept` is the data directory where something does not hold.
    """

    board: Board
    load_seconds: float
    drain_seconds: float
    verifications: Sequence[Verification]
    changed: Sequence[str]
    kept: Path | None = None

    @property
    def holds(self) -> bool:
        """Whether nothing was lost, doubled or stuck, and every promise was kept."""
        return not self.faults_found

    @property
    def faults_found(self) -> list[str]:
        """Everything that does not hold, in sentences."""
        violations = [
            f"invariant {found.invariant} ({found.name}), order {found.order_id}: {found.evidence}"
            for verification in self.verifications
            for found in verification.violations
        ]
        return [*self.board.broken, *violations, *self.changed]

    @property
    def checked(self) -> Mapping[int, int]:
        """How much was checked of each invariant, the last time."""
        counts = self.verifications[-1].counts if self.verifications else {}
        return {number: count.checked for number, count in counts.items()}


class Screen(Protocol):
    """Shows a run to somebody."""

    def tell(self, line: str) -> None:
        """Something has happened."""

    def show(self, board: Board) -> None:
        """This is how far it has come."""
