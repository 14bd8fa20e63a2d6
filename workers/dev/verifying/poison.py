"""The poison that was fed, by the ledger, against the dead letters that there are (invariant 14).

Its size grows with the number of poisoned records, not with that of orders.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from schemas.topics import dead_letter_topic
from workers.dev.verifying.facts import Letter, at

if TYPE_CHECKING:
    from workers.dev.verifying.bounds import Bounds
    from workers.dev.verifying.facts import Fact
    from workers.dev.verifying.ledger import Entry
    from workers.dev.verifying.report import Tally

_LETTER_GONE: Final = "the dead letter of old poison may no longer be kept"

Place = tuple[str, int, int]


class Poison:
    """What was fed, and which of it was seen among the dead letters."""

    def __init__(self) -> None:
        """Nobody has said anything about poison."""
        self._is_told = False
        self._fed: set[Place] = set()
        self._letters: dict[Place, str] = {}

    def take(self, entry: Entry) -> None:
        """Take an entry of the ledger."""
        if entry.is_poison is None:
            return
        self._is_told = True
        if entry.is_poison:
            self._fed.add(entry.place)

    def see(self, fact: Fact) -> None:
        """Look at a fact: is it a dead letter?"""
        if self._is_told and isinstance(fact, Letter):
            self._letters.setdefault((fact.topic, fact.partition, fact.offset), fact.place)

    def check(self, bounds: Bounds, tally: Tally) -> None:
        """Every poisoned record has a dead letter, and nothing else has one."""
        for place in self._letters.keys() - self._fed:
            evidence = f"{self._letters[place]} is of {at(*place)}, which was not fed as poison"
            tally.violated(14, None, evidence)
        for place in self._fed - self._letters.keys():
            topic, partition, offset = place
            if bounds.starts.get((dead_letter_topic(topic), partition), 0):
                tally.unchecked(14, _LETTER_GONE)
            elif bounds.is_handled(topic, partition, offset):
                tally.violated(14, None, f"{at(*place)} is poison, and has no dead letter")
