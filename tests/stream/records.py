"""Records as a consumer hands them over, without a broker."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence


class Record(NamedTuple):
    """An inbound record."""

    value: bytes | None
    headers: Sequence[tuple[str, bytes]] = ()
    key: bytes | None = None
    topic: str = "orders.commands"
    partition: int = 0
    offset: int = 0
    timestamp: int = 1_700_000_000_123


def envelope(**changed: bytes) -> list[tuple[str, bytes]]:
    """The headers of a CloudEvent, with `changed` ones; names lose their `ce_`."""
    attributes = {
        "specversion": b"1.0",
        "id": b"c-1",
        "source": b"/shop",
        "type": b"order.create.v1",
        **changed,
    }
    return [(f"ce_{name}", value) for name, value in attributes.items()]
