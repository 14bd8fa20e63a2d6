"""What a verification is asked, and what it tells: what was looked at, and what does not hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

INVARIANTS: Final[Mapping[int, str]] = MappingProxyType(
    {
        1: "every command has one outcome",
        2: "the same command has the same outcome",
        3: "versions are 1 to n without a gap",
        4: "one version is told in one way",
        5: "events come in order, in one lane",
        6: "every step is in the table of statuses",
        7: "events make the document and the snapshot",
        8: "no event without its version, no version without its event",
        9: "the books of stock add up",
        10: "reservations fit their orders",
        11: "stray replies change nothing",
        12: "nothing is stuck",
        13: "everything is read, and no more is committed",
        14: "dead letters are what was fed as poison",
    }
)
"""The names of the invariants by their numbers."""

COUNTED: Final[Mapping[int, str]] = MappingProxyType(
    {
        1: "commands",
        2: "commands with a result",
        3: "orders",
        4: "events and snapshots",
        5: "events",
        6: "events",
        7: "orders",
        8: "versions",
        9: "products",
        10: "orders",
        11: "replies",
        12: "orders",
        13: "partitions",
        14: "dead letters",
    }
)
"""What is counted as checked, by the number of the invariant."""

MOST_KEPT: Final = 100
"""Violations of one invariant that are kept in words; all are counted."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is to be verified.

    `ledger` is a producer's file (see the module `ledger`), `stocked` how much was stocked of each
    product at first. If `settled`, no order may wait and nothing be unread, after at most `wait`
    seconds; otherwise the system may go on working meanwhile.
    """

    ledger: Path | None = None
    stocked: Mapping[str, int] | None = None
    settled: bool = True
    wait: float = 0.0


class LedgerError(Exception):
    """The ledger cannot be read; the text says which line, and why."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that does not hold.

    `order_id` is None where it is not about one order; `evidence` is for people, and names
    records as `topic[partition]@offset`.
    """

    invariant: int
    name: str
    order_id: str | None
    evidence: str


@dataclass(slots=True)
class Count:
    """How much was checked of one invariant, how much of it does not hold.

    `unchecked` tells how much could not be checked, by the reason.
    """

    checked: int = 0
    violated: int = 0
    unchecked: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verification:
    """The outcome: `counts` by number of the invariant, and the first violations of each.

    `records` and `documents` are how many were read, in `seconds`.
    """

    counts: Mapping[int, Count]
    violations: Sequence[Violation]
    records: int
    documents: int
    seconds: float

    @property
    def holds(self) -> bool:
        """Whether nothing was found that does not hold."""
        return not any(count.violated for count in self.counts.values())


class Progress(Protocol):
    """Is told how far a verification has come."""

    def begin(self, stage: str, total: int | None) -> None:
        """A new stage begins, of about so many steps; None where nobody knows."""

    def advance(self, count: int) -> None:
        """So many steps more are done."""


class Silence:
    """Progress that nobody looks at."""

    def begin(self, stage: str, total: int | None) -> None:
        """Tell nobody."""

    def advance(self, count: int) -> None:
        """Tell nobody."""


class Tally:
    """Collects what the rules find; holds a bounded number of violations in words."""

    def __init__(self) -> None:
        """Nothing was looked at yet."""
        self.counts = {number: Count() for number in INVARIANTS}
        self.violations: list[Violation] = []

    def checked(self, invariant: int, count: int = 1) -> None:
        """So many more were looked at."""
        self.counts[invariant].checked += count

    def violated(self, invariant: int, order_id: str | None, evidence: str) -> None:
        """One thing does not hold."""
        count = self.counts[invariant]
        count.violated += 1
        if count.violated <= MOST_KEPT:
            name = INVARIANTS[invariant]
            self.violations.append(Violation(invariant, name, order_id or None, evidence))

    def unchecked(self, invariant: int, reason: str, count: int = 1) -> None:
        """So many could not be checked."""
        reasons = self.counts[invariant].unchecked
        reasons[reason] = reasons.get(reason, 0) + count

    def verification(self, records: int, documents: int, seconds: float) -> Verification:
        """All that was found, the violations by invariant."""
        ordered = sorted(self.violations, key=lambda violation: violation.invariant)
        return Verification(self.counts, ordered, records, documents, seconds)
