"""The ledger: every command that Kafka has acknowledged to the shop, and which are unanswered.

A JSON object a line: source, id, orderId, type, topic, partition, offset, and `poison` where a dead
letter is the outcome.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import orjson

from schemas.topics import COMMANDS

if TYPE_CHECKING:
    from pathlib import Path


class Entry(NamedTuple):
    """One acknowledged command; `id` and `order_id` are None where the record has none."""

    source: str
    id: str | None
    order_id: str | None
    type: str
    partition: int
    offset: int
    poison: bool = False


class Ledger:
    """Appends to a file, and strikes out what has been answered."""

    def __init__(self, file: Path) -> None:
        """Begin a new file."""
        self.file = file
        self._out = file.open("wb")
        self.acknowledged = 0
        self._unanswered: dict[str, Entry] = {}
        self._answered: set[str] = set()
        self._poison: dict[tuple[int, int], Entry] = {}
        self._poisoned: set[tuple[int, int]] = set()
        self._letters: set[tuple[int, int]] = set()
        self._letters_of_poison: set[tuple[int, int]] = set()

    def add(self, entry: Entry) -> None:
        """Write down a command that was acknowledged; its answer may be there already."""
        content = {
            "source": entry.source,
            "id": entry.id,
            "orderId": entry.order_id,
            "type": entry.type,
            "topic": COMMANDS,
            "partition": entry.partition,
            "offset": entry.offset,
            "poison": entry.poison,
        }
        self._out.write(orjson.dumps(content) + b"\n")
        self._out.flush()
        self.acknowledged += 1
        place = (entry.partition, entry.offset)
        if entry.poison:
            self._poisoned.add(place)
            if place not in self._letters:
                self._poison[place] = entry
        elif entry.id is not None and entry.id not in self._answered:
            self._unanswered[entry.id] = entry

    def answered(self, command_id: str) -> None:
        """A result has come."""
        self._answered.add(command_id)
        self._unanswered.pop(command_id, None)

    def set_aside(self, partition: int, offset: int, *, is_poison: bool) -> None:
        """A dead letter has come of the record that stood there, poison by its own words or not."""
        self._letters.add((partition, offset))
        self._poison.pop((partition, offset), None)
        if is_poison:
            self._letters_of_poison.add((partition, offset))

    def own_up(self, source: str) -> None:
        """Add the poison that was written although nobody acknowledged it."""
        for place in self._letters_of_poison - self._poisoned:
            self.add(Entry(source, None, None, "", *place, poison=True))

    @property
    def results(self) -> int:
        """How many commands have a result."""
        return len(self._answered)

    @property
    def dead_letters(self) -> int:
        """How many commands have a dead letter."""
        return len(self._letters)

    @property
    def unanswered(self) -> list[Entry]:
        """What has no outcome yet, the oldest first."""
        return [*self._unanswered.values(), *self._poison.values()]

    @property
    def waiting(self) -> int:
        """How many have no outcome yet."""
        return len(self._unanswered) + len(self._poison)

    def close(self) -> None:
        """Write no more."""
        self._out.close()
