"""Sample customers and stock, for trying the service out; what is there already stays as it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from pymongo import UpdateOne

from workers.customers.decide import ACTIVE, BLOCKED
from workers.customers.store import COLLECTION as CUSTOMERS
from workers.database import away_when_unreachable, connect
from workers.inventory.store import STOCK

if TYPE_CHECKING:
    from collections.abc import Mapping

    from motor.motor_asyncio import AsyncIOMotorCollection

    from workers.settings import Settings

Document = dict[str, Any]

_PIECES: Final = 1_000_000

CUSTOMER_STATUSES: Final[Mapping[str, str]] = {
    "12345": ACTIVE,
    **{f"c{number}": ACTIVE for number in range(1_000)},
    "blocked": BLOCKED,
}
"""The sample customers' statuses by customer id."""

PIECES: Final[Mapping[str, int]] = {
    "98765": _PIECES,
    **{f"p{number}": _PIECES for number in range(100)},
    "sold-out": 0,
}
"""How much there is of each sample product, by product id."""


@dataclass(frozen=True, slots=True)
class Seeded:
    """How many documents were inserted now, and how many were there and stayed as they are."""

    inserted: int
    existing: int


@dataclass(frozen=True, slots=True)
class SeedReport:
    """What became of the samples."""

    customers: Seeded
    products: Seeded


async def seed_samples(settings: Settings) -> SeedReport:
    """Put the sample customers and products in where they are missing.

    Raises:
        OutsideAwayError: MongoDB does not answer; some may have been put in.
        ConfigurationError: the connection string cannot be read.
    """
    database = connect(settings)
    customers = {name: {"status": status} for name, status in CUSTOMER_STATUSES.items()}
    products = {
        name: {"available": pieces, "reserved": 0, "fulfilled": 0}
        for name, pieces in PIECES.items()
    }
    try:
        return SeedReport(
            customers=await _insert_missing(database[CUSTOMERS], customers),
            products=await _insert_missing(database[STOCK], products),
        )
    finally:
        database.client.close()


async def _insert_missing(
    collection: AsyncIOMotorCollection[Document], documents: Mapping[str, Document]
) -> Seeded:
    upserts = [
        UpdateOne({"_id": name}, {"$setOnInsert": document}, upsert=True)
        for name, document in documents.items()
    ]
    with away_when_unreachable():
        result = await collection.bulk_write(upserts, ordered=False)
    return Seeded(result.upserted_count, result.matched_count)
