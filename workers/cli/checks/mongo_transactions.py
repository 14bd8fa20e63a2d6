"""How long MongoDB lets a transaction live whose worker was killed in the middle of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from pymongo.errors import OperationFailure

from workers.cli.checks.finding import Finding, ok, warn

if TYPE_CHECKING:
    from motor.motor_asyncio import AsyncIOMotorDatabase

_NAME: Final = "transactionLifetimeLimitSeconds"
_LONGEST_SECONDS: Final = 15


async def check_transactions(database: AsyncIOMotorDatabase[dict[str, Any]]) -> list[Finding]:
    """One finding; none where this user may not ask, which it need not."""
    try:
        told = await database.client.admin.command({"getParameter": 1, _NAME: 1})
    except OperationFailure:
        return []
    return [lifetime(int(told[_NAME]))]


def lifetime(seconds: int) -> Finding:
    """Whether transactions live so short that others do not wait long for their products."""
    if seconds <= _LONGEST_SECONDS:
        return ok("MongoDB transactions", f"end after {seconds} s at the latest")
    return warn(
        "MongoDB transactions",
        f"an inventory worker that is killed leaves its products locked for {seconds} s",
        f"In mongosh: db.adminCommand({{setParameter: 1, {_NAME}: {_LONGEST_SECONDS}}}), and start "
        f"mongod with --setParameter {_NAME}={_LONGEST_SECONDS}",
    )
