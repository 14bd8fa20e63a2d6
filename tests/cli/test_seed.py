"""`oms seed` puts samples in where they are missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from motor.motor_asyncio import AsyncIOMotorDatabase

    from tests.cli.command_line import CommandLine

pytestmark = pytest.mark.stack


def test_samples_are_put_in_once(
    oms: CommandLine, database: AsyncIOMotorDatabase[dict[str, Any]]
) -> None:
    """The second run puts nothing in and counts what is there."""
    mine = oms.where(OMS_MONGO_DATABASE=database.name)
    first = mine("seed", "--json").json
    assert first == {
        "customers": {"inserted": 1002, "existing": 0},
        "products": {"inserted": 102, "existing": 0},
    }
    assert mine("seed").stdout.splitlines() == [
        "customers: 0 put in, 1002 were there",
        "products: 0 put in, 102 were there",
    ]
