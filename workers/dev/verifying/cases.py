"""Gathers facts into cases, one for each order: in memory, or aside in files for very many.

Those of very many orders come in the order of topics, not of orders. So they are first dealt out
to files by the hash of their name, all of one name to one file, each small enough to be held in
memory as a whole.
"""

from __future__ import annotations

import gc
import marshal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final, Protocol

from workers.dev.verifying.case import Case
from workers.dev.verifying.facts import (
    Acknowledged,
    Change,
    Command,
    Document,
    Event,
    Letter,
    Reply,
    Request,
    Reservation,
    Result,
    Snapshot,
    Unreadable,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import TracebackType
    from typing import Self

    from workers.dev.verifying.facts import Fact

FACTS_OF_A_FILE: Final = 60_000
"""About so many facts are held in memory while cases are judged."""

FACTS_AT_ONCE: Final = 20_000
_LENGTH_BYTES: Final = 8
_MOST_FILES: Final = 4_096
_KINDS: Final[tuple[type[Any], ...]] = (
    Command,
    Result,
    Event,
    Snapshot,
    Reply,
    Request,
    Letter,
    Unreadable,
    Acknowledged,
    Document,
    Reservation,
)
_MAKE: Final = tuple(kind._make for kind in _KINDS)
_NUMBER_OF: Final = {kind: number for number, kind in enumerate(_KINDS)}

Row = tuple[str, int, tuple[Any, ...]]
"""The name that a fact goes under, the number of its kind, and its fields."""


class Cases(Protocol):
    """Takes facts in any order of their names, and gives them back as cases."""

    def add(self, name: str, fact: Fact) -> None:
        """Take one more fact; those of one name keep their order."""

    def all(self) -> Iterator[list[Case]]:
        """All cases, some at a time."""


class CasesInMemory:
    """For as many orders as fit into memory."""

    def __init__(self) -> None:
        """Hold nothing yet."""
        self._found: dict[str, Case] = {}

    def add(self, name: str, fact: Fact) -> None:
        """Take one more fact; those of one name keep their order."""
        _case(self._found, name).add(fact)

    def all(self) -> Iterator[list[Case]]:
        """All cases at once."""
        yield list(self._found.values())


def _case(found: dict[str, Case], name: str) -> Case:
    case = found.get(name)
    if case is None:
        case = found[name] = Case(name)
    return case


class CasesOnDisk:
    """For any number of orders: facts lie in files of a temporary directory.

    Use it as a context manager; the directory is removed at its end. A full disk raises OSError.
    """

    def __init__(self, expected: int, at_once: int = FACTS_AT_ONCE) -> None:
        """Be ready for about so many facts, of which so many are held before they are written."""
        self._directory = TemporaryDirectory(prefix="oms-verify-")
        count = min(max(expected // FACTS_OF_A_FILE + 1, 1), _MOST_FILES)
        self._rows: list[list[Row]] = [[] for _ in range(count)]
        self._waiting = 0
        self._at_once = at_once

    def __enter__(self) -> Self:
        """Make use of the directory until the end of the block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Remove the directory."""
        self._directory.cleanup()

    def add(self, name: str, fact: Fact) -> None:
        """Take one more fact; those of one name keep their order."""
        kind = _NUMBER_OF[type(fact)]
        self._rows[hash(name) % len(self._rows)].append((name, kind, _plain(fact)))
        self._waiting += 1
        if self._waiting >= self._at_once:
            self._put_aside()

    def _put_aside(self) -> None:
        for number, rows in enumerate(self._rows):
            if rows:
                block = marshal.dumps(rows)
                with self._file(number).open("ab") as file:
                    file.write(len(block).to_bytes(_LENGTH_BYTES))
                    file.write(block)
                rows.clear()
        self._waiting = 0
        gc.collect(0)

    def _file(self, number: int) -> Path:
        return Path(self._directory.name, str(number))

    def all(self) -> Iterator[list[Case]]:
        """All cases, those of one file at a time."""
        self._put_aside()
        for number in range(len(self._rows)):
            if self._file(number).exists():
                yield self._read(number)
                self._file(number).unlink()

    def _read(self, number: int) -> list[Case]:
        found: dict[str, Case] = {}
        with self._file(number).open("rb") as file:
            while length := int.from_bytes(file.read(_LENGTH_BYTES)):
                # Our own file of a moment ago, in a directory that only we can read.
                rows: list[Row] = marshal.loads(file.read(length))  # noqa: S302 - see above
                for name, kind, fields in rows:
                    _case(found, name).add(_fact(kind, fields))
        return list(found.values())


def _plain(fact: Fact) -> tuple[Any, ...]:
    if isinstance(fact, Document):
        return (*fact[:-1], tuple(tuple(change) for change in fact.history))
    return tuple(fact)


def _fact(kind: int, fields: tuple[Any, ...]) -> Fact:
    fact: Fact = _MAKE[kind](fields)
    if isinstance(fact, Document):
        return fact._replace(history=tuple(map(Change._make, fact.history)))
    return fact
