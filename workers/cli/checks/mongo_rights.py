"""Whether MongoDB lets this user in, and lets it read and write what the service does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from pymongo.errors import OperationFailure, PyMongoError

from workers.cli.checks.finding import Finding, fail, ok
from workers.cli.checks.mongo_transactions import check_transactions
from workers.database import connect

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from motor.motor_asyncio import AsyncIOMotorDatabase

    from workers.settings import Settings

_CHECK: Final = "MongoDB rights"
_COLLECTIONS: Final = ("orders", "refusals", "customers", "stock", "reservations")
_UNAUTHORIZED: Final = 13


async def check_use(settings: Settings) -> list[Finding]:
    """Read every collection and write to the orders, in a way that finds and changes nothing."""
    try:
        database = connect(settings)
    except PyMongoError as error:
        return [refusal(error)]
    nothing = {"_id": f"doctor-{uuid4()}"}
    try:
        denied = [
            f"read {name}"
            for name in _COLLECTIONS
            if not await _is_allowed(database[name].find_one(nothing))
        ]
        change = database["orders"].update_one(nothing, {"$set": {"status": "deleted"}})
        denied += [] if await _is_allowed(change) else ["write orders"]
        if denied:
            return [_denied(settings, denied, await _user(database))]
        lifetimes = await check_transactions(database)
    except PyMongoError as error:
        return [refusal(error)]
    finally:
        database.client.close()
    used = ok(_CHECK, f"the database {settings.mongo_database} can be read and written")
    return [used, *lifetimes]


async def _is_allowed(asked: Awaitable[object]) -> bool:
    try:
        await asked
    except OperationFailure as error:
        if error.code != _UNAUTHORIZED:
            raise
        return False
    return True


async def _user(database: AsyncIOMotorDatabase[dict[str, Any]]) -> dict[str, str] | None:
    """Name and database of the user that MongoDB takes this client for; None if it is nobody."""
    told = await database.command("connectionStatus")
    users = told["authInfo"]["authenticatedUsers"]
    return {"user": users[0]["user"], "db": users[0]["db"]} if users else None


def _denied(settings: Settings, denied: list[str], user: dict[str, str] | None) -> Finding:
    name = settings.mongo_database
    if user is None:
        found = f"MongoDB wants a login, and without one nobody may {', '.join(denied)} in {name}"
        return fail(_CHECK, found, "Put the name and password into OMS_MONGO_URI")
    role = f'[{{role: "readWrite", db: "{name}"}}]'
    return fail(
        _CHECK,
        f"the user {user['user']} may not {', '.join(denied)} in the database {name}",
        f'In mongosh: db.getSiblingDB("{user["db"]}").grantRolesToUser("{user["user"]}", {role})',
    )


def refusal(error: PyMongoError) -> Finding:
    """What MongoDB has against this client."""
    reason = str(error).split(", full error", maxsplit=1)[0].split(" (configured", maxsplit=1)[0]
    return fail(
        _CHECK,
        f"MongoDB refuses: {reason}",
        "Correct the name and password in OMS_MONGO_URI, or in OMS_MONGO_USERNAME and "
        "OMS_MONGO_PASSWORD",
    )
