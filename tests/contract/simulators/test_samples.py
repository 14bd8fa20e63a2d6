"""The samples that everybody may count on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from workers.dev.samples import Seeded, SeedReport, seed_samples

if TYPE_CHECKING:
    from motor.motor_asyncio import AsyncIOMotorDatabase

    from workers.settings import Settings

pytestmark = pytest.mark.stack


@pytest.fixture
def own_settings(settings: Settings, database: AsyncIOMotorDatabase[dict[str, Any]]) -> Settings:
    """Give settings that lead to this test's own database."""
    return settings.model_copy(update={"mongo_database": database.name})


async def test_samples_are_what_the_contract_names(
    own_settings: Settings, database: AsyncIOMotorDatabase[dict[str, Any]]
) -> None:
    """All customers and products are there, with the statuses and pieces they should have."""
    report = await seed_samples(own_settings)
    assert report == SeedReport(customers=Seeded(1_002, 0), products=Seeded(102, 0))
    customers = {one["_id"]: one["status"] async for one in database["customers"].find()}
    active = {"12345", *(f"c{number}" for number in range(1_000))}
    assert customers == {**dict.fromkeys(active, "active"), "blocked": "blocked"}
    stock = {one.pop("_id"): one async for one in database["stock"].find()}
    full = {"available": 1_000_000, "reserved": 0, "fulfilled": 0}
    products = {"98765", *(f"p{number}" for number in range(100))}
    assert stock == {**dict.fromkeys(products, full), "sold-out": {**full, "available": 0}}


async def test_what_is_there_stays_as_it_is(
    own_settings: Settings, database: AsyncIOMotorDatabase[dict[str, Any]]
) -> None:
    """Seeding again puts back only what is missing, and changes no status and no stock."""
    await seed_samples(own_settings)
    await database["customers"].update_one({"_id": "c1"}, {"$set": {"status": "blocked"}})
    await database["stock"].update_one({"_id": "p1"}, {"$inc": {"available": -2, "reserved": 2}})
    await database["stock"].delete_one({"_id": "p2"})
    report = await seed_samples(own_settings)
    assert report == SeedReport(customers=Seeded(0, 1_002), products=Seeded(1, 101))
    assert await database["customers"].find_one({"_id": "c1"}) == {"_id": "c1", "status": "blocked"}
    changed = {"_id": "p1", "available": 999_998, "reserved": 2, "fulfilled": 0}
    assert await database["stock"].find_one({"_id": "p1"}) == changed
