"""What clients and others write to the topics: commands, often repeated, and what is none."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson

from schemas import headers as names
from schemas.replies import ReplyType
from schemas.requests import RequestType
from schemas.topics import COMMANDS, CUSTOMER_REQUESTS, INVENTORY_REQUESTS, REPLIES
from tests.simulation.plan import Fault
from tests.simulation.world import Sent
from workers.stream.ports import OutboundRecord

if TYPE_CHECKING:
    from random import Random

    from tests.simulation.world import World

_SOURCE = b"/shop"
_LATER: tuple[tuple[str, dict[str, Any] | None], ...] = (
    ("update-status", {"status": "shipped"}),
    ("update-status", {"status": "delivered"}),
    ("update-status", {"status": "processing"}),
    ("update-status", {"status": "canceled", "reason": "too late"}),
    ("cancel", {"reason": "no more"}),
    ("cancel", None),
    ("delete", None),
    ("delete", None),
    ("update-shipping", {"company": "UPS", "trackingNumber": "1"}),
    ("update-shipping", {"company": "DHL", "trackingNumber": "2"}),
    ("update-shipping", {"company": ""}),
    ("explode", {}),
)


class Clients:
    """Everybody who writes commands, and whoever writes what does not belong there."""

    def __init__(self, world: World, random: Random) -> None:
        """Have sent nothing yet."""
        self._world = world
        self._random = random
        self._homes: dict[str, int] = {}
        self._sent: list[OutboundRecord] = []
        self.left = world.plan.commands

    def send(self) -> str:
        """The next command: often a new one, at times one that was sent before."""
        self.left -= 1
        chance = self._random.random()
        if self._sent and Fault.REPEAT in self._world.plan.faults and chance < 0.2:
            record = self._again(self._random.choice(self._sent))
        else:
            record = self._new_command()
            self._sent.append(record)
        self._world.broker.append(record)
        headers = dict(record.headers)
        key = (record.key or b"").decode()
        self._world.ledger[Sent(key, _SOURCE.decode(), headers[names.ID].decode())] = None
        return f"{headers[names.ID].decode()} for {key} to lane {record.partition}"

    def _again(self, record: OutboundRecord) -> OutboundRecord:
        """The same command: where it was, or elsewhere too, once its order can be found there."""
        order_id = (record.key or b"").decode()
        is_known = order_id in self._world.database.orders
        if is_known and Fault.FOREIGN_LANE in self._world.plan.faults:
            return record._replace(partition=self._any_lane())
        return record

    def _any_lane(self) -> int:
        return self._random.randrange(self._world.broker.partitions)

    def _new_command(self) -> OutboundRecord:
        order_id = f"o{self._random.randrange(self._world.plan.orders)}"
        lane = self._homes.get(order_id)
        data: dict[str, Any] | None
        if lane is None:
            lane = self._homes[order_id] = self._any_lane()
            kind, data = "create", self._order()
        elif self._random.random() < 0.05:
            kind, data = "create", self._order()
        else:
            kind, found = self._random.choice(_LATER)
            data = None if found is None else dict(found)
            if data and self._random.random() < 0.15:
                data["expectedVersion"] = self._random.randint(1, 3)
        if Fault.FOREIGN_LANE in self._world.plan.faults and self._random.random() < 0.2:
            lane = self._any_lane()
        return self._command(order_id, kind, data, lane)

    def _order(self) -> dict[str, Any]:
        products = self._random.choice(
            (("apple",), ("apple",), ("apple", "pear"), ("pear",), ("plum",))
        )
        return {
            "customerId": self._random.choice(("ann", "ann", "ann", "ann", "bob", "zoe")),
            "products": [
                {"productId": name, "quantity": self._random.randint(1, 4)} for name in products
            ],
        }

    def _command(
        self, order_id: str, kind: str, data: dict[str, Any] | None, lane: int
    ) -> OutboundRecord:
        identity = f"{kind}-{len(self._sent)}"
        headers = [
            (names.SPEC_VERSION, b"1.0"),
            (names.ID, identity.encode()),
            (names.SOURCE, _SOURCE),
            (names.TYPE, f"order.{kind}.v1".encode()),
        ]
        if self._random.random() < 0.2:
            headers.append((names.REPLY_TOPIC, b"shop.replies"))
            headers.append((names.REPLY_CORRELATION, identity.encode()))
        value = None if data is None else orjson.dumps(data)
        return OutboundRecord(COMMANDS, lane, order_id.encode(), value, headers)

    def write_poison(self) -> str:
        """A record that nobody can read, or answer."""
        topic, value, headers = self._random.choice(_POISON)
        record = OutboundRecord(topic, self._any_lane(), b"o0", value, headers)
        self._world.broker.append(record)
        offset = len(self._world.broker.topics[topic][record.partition]) - 1
        self._world.poison.append((topic, record.partition, offset))
        return f"poison on {topic} {record.partition} at {offset}"

    def write_forged_reply(self) -> str:
        """A reply to a question that was never asked, or not by us, or not so."""
        request, reply_type = self._random.choice(_FORGED)
        order_id = f"o{self._random.randrange(self._world.plan.orders + 1)}"
        identity = f"forged-{len(self._world.forged)}"
        self._world.forged.add(identity)
        headers = [
            (names.SPEC_VERSION, b"1.0"),
            (names.ID, identity.encode()),
            (names.SOURCE, b"/somebody"),
            (names.TYPE, reply_type.encode()),
            (names.REPLY_CORRELATION, request.replace("o0", order_id).encode()),
        ]
        record = OutboundRecord(REPLIES, self._any_lane(), order_id.encode(), _REPLY_DATA, headers)
        self._world.broker.append(record)
        return f"forged {reply_type} to {request.replace('o0', order_id)}"


_REPLY_DATA = b'{"code":"FORGED","message":"Forged"}'
_EVENT = [(names.SPEC_VERSION, b"1.0"), (names.ID, b"1"), (names.SOURCE, b"/bad")]
_CREATE = (names.TYPE, b"order.create.v1")
_POISON: tuple[tuple[str, bytes | None, list[tuple[str, bytes]]], ...] = (
    (COMMANDS, b"no JSON", [*_EVENT, _CREATE]),
    (COMMANDS, b"[" * 20, [*_EVENT, _CREATE]),
    (COMMANDS, b"{}", [_CREATE]),
    (COMMANDS, None, []),
    (COMMANDS, b" " * 1_000_001, [*_EVENT, _CREATE]),
    (REPLIES, b"{}", []),
    (
        REPLIES,
        b'{"code":7}',
        [
            *_EVENT,
            (names.TYPE, ReplyType.CUSTOMER_INVALID.encode()),
            (names.REPLY_CORRELATION, b"o0:customer.validate.v1:1:1"),
        ],
    ),
    (CUSTOMER_REQUESTS, b"{}", [*_EVENT, (names.TYPE, b"customer.greet.v1")]),
    (CUSTOMER_REQUESTS, b"", []),
    (INVENTORY_REQUESTS, b"{}", [*_EVENT, (names.TYPE, RequestType.RELEASE.encode())]),
)
_FORGED = (
    ("o0:customer.validate.v1:1:9", ReplyType.CUSTOMER_INVALID),
    ("o0:customer.validate.v1:9:1", ReplyType.CUSTOMER_INVALID),
    ("o0:inventory.reserve.v1:9:1", ReplyType.RESERVED),
    ("o0:inventory.reserve.v1:1:0", ReplyType.RESERVED),
    ("o0:inventory.reserve.v1:1:99", ReplyType.REFUSED),
    ("o0:inventory.release.v1:1:1", ReplyType.RELEASED),
    ("o0:inventory.reserve.v1:1:1", ReplyType.RELEASED),
    ("o0:customer.validate.v1:1:1", ReplyType.RESERVED),
    ("o0:inventory.fulfill.v1:99:1", ReplyType.FULFILLED),
    ("somebody's", ReplyType.RESERVED),
    ("", ReplyType.RELEASED),
)
