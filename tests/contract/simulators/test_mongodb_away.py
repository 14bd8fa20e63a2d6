"""Without MongoDB, services and samples say that it is away, and blame no request."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.contract.simulators.records import as_requests
from tests.inventory.asking import reserve
from workers.customers.store import MongoCustomerStore
from workers.database import connect
from workers.dev.samples import seed_samples
from workers.inventory.store import MongoInventoryStore
from workers.inventory.worker import MODELS, answer
from workers.settings import Settings
from workers.stream.ports import OutsideAwayError

if TYPE_CHECKING:
    from collections.abc import Coroutine


async def test_everything_tells_that_mongodb_is_away() -> None:
    """Whatever needs MongoDB raises the error that makes a lane wait and try again."""
    # Nobody listens on port 1.
    settings = Settings(mongo_uri="mongodb://127.0.0.1:1/?replicaSet=rs0")
    database = connect(settings)
    stock = MongoInventoryStore(database, guard=lambda: None)
    attempts: list[Coroutine[object, object, object]] = [
        MongoCustomerStore(database).load({"ann"}),
        answer(stock, as_requests(MODELS, reserve("o", ("apple", 1)))),
        seed_samples(settings),
    ]
    outcomes = await asyncio.gather(*attempts, return_exceptions=True)
    database.client.close()
    for outcome in outcomes:
        assert isinstance(outcome, OutsideAwayError)
        assert str(outcome).startswith("MongoDB does not answer: 127.0.0.1:1")
