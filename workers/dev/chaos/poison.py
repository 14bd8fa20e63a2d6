"""Records on `orders.commands` that are no proper command, one of each kind."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from schemas import headers as names
from schemas.commands import CommandType
from schemas.topics import COMMANDS
from workers.dev.chaos.orders import POISON, Shopping, command, create, new_id, without

if TYPE_CHECKING:
    from random import Random

_TEN_MEGABYTES: Final = 10_000_000
_TOO_DEEP: Final = b"[" * 40 + b"]" * 40


def poison(chance: Random) -> list[Shopping]:
    """Those that must be set aside, and those that must be answered all the same."""
    return [*_set_aside(chance), *_answered(chance)]


def _set_aside(chance: Random) -> list[Shopping]:
    large = b'{"customerId": "' + b"x" * _TEN_MEGABYTES + b'"}'
    values = [b"{nope", large, _TOO_DEEP, b'{"customerId": "\xff"}']
    unreadable = [replace(create(chance), value=value) for value in values]
    nameless = replace(without(create(chance), names.ID), id=None)
    lacking = [without(create(chance), name) for name in (names.TYPE, names.SPEC_VERSION)]
    return [_marked(bad) for bad in (*unreadable, nameless, *lacking)]


def _marked(bad: Shopping) -> Shopping:
    return replace(bad, headers=[*bad.headers, (POISON, b"yes")], poison=True)


def _answered(chance: Random) -> list[Shopping]:
    order_id = f"order-{new_id(chance)}"
    keyless = replace(create(chance), key=None, order_id=None)
    return [
        command(chance, "order.paint.v1", order_id, {}),
        command(chance, CommandType.CREATE, order_id, {"customerId": 1, "products": "none"}),
        command(chance, CommandType.CREATE, order_id, None),
        command(chance, CommandType.CREATE, order_id, [1, 2]),
        command(chance, CommandType.CANCEL, order_id, None),
        keyless,
        _with_reply_topic(create(chance), "no.such.topic"),
        _with_reply_topic(create(chance), COMMANDS),
    ]


def _with_reply_topic(shopping: Shopping, topic: str) -> Shopping:
    address: list[tuple[str, bytes]] = [
        (names.REPLY_TOPIC, topic.encode()),
        (names.REPLY_CORRELATION, b"1"),
    ]
    return replace(shopping, headers=[*shopping.headers, *address])
