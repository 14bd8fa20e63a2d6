"""What a release left behind lives on under today's code: the same bytes, and further changes."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from schemas import headers as names
from schemas.topics import (
    COMMANDS,
    CUSTOMER_REQUESTS,
    EVENTS,
    INVENTORY_REQUESTS,
    REPLIES,
    RESULTS,
    SNAPSHOTS,
    dead_letter_topic,
)
from tests.upgrade.release import KeptRecord
from tests.upgrade.today import Headers, Today, acknowledged, bytes_of, fill, new_command
from workers.customers import worker as customers
from workers.customers.store import MongoCustomerStore
from workers.inventory import worker as inventory
from workers.inventory.store import MongoInventoryStore
from workers.stream.requests import read_request

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from motor.motor_asyncio import AsyncIOMotorDatabase

    from tests.upgrade.release import Release

    Database = AsyncIOMotorDatabase[dict[str, Any]]

pytestmark = pytest.mark.stack


@pytest.fixture
async def today(database: Database, release: Release) -> Today:
    """Today's code, and all documents of the release."""
    await fill(database, release)
    found = Today(database, release)
    await found.store.prepare()
    return found


async def test_commands_that_come_again_get_the_same_bytes(today: Today, release: Release) -> None:
    """The whole topic once more: every result that there was, to the byte, and nothing new."""
    offsets = {lane: at[COMMANDS] for lane, at in acknowledged(release).items()}
    again = [_moved(record, offsets) for record in release.records(COMMANDS)]
    await today.handle(again, acknowledged(release))
    kept = {bytes_of(record) for record in release.records(RESULTS)}
    told = set(today.told(RESULTS))
    assert _commands_of(told) == _commands_of(kept)
    # Of a deleted order older results are told without the order.
    assert {one for one in told if one[0] != b"deleted"} == {
        one for one in kept if one[0] != b"deleted"
    }
    assert today.told(EVENTS) == []
    letters = [letter.value for letter in today.letters.records]
    assert letters == [record.value for record in release.records(dead_letter_topic(COMMANDS))]


def _moved(record: KeptRecord, by: Mapping[int, int]) -> KeptRecord:
    """The record as it comes when a client sends it again: further on."""
    offset = record.offset + by[record.partition]
    return KeptRecord(
        record.topic,
        record.partition,
        offset,
        record.timestamp,
        record.key,
        record.value,
        record.headers,
    )


def _commands_of(results: Iterable[tuple[bytes | None, bytes | None, Headers]]) -> set[str]:
    return {json.loads(value or b"")["command"]["id"] for _, value, _ in results}


async def test_what_may_not_have_been_published_is_told_in_the_same_bytes(
    today: Today, release: Release
) -> None:
    """The group set back to the beginning: all events of living orders again, as they were."""
    await today.handle(release.records(COMMANDS), {})
    for topic in (EVENTS, SNAPSHOTS):
        kept = {bytes_of(record) for record in release.records(topic)}
        assert set(today.told(topic)) <= kept
    living = {d["_id"].encode() for d in release.documents("orders") if d["status"] != "deleted"}
    kept = {bytes_of(record) for record in release.records(EVENTS) if record.key in living}
    assert kept <= set(today.told(EVENTS))


@pytest.mark.parametrize(
    ("order_id", "command", "data", "status"),
    [
        ("pending", "cancel", {}, "canceling"),
        ("pending-plain", "update-shipping", {"company": "A", "trackingNumber": "1"}, "pending"),
        ("processing", "cancel", {}, "canceling"),
        ("processing", "update-status", {"status": "delivered"}, "delivered"),
        ("processing-plain", "update-status", {"status": "shipped"}, "shipped"),
        ("shipped", "update-status", {"status": "delivered"}, "delivered"),
        ("shipped-unanswered", "update-status", {"status": "delivered"}, "delivered"),
        ("delivered", "delete", None, "deleted"),
        ("canceled", "delete", None, "deleted"),
        ("expired", "delete", None, "deleted"),
        ("rejected-customer", "delete", None, "deleted"),
        ("rejected-stock", "delete", None, "deleted"),
    ],
)
async def test_orders_go_on(  # noqa: PLR0913, PLR0917 - a table of orders and what becomes of them
    today: Today, release: Release, order_id: str, command: str, data: object, status: str
) -> None:
    """An order of the release takes a new command, and its next event follows its last."""
    [before] = [d for d in release.documents("orders") if d["_id"] == order_id]
    await today.handle([new_command(release, order_id, command, data)], acknowledged(release))
    after = (await today.store.load([order_id]))[order_id]
    assert (after.status, after.version) == (status, before["version"] + 1)
    [event] = today.published.on(EVENTS)
    assert dict(event.headers)[names.ORDER_VERSION] == str(after.version).encode()


@pytest.mark.parametrize(
    ("order_id", "reply", "status"),
    [
        ("pending", "inventory.reserved.v1", "processing"),
        ("pending", "inventory.refused.v1", "rejected"),
        ("canceling", "inventory.released.v1", "canceled"),
        ("canceling", "inventory.release-refused.v1", "processing"),
        ("shipped-unanswered", "inventory.fulfilled.v1", "shipped"),
    ],
)
async def test_replies_that_come_late_find_their_orders(
    today: Today, release: Release, order_id: str, reply: str, status: str
) -> None:
    """What waited when the release ended is answered after it."""
    asked = _last_request(release, order_id, reply)
    data = b'{"code": "OUT_OF_STOCK", "message": "none", "products": []}'
    record = new_command(release, order_id, "reply", {}, REPLIES)
    headers = [
        *((n, v) for n, v in record.headers if n != names.TYPE),
        (names.TYPE, reply.encode()),
        (names.REPLY_CORRELATION, asked.encode()),
    ]
    value = data if "refused" in reply else b"{}"
    answer = KeptRecord(REPLIES, record.partition, record.offset, 0, record.key, value, headers)
    await today.handle([answer], acknowledged(release))
    after = (await today.store.load([order_id]))[order_id]
    assert (after.status, after.waiting) == (status, None)


def _last_request(release: Release, order_id: str, reply: str) -> str:
    """The id of the newest request that the reply may answer, made up where none was kept."""
    kinds = {"release": "release", "fulfill": "fulfill", "reserve": "reserve", "refused": "reserve"}
    kind = next(kinds[word] for word in kinds if word in reply.removesuffix(".v1"))
    ids = [
        dict(record.headers)[names.ID].decode()
        for record in release.records(INVENTORY_REQUESTS)
        if record.key == order_id.encode()
    ]
    own = [identity for identity in ids if f"inventory.{kind}." in identity]
    return own[-1] if own else f"{order_id}:inventory.{kind}.v1:1:1"


async def test_requests_that_come_again_get_the_same_replies(
    today: Today, database: Database, release: Release
) -> None:
    """Both simulated services answer as they did, to the byte, and change nothing."""
    del today
    before = [document async for document in database["stock"].find().sort("_id")]
    services = (
        (
            CUSTOMER_REQUESTS,
            customers.MODELS,
            partial(customers.answer, MongoCustomerStore(database)),
        ),
        (
            INVENTORY_REQUESTS,
            inventory.MODELS,
            partial(inventory.answer, MongoInventoryStore(database, lambda: None)),
        ),
    )
    told = set()
    for topic, models, answer in services:
        requests = [read_request(record, models) for record in release.records(topic)]
        told |= {bytes_of(record) for record in await answer(requests)}
    services_said = {
        bytes_of(record)
        for record in release.records(REPLIES)
        if dict(record.headers)[names.TYPE] != b"order.deadline.v1"
    }
    assert services_said <= told
    # What nobody had answered when the release ended is answered now, for the first time.
    assert {document["_id"] for document in before} == {
        document["_id"] async for document in database["stock"].find()
    }


async def test_fields_of_a_newer_release_stay_when_an_order_changes(
    today: Today, database: Database, release: Release
) -> None:
    """Old and new code side by side: what the old does not know, it leaves where it is."""
    more = {"addedLater": {"anything": [1, 2, 3]}}
    at = {"_id": "processing"}
    added = {"addedLater": more, "history.0.addedLater": more, "history.0.cause.addedLater": more}
    await database["orders"].update_one(at, {"$set": added})
    await today.handle([new_command(release, "processing", "cancel", {})], acknowledged(release))
    after = await database["orders"].find_one(at)
    assert after is not None
    assert after["status"] == "canceling"
    first = after["history"][0]
    assert after["addedLater"] == first["addedLater"] == first["cause"]["addedLater"] == more


async def test_fields_of_a_newer_release_stay_when_an_address_is_added(
    today: Today, database: Database, release: Release
) -> None:
    """A command that comes again while its order waits leaves what it does not know as well."""
    more = {"addedLater": {"anything": [1, 2, 3]}}
    at = {"_id": "pending"}
    added = {"addedLater": more, "history.0.addedLater": more}
    await database["orders"].update_one(at, {"$set": added})
    [create] = [
        record
        for record in release.records(COMMANDS)
        if record.key == b"pending" and b"order.create.v1" in dict(record.headers).values()
    ]
    [again] = [_moved(create, {create.partition: release.committed(COMMANDS)[create.partition]})]
    elsewhere = [
        (name, b"elsewhere" if name == names.REPLY_TOPIC else value)
        for name, value in again.headers
    ]
    await today.handle([replace(again, headers=elsewhere)], acknowledged(release))
    after = await database["orders"].find_one(at)
    assert after is not None
    assert [address["topic"] for address in after["history"][0]["copies"]] == ["elsewhere"]
    assert after["addedLater"] == after["history"][0]["addedLater"] == more
