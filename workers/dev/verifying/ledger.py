"""The ledger of a producer: what Kafka acknowledged to it, one JSON object a line.

    {"source": "/shop", "id": "c-1", "orderId": "o-1", "partition": 3, "offset": 17}
    {"poison": true, "topic": "orders.commands", "partition": 3, "offset": 18}

`orderId` may be null for a command that names no order; that of a create, which gets an order id of
its own, then needs its `type`. `partition` and `offset` may be left out where they are not known.
If any line has a field `poison`, the dead letters must be exactly those records for which it is
true; such a line needs its place, and no more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from pydantic import ValidationError, model_validator

from schemas.base import Message
from schemas.commands import CommandType
from schemas.topics import COMMANDS
from workers.dev.verifying.facts import NOWHERE, Acknowledged
from workers.dev.verifying.reading import name_of_command
from workers.dev.verifying.report import LedgerError
from workers.orders.encode import stable_id

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Self


class Entry(NamedTuple):
    """One line: a command under the name it goes under, or a poisoned record, and its place.

    `is_poison` is None where the line says nothing about it.
    """

    name: str
    command: Acknowledged | None
    is_poison: bool | None
    place: tuple[str, int, int]


class _Line(Message):
    """A line as it is written."""

    source: str | None = None
    id: str | None = None
    order_id: str | None = None
    type: str | None = None
    topic: str = COMMANDS
    partition: int = NOWHERE
    offset: int = NOWHERE
    poison: bool | None = None

    @model_validator(mode="after")
    def _says_enough(self) -> Self:
        if self.poison:
            if NOWHERE in {self.partition, self.offset}:
                raise ValueError("poison needs its partition and offset")
        elif self.source is None or self.id is None or "order_id" not in self.model_fields_set:
            raise ValueError("a command needs its source, id and orderId")
        return self


def read_ledger(path: Path) -> Iterator[Entry]:
    """The entries of a ledger, one at a time.

    Raises:
        LedgerError: there is no such file, or a line is not as it must be.
    """
    try:
        with path.open("rb") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield _entry(line, f"{path}, line {number}")
    except OSError as error:
        message = f"{path} cannot be read: {error.strerror}"
        raise LedgerError(message) from error


def _entry(line: bytes, where: str) -> Entry:
    try:
        found = _Line.model_validate_json(line)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_input=False)[0]
        path = ".".join(map(str, fault["loc"])) or "the line"
        raise LedgerError(f"{where}: {path}: {fault['msg']}") from error
    place = (found.topic, found.partition, found.offset)
    if found.poison:
        return Entry("", None, found.poison, place)
    order_id, source, identity = found.order_id or "", found.source or "", found.id or ""
    if not order_id and found.type == CommandType.CREATE:
        order_id = stable_id("order", source, identity)
    command = Acknowledged(order_id, source, identity, *place)
    return Entry(name_of_command(order_id, source, identity), command, found.poison, place)
