"""What MongoDB holds, remembered to see whether doing everything again changed it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from bson import decode, encode

from workers.database import away_when_unreachable, connect
from workers.dev.verifying.mongo import COLLECTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from workers.settings import Settings

    Stored = Mapping[tuple[str, str], bytes]

_TOLD_BY_A_WRITE: Final = frozenset({"revision", "writeId"})


async def what_is_stored(settings: Settings) -> Stored:
    """Every document as BSON, by collection and id: some 2 KB an order.

    Raises:
        OutsideAwayError: MongoDB does not answer.
    """
    database = connect(settings)
    found: dict[tuple[str, str], bytes] = {}
    try:
        with away_when_unreachable():
            for name in COLLECTIONS:
                async for document in database[name].find():
                    found[name, str(document["_id"])] = encode(document)
    finally:
        database.client.close()
    return found


def what_changed(before: Stored, after: Stored) -> Iterator[str]:
    """One sentence for each document that is not what it was, but for the writes that it counts.

    An old reply that grants stock to an order that has given it back makes it give it back again.
    """
    for name, identity in sorted(before.keys() | after.keys()):
        old, new = before.get((name, identity)), after.get((name, identity))
        if old != new and (fields := list(_differences(_document(old), _document(new)))):
            yield f"reading everything again changed {identity} in {name}: {'; '.join(fields)}"


def _document(raw: bytes | None) -> dict[str, Any]:
    return {} if raw is None else decode(raw)


def _differences(old: dict[str, Any], new: dict[str, Any]) -> Iterator[str]:
    for field in sorted((old.keys() | new.keys()) - _TOLD_BY_A_WRITE):
        if old.get(field) != new.get(field):
            yield f"{field} was {old.get(field)!r} and is {new.get(field)!r}"
