"""The life of an order by messages alone: what each command does, and what its result says."""

from __future__ import annotations

import json
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from confluent_kafka import Producer

from tests.journey.storefront import DEADLINE_SECONDS, SOURCE, data_of, headers_of, read_all
from tests.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from confluent_kafka import Message
    from motor.motor_asyncio import AsyncIOMotorDatabase

    from tests.journey.storefront import Reader, Storefront

    Documents = AsyncIOMotorDatabase[dict[str, Any]]

pytestmark = [pytest.mark.stack, pytest.mark.usefixtures("service")]

PIECES = 2
SAMPLE = {
    "customerId": "12345",
    "products": [{"productId": "98765", "quantity": PIECES}],
    "shipping": {"company": "DHL", "trackingNumber": "ABC123"},
}
UPS = {"company": "UPS", "trackingNumber": "XYZ456"}


class Shopper:
    """Sends one order's commands, one after the other, and reads the result of each."""

    def __init__(self, storefront: Storefront, results: Reader) -> None:
        """Begin with an order id that nobody has used."""
        self.order_id = str(uuid4())
        self._storefront = storefront
        self._results = results

    def ask(self, command: str, data: object = None, command_id: str | None = None) -> Message:
        """Send `order.<command>.v1` and return its result."""
        sent = self._storefront.send(
            f"order.{command}.v1", data, order_id=self.order_id, command_id=command_id
        )
        return self._results.first(partial(is_result_of, sent))

    def told(self, command: str, data: object = None) -> dict[str, Any]:
        """Send `order.<command>.v1` and return the data of its result."""
        result: dict[str, Any] = data_of(self.ask(command, data))
        return result

    def walk(self, *commands: tuple[str, object]) -> None:
        """Send all, each after the result of the one before; all must be accepted."""
        for command, data in commands:
            assert self.told(command, data)["outcome"] == "accepted"


CREATE = ("create", SAMPLE)
DELIVERED = ("update-status", {"status": "delivered"})
CANCEL = ("cancel", None)
DELETE = ("delete", None)


@pytest.fixture
def shopper(storefront: Storefront, results: Reader) -> Shopper:
    """Somebody with one order, not yet created."""
    return Shopper(storefront, results)


@pytest.fixture
def events(storefront: Storefront) -> Iterator[Reader]:
    """What comes on `orders.events` from now on."""
    reader = storefront.reader("orders.events")
    yield reader
    reader.close()


@pytest.fixture
async def product(documents: Documents) -> str:
    """A product that nobody else orders, of which there are ten."""
    name = f"product-{uuid4()}"
    await documents["stock"].insert_one({"_id": name, **books(available=10)})
    return name


def books(available: int, reserved: int = 0, fulfilled: int = 0) -> dict[str, int]:
    """The pieces of one product."""
    return {"available": available, "reserved": reserved, "fulfilled": fulfilled}


def create_of(product: str) -> tuple[str, object]:
    """A create for two pieces of one product."""
    return "create", {**SAMPLE, "products": [{"productId": product, "quantity": PIECES}]}


def events_of(events: Reader, order_id: str, count: int) -> list[Message]:
    """The first `count` events of an order."""
    key = order_id.encode()
    found = events.until(lambda all_: sum(message.key() == key for message in all_) >= count)
    return [message for message in found if message.key() == key]


def types_of(messages: list[Message]) -> list[str]:
    """What happened, without the parts that all event types share."""
    types = [headers_of(message)["ce_type"].decode() for message in messages]
    return [name.removeprefix("order.").removesuffix(".v1") for name in types]


async def test_an_order_is_created_changed_delivered_and_deleted(
    shopper: Shopper, events: Reader
) -> None:
    """Each result has the order as its command left it, and each step is an event."""
    created = shopper.told("create", SAMPLE)
    assert created["outcome"] == "accepted"
    assert (created["order"]["status"], created["order"]["version"]) == ("processing", 2)
    assert created["order"]["shipping"] == SAMPLE["shipping"]
    moved = shopper.told("update-shipping", UPS)["order"]
    assert (moved["shipping"], moved["status"], moved["version"]) == (UPS, "processing", 3)
    delivered = shopper.told(*DELIVERED)["order"]
    assert (delivered["shipping"], delivered["status"], delivered["version"]) == (
        UPS,
        "delivered",
        4,
    )
    deleted = shopper.told("delete")
    assert (deleted["outcome"], deleted["message"]) == ("accepted", "Order deleted successfully")
    assert (deleted["order"]["status"], deleted["order"]["version"]) == ("deleted", 5)
    told = events_of(events, shopper.order_id, 5)
    assert types_of(told) == ["created", "processing", "shipping-updated", "delivered", "deleted"]
    assert [data_of(event)["order"]["version"] for event in told] == [1, 2, 3, 4, 5]
    for before, after in pairwise(told):
        assert data_of(after)["previousStatus"] == data_of(before)["order"]["status"]


async def test_a_cancel_is_answered_once_the_stock_is_free(
    shopper: Shopper, events: Reader, documents: Documents, product: str
) -> None:
    """The result comes when the reservation is released; the pieces are back; two events tell."""
    shopper.walk(create_of(product))
    held = await documents["stock"].find_one({"_id": product})
    canceled = shopper.told("cancel", {"reason": "changed my mind"})
    reservation = await documents["reservations"].find_one({"_id": shopper.order_id})
    free = await documents["stock"].find_one({"_id": product})
    assert reservation is not None
    assert reservation["state"] == "released"
    assert held == {"_id": product, **books(available=8, reserved=2)}
    assert free == {"_id": product, **books(available=10)}
    assert (canceled["outcome"], canceled["status"]) == ("accepted", "canceled")
    assert canceled["order"]["reason"] == "changed my mind"
    told = events_of(events, shopper.order_id, 4)
    assert types_of(told) == ["created", "processing", "cancel-requested", "canceled"]


async def test_update_status_to_canceled_is_a_cancel(shopper: Shopper) -> None:
    """Both ways of asking lead to the same end."""
    shopper.walk(CREATE, ("update-status", {"status": "canceled"}))
    assert shopper.told("cancel")["outcome"] == "unchanged"


@pytest.mark.parametrize("status", ["shipped", "delivered"])
async def test_what_leaves_the_house_leaves_the_books(
    shopper: Shopper, documents: Documents, product: str, status: str
) -> None:
    """The pieces of an order that is shipped or delivered are neither available nor reserved."""
    shopper.walk(create_of(product), ("update-status", {"status": status}))

    async def is_fulfilled() -> bool:
        found = {"_id": shopper.order_id, "state": "fulfilled"}
        return await documents["reservations"].count_documents(found) == 1

    await eventually(is_fulfilled, "the reservation is fulfilled")
    stock = await documents["stock"].find_one({"_id": product})
    assert stock == {"_id": product, **books(available=8, fulfilled=2)}


REFUSED: dict[str, tuple[list[tuple[str, object]], tuple[str, object], dict[str, Any]]] = {
    "delete while it is processed": (
        [CREATE],
        DELETE,
        {
            "code": "INVALID_TRANSITION",
            "allowed": ["shipped", "delivered", "canceled"],
            "status": "processing",
            "version": 2,
        },
    ),
    "cancel after delivery": (
        [CREATE, DELIVERED],
        CANCEL,
        {
            "code": "INVALID_TRANSITION",
            "allowed": ["deleted"],
            "status": "delivered",
            "version": 3,
        },
    ),
    "another version expected": (
        [CREATE],
        ("update-shipping", {**UPS, "expectedVersion": 1}),
        {"code": "VERSION_CONFLICT", "status": "processing", "version": 2},
    ),
    "no such order": ([], CANCEL, {"code": "ORDER_NOT_FOUND"}),
    "a deleted order": (
        [CREATE, CANCEL, DELETE],
        DELETE,
        {"code": "ORDER_DELETED", "status": "deleted", "version": 5},
    ),
    "create after a deletion": (
        [CREATE, CANCEL, DELETE],
        CREATE,
        {"code": "ORDER_EXISTS", "status": "deleted", "version": 5},
    ),
}


@pytest.mark.parametrize("name", REFUSED)
async def test_a_refusal_says_why_and_what_may_be_asked_for(shopper: Shopper, name: str) -> None:
    """The code, the status and version that it depended on, and `allowed` where that helps."""
    before, command, expected = REFUSED[name]
    shopper.walk(*before)
    result = shopper.told(*command)
    assert (result["outcome"], "order" in result) == ("rejected", False)
    told = {key: result[key] for key in ("code", "allowed", "status", "version") if key in result}
    assert told == expected


async def test_the_version_that_is_expected_is_carried_out(shopper: Shopper) -> None:
    """A command that names the order's version is as good as one that names none."""
    shopper.walk(CREATE, ("update-shipping", {**UPS, "expectedVersion": 2}))


@pytest.mark.parametrize(
    "command",
    [
        ("update-shipping", SAMPLE["shipping"]),
        ("update-status", {"status": "processing"}),
    ],
)
async def test_asking_for_what_is_so_already_changes_nothing(
    shopper: Shopper, command: tuple[str, object]
) -> None:
    """The result is `unchanged`, with the order at the version that it had."""
    shopper.walk(CREATE)
    result = shopper.told(*command)
    assert (result["outcome"], result["version"]) == ("unchanged", 2)
    assert result["order"]["version"] == 2


@pytest.mark.parametrize(
    ("command", "data"),
    [
        ("update-shipping", UPS),
        ("update-shipping", SAMPLE["shipping"]),
        ("update-shipping", {**UPS, "expectedVersion": 9}),
        ("delete", None),
        ("cancel", {"reason": 1}),
    ],
)
async def test_the_same_command_gets_the_same_answer_byte_for_byte(
    shopper: Shopper, command: str, data: object
) -> None:
    """Accepted, unchanged or refused: also after the order has gone on."""
    shopper.walk(CREATE)
    command_id = str(uuid4())
    first = shopper.ask(command, data, command_id)
    shopper.walk(("update-shipping", {"company": "GLS", "trackingNumber": "1"}), DELIVERED)
    again = shopper.ask(command, data, command_id)
    assert (again.key(), again.value(), again.headers(), again.partition()) == (
        first.key(),
        first.value(),
        first.headers(),
        first.partition(),
    )


async def test_commands_of_clients_with_other_partitioners_are_handled_in_the_orders_lane(
    storefront: Storefront, results: Reader, events: Reader
) -> None:
    """Wherever a command arrives, its result and events lie where the create arrived."""
    order_id = str(uuid4())
    steps = [CREATE, ("update-shipping", UPS), DELIVERED, DELETE]
    for partition, (command, data) in zip((5, 6, 0, 11), steps, strict=True):
        sent = storefront.send(f"order.{command}.v1", data, order_id=order_id, partition=partition)
        result = results.first(partial(is_result_of, sent))
        assert (data_of(result)["outcome"], result.partition()) == ("accepted", 5)
    told = events_of(events, order_id, 5)
    assert {message.partition() for message in told} == {5}


def is_result_of(command_id: str, message: Message) -> bool:
    """Whether a message on `orders.results` answers this command."""
    return bool(data_of(message)["command"]["id"] == command_id)


def envelope(command: str, command_id: str) -> dict[str, str | bytes | None]:
    """The headers of `order.<command>.v1`."""
    return {
        "ce_specversion": b"1.0",
        "ce_id": command_id.encode(),
        "ce_source": SOURCE.encode(),
        "ce_type": f"order.{command}.v1".encode(),
    }


async def test_commands_for_one_order_in_one_batch_see_each_other(
    storefront: Storefront, results: Reader, events: Reader
) -> None:
    """Written as one record batch, they are decided in order, each on what the last one left."""
    order_id = str(uuid4())
    steps: list[tuple[str, object]] = [
        CREATE,
        ("update-shipping", UPS),
        DELIVERED,
        CANCEL,
        CANCEL,
        ("update-shipping", SAMPLE["shipping"]),
    ]
    ids = [str(uuid4()) for _ in steps]
    producer = Producer({"bootstrap.servers": storefront.bootstrap, "linger.ms": 60_000})
    for (command, data), command_id in zip(steps, ids, strict=True):
        value = None if data is None else json.dumps(data).encode()
        headers = envelope(command, command_id)
        producer.produce("orders.commands", key=order_id, value=value, headers=headers)
    assert producer.flush(DEADLINE_SECONDS) == 0
    found = results.results_of(set(ids))
    told = [(found[i]["outcome"], found[i].get("code"), found[i].get("version")) for i in ids]
    assert told == [
        ("rejected", "CANCELED", 4),
        ("accepted", None, 2),
        ("rejected", "INVALID_TRANSITION", 2),
        ("accepted", None, 4),
        ("unchanged", None, 3),
        ("rejected", "INVALID_TRANSITION", 3),
    ]
    names = ["created", "shipping-updated", "cancel-requested", "canceled"]
    assert types_of(events_of(events, order_id, 4)) == names


async def test_the_personal_data_of_a_deleted_order_is_nowhere(
    storefront: Storefront, results: Reader, documents: Documents
) -> None:
    """Not in MongoDB, not in the newest state on the compacted topic, not in a repeated result."""
    marker = f"personal-{uuid4()}"
    await documents["customers"].insert_one({"_id": marker, "status": "active"})
    shopper = Shopper(storefront, results)
    create_id = str(uuid4())
    shipping = {"company": f"{marker}-carrier", "trackingNumber": f"{marker}-number"}
    shopper.ask("create", {**SAMPLE, "customerId": marker, "shipping": shipping}, create_id)
    assert shopper.told("update-shipping", shipping)["outcome"] == "unchanged"
    refused = {**shipping, "company": f"{marker}-other", "expectedVersion": 7}
    assert shopper.told("update-shipping", refused)["code"] == "VERSION_CONFLICT"
    shopper.walk(("cancel", {"reason": f"{marker}-reason"}))
    assert marker in await everything_in(documents)
    shopper.walk(DELETE)
    assert marker not in await everything_in(documents)
    again = shopper.ask("create", {**SAMPLE, "customerId": marker}, create_id)
    assert data_of(again)["outcome"] == "accepted"
    assert marker.encode() not in (again.value() or b"")
    key = shopper.order_id.encode()
    snapshots = [m for m in read_all(storefront.bootstrap, "orders.snapshots") if m.key() == key]
    assert snapshots[-1].value() is None


async def everything_in(documents: Documents) -> str:
    """All documents of all collections as one text; the customer service keeps its own."""
    names = set(await documents.list_collection_names()) - {"customers"}
    found = [str(document) for name in names async for document in documents[name].find()]
    return "\n".join(found)
