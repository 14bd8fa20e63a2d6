"""Which of MongoDB's answers mean "try again", seen on a real one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from bson import Int64
from pymongo.errors import ConfigurationError

from workers.database import away_when_unreachable
from workers.stream.ports import OutsideAwayError, OutsideRefusesError

if TYPE_CHECKING:
    from motor.motor_asyncio import AsyncIOMotorDatabase

    Documents = AsyncIOMotorDatabase[dict[str, Any]]

pytestmark = pytest.mark.stack


async def test_a_cursor_that_is_not_known_is_asked_for_again(database: Documents) -> None:
    """As after a restart in the middle of a long answer: reading again will do."""
    with pytest.raises(OutsideAwayError, match="MongoDB cannot do it now"), away_when_unreachable():
        await database.command("getMore", Int64(123456789), collection="orders")


async def test_a_cursor_of_another_session_is_asked_for_again(database: Documents) -> None:
    """As after connections broke off and the driver opened a new session for the rest."""
    await database["orders"].insert_many([{"_id": "1"}, {"_id": "2"}, {"_id": "3"}])
    async with (
        await database.client.start_session() as one,
        await database.client.start_session() as other,
    ):
        found = await database.command("find", "orders", batchSize=1, session=one)
        cursor = found["cursor"]["id"]
        with pytest.raises(OutsideAwayError, match="50738"), away_when_unreachable():
            await database.command("getMore", cursor, collection="orders", session=other)


async def test_a_member_that_has_not_joined_its_set_again_is_waited_for() -> None:
    """The driver takes it for a MongoDB without sessions, which none of today is."""
    with pytest.raises(OutsideAwayError, match="cannot do it now"), away_when_unreachable():
        raise ConfigurationError("Sessions are not supported by this MongoDB deployment")


async def test_what_will_not_pass_is_a_refusal(database: Documents) -> None:
    """A command that is wrong is wrong the next time, too."""
    with pytest.raises(OutsideRefusesError), away_when_unreachable():
        await database.command("no-such-command")
