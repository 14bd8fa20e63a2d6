"""What the shop does with its orders: pure choices of commands, drawn from a seeded chance."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Final

import orjson

from schemas import headers as names
from schemas.commands import CommandType

if TYPE_CHECKING:
    from random import Random

SOURCE: Final = "/chaos"
POISON: Final = "chaos-poison"
"""The header that a poisoned record carries, so that its dead letter can be told from others."""
SCARCE: Final = "scarce"
SCARCE_PIECES: Final = 500
_SHARE_OF_CREATES: Final = 0.5
_SHARE_OF_RACES: Final = 0.1
_SHARE_WITH_SHIPPING: Final = 0.5
_FINISHED: Final = frozenset({"delivered", "rejected", "expired", "canceled"})


@dataclass(frozen=True, slots=True)
class Shopping:
    """A record for `orders.commands`; `partition` None is the key's own."""

    id: str | None
    order_id: str | None
    type: str
    value: bytes | None
    headers: list[tuple[str, bytes]]
    key: bytes | None
    partition: int | None = None
    poison: bool = False

    def into(self, partition: int) -> Shopping:
        """The same command in another partition."""
        return replace(self, partition=partition)


def command(chance: Random, command_type: str, order_id: str, data: object) -> Shopping:
    """A command as the contract wants it."""
    identity = new_id(chance)
    headers = _headers(identity, SOURCE, command_type)
    value = None if data is None else orjson.dumps(data)
    return Shopping(identity, order_id, command_type, value, headers, order_id.encode())


def new_id(chance: Random) -> str:
    """An id that the same seed makes again."""
    return f"{chance.getrandbits(128):032x}"


def without(shopping: Shopping, header: str) -> Shopping:
    """The same record without one of its headers."""
    return replace(shopping, headers=[pair for pair in shopping.headers if pair[0] != header])


def create(chance: Random, product: str | None = None, quantity: int = 1) -> Shopping:
    """A new order; some customers may not order, and of some products there is too little."""
    data: dict[str, Any] = {"customerId": _customer(chance), "products": _products(chance)}
    if product is not None:
        data["products"] = [{"productId": product, "quantity": quantity}]
    if chance.random() < _SHARE_WITH_SHIPPING:
        data["shipping"] = {"company": "DHL", "trackingNumber": str(chance.randrange(10**9))}
    return command(chance, CommandType.CREATE, f"order-{new_id(chance)}", data)


def _customer(chance: Random) -> str:
    return chance.choices(["blocked", "nobody", f"c{chance.randrange(1000)}"], [2, 2, 96])[0]


def _products(chance: Random) -> list[dict[str, Any]]:
    chosen = chance.sample([SCARCE, *(f"p{number}" for number in range(15))], chance.randint(1, 3))
    return [{"productId": product, "quantity": chance.randint(1, 3)} for product in chosen]


def cancel(chance: Random, order_id: str) -> Shopping:
    """A cancel of any order."""
    return command(chance, CommandType.CANCEL, order_id, {"reason": "changed my mind"})


@dataclass(slots=True)
class Book:
    """What the shop knows of its orders, from the results: the status that each had last."""

    statuses: dict[str, str] = field(default_factory=dict)

    def learn(self, order_id: str, status: str | None) -> None:
        """Take what a result says; a deleted order is of no further interest."""
        if status == "deleted":
            self.statuses.pop(order_id, None)
        elif status is not None:
            self.statuses[order_id] = status

    def next_commands(self, chance: Random) -> list[Shopping]:
        """What the shop does next: a new order, perhaps canceled at once, or a step of an old one.

        An order that was chosen is left alone until a result tells of it again.
        """
        if not self.statuses or chance.random() < _SHARE_OF_CREATES:
            made = create(chance)
            races = chance.random() < _SHARE_OF_RACES
            return [made, cancel(chance, made.order_id or "")] if races else [made]
        order_id = chance.choice(list(self.statuses))
        return [_step(chance, order_id, self.statuses.pop(order_id))]


def _step(chance: Random, order_id: str, status: str) -> Shopping:
    if status in _FINISHED:
        return command(chance, CommandType.DELETE, order_id, None)
    kind = chance.choice(["ship", "deliver", "cancel", "address"])
    if kind == "cancel":
        return cancel(chance, order_id)
    if kind == "address":
        data = {"company": "UPS", "trackingNumber": str(chance.randrange(10**9))}
        return command(chance, CommandType.UPDATE_SHIPPING, order_id, data)
    wanted = "shipped" if kind == "ship" else "delivered"
    return command(chance, CommandType.UPDATE_STATUS, order_id, {"status": wanted})


def forged_reply(chance: Random, order_id: str) -> tuple[bytes, list[tuple[str, bytes]]]:
    """Value and headers of a reply to a request that was never sent."""
    correlation, reply = chance.choice(
        [
            (f"{order_id}:inventory.reserve.v1:1:99", "inventory.reserved.v1"),
            (f"{new_id(chance)}:inventory.reserve.v1:1:1", "inventory.reserved.v1"),
            (f"{order_id}:customer.validate.v1:1:1", "inventory.released.v1"),
            (f"{order_id}:inventory.release.v1:7:1", "inventory.release-refused.v1"),
            ("nonsense", "inventory.refused.v1"),
        ]
    )
    headers = _headers(new_id(chance), "/somebody", reply)
    headers.append((names.REPLY_CORRELATION, correlation.encode()))
    return b'{"code": "NO"}', headers


def _headers(identity: str, source: str, kind: str) -> list[tuple[str, bytes]]:
    """The least that a CloudEvent needs; the record's key stands in for its subject."""
    return [
        (names.SPEC_VERSION, names.CLOUD_EVENTS_VERSION.encode()),
        (names.ID, identity.encode()),
        (names.SOURCE, source.encode()),
        (names.TYPE, kind.encode()),
        (names.CONTENT_TYPE, names.JSON_CONTENT),
    ]
