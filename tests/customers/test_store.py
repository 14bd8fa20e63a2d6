"""The customers on a real MongoDB."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from workers.customers.store import COLLECTION, MongoCustomerStore

if TYPE_CHECKING:
    from motor.motor_asyncio import AsyncIOMotorDatabase

pytestmark = pytest.mark.stack


async def test_only_customers_that_exist_have_a_status(
    database: AsyncIOMotorDatabase[dict[str, Any]],
) -> None:
    """Those asked for are found with their status, the others are left out."""
    await database[COLLECTION].insert_many(
        [{"_id": "ann", "status": "active"}, {"_id": "bob", "status": "blocked"}, {"_id": "joe"}]
    )
    store = MongoCustomerStore(database)
    assert await store.load({"ann", "bob", "nobody"}) == {"ann": "active", "bob": "blocked"}
    assert await store.load({"nobody"}) == {}


async def test_a_large_batch_is_found_as_a_whole(
    database: AsyncIOMotorDatabase[dict[str, Any]],
) -> None:
    """Thousands of customers are loaded at once, none of them missing."""
    expected = {f"customer-{number}": "active" for number in range(5_000)}
    await database[COLLECTION].insert_many(
        {"_id": name, "status": status} for name, status in expected.items()
    )
    assert await MongoCustomerStore(database).load(expected) == expected
