"""The whole service, running, for tests that look at it from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.journey.storefront import Reader, Storefront
from tests.journey.worker_processes import Workers
from workers.database import connect

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

    from motor.motor_asyncio import AsyncIOMotorDatabase

    from workers.settings import Settings


@pytest.fixture
def workers(settings: Settings, tmp_path: Path) -> Iterator[Workers]:
    """No worker runs yet; all that the test starts are ended after it."""
    found = Workers(settings, tmp_path)
    yield found
    found.end_all()


@pytest.fixture(scope="module")
def service(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workers]:
    """All three workers are running, for all tests of a module."""
    found = Workers(settings, tmp_path_factory.mktemp("service"))
    try:
        found.start("orders", "customers", "inventory")
        yield found
    finally:
        found.end_all()


@pytest.fixture(scope="session")
def storefront(settings: Settings) -> Storefront:
    """A client with no code of ours."""
    return Storefront(settings.kafka_bootstrap)


@pytest.fixture
def results(storefront: Storefront) -> Iterator[Reader]:
    """What comes on `orders.results` from now on."""
    reader = storefront.reader("orders.results")
    yield reader
    reader.close()


@pytest.fixture
async def documents(settings: Settings) -> AsyncIterator[AsyncIOMotorDatabase[dict[str, Any]]]:
    """The service's own database."""
    found = connect(settings)
    yield found
    found.client.close()
