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

import orjson

from schemas.commands import CommandType
from schemas.topics import COMMANDS
from workers.dev.verifying.facts import Acknowledged
from workers.dev.verifying.reading import name_of_command
from workers.dev.verifying.report import LedgerError
from workers.orders.encode import stable_id

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import Any


class Entry(NamedTuple):
    """One line: a command under the name it goes under, or a poisoned record, and its place.

    `is_poison` is None where the line says nothing about it.
    """

    name: str
    command: Acknowledged | None
    is_poison: bool | None
    place: tuple[str, int, int]


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
        found: dict[str, Any] = orjson.loads(line)
        place = (
            str(found.get("topic", COMMANDS)),
            int(found.get("partition", -1)),
            int(found.get("offset", -1)),
        )
        is_poison = found.get("poison")
        if is_poison:
            if min(place[1:]) < 0:
                raise LedgerError(f"{where}: poison needs its partition and offset")
            return Entry("", None, True, place)  # noqa: FBT003 - it is a field
        order_id, source, identity = found["orderId"] or "", found["source"], found["id"]
        if not order_id and found.get("type") == CommandType.CREATE:
            order_id = stable_id("order", source, identity)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        why = f"{type(error).__name__}: {error}"
        message = f"{where}: not a JSON object with source, id and orderId ({why})"
        raise LedgerError(message) from error
    name = name_of_command(order_id, source, identity)
    return Entry(name, Acknowledged(order_id, source, identity, *place), is_poison, place)
