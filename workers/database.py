"""The connection to MongoDB: how it is made, and which of its errors mean that it is away."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import ReadPreference
from pymongo.errors import (
    AutoReconnect,
    ConfigurationError,
    ConnectionFailure,
    ExecutionTimeout,
    NetworkTimeout,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
    WaitQueueTimeoutError,
    WriteConcernError,
    WTimeoutError,
)
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

from workers.stream.ports import OutsideAwayError, OutsideRefusesError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from motor.motor_asyncio import AsyncIOMotorDatabase

    from workers.settings import Settings

# This holds for choosing a server, too. A worker that is asked to end while MongoDB is away
# waits for its work in flight, and then for the operation that is under way: 30 seconds in all.
_OPERATION_MILLISECONDS = 8_000
_POOL = 8
_AWAY = (
    AutoReconnect,
    ConnectionFailure,
    ExecutionTimeout,
    NetworkTimeout,
    ServerSelectionTimeoutError,
    WaitQueueTimeoutError,
    WriteConcernError,
    WTimeoutError,
)
# A cursor that another primary or another connection knows: whoever reads again gets a new one.
_CURSOR_LOST = frozenset({43, 237, 50736, 50737, 50738})
_UNAUTHORIZED = 13
_UNAUTHORIZED_COMMAND = re.compile(r'not authorized on (\S+) to .*? \{ (\w+): "([^"]*)"')
_DETAILS = re.compile(r", Timeout:| \(configured timeouts:|, full error:|\n")


def connect(settings: Settings) -> AsyncIOMotorDatabase[dict[str, Any]]:
    """The service's database: majority writes, majority reads from the primary, bounded waits.

    Raises:
        ConfigurationError: the connection string cannot be read.
    """
    client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(
        settings.mongo_uri,
        appname="order-management-service",
        maxPoolSize=_POOL,
        timeoutMS=_OPERATION_MILLISECONDS,
        **security_options(settings),
    )
    return client.get_database(
        settings.mongo_database,
        read_concern=ReadConcern("majority"),
        read_preference=ReadPreference.PRIMARY,
        write_concern=WriteConcern("majority"),
    )


def security_options(settings: Settings) -> dict[str, Any]:
    """TLS and login of a client, in the driver's names, beside those of the connection string."""
    options: dict[str, Any] = {
        "username": settings.mongo_username,
        "password": settings.mongo_password.get_secret_value(),
        "tlsCAFile": settings.mongo_ca_file,
        "tlsCertificateKeyFile": settings.mongo_certificate_file,
    }
    return {name: value for name, value in options.items() if value}


@contextmanager
def away_when_unreachable() -> Iterator[None]:
    """Turn the driver's errors into the two that the flow knows.

    What was being written may have been applied: the caller reads back before it goes on.

    Raises:
        OutsideAwayError: MongoDB is not there now, or cannot do it now.
        OutsideRefusesError: MongoDB answers, and says no.
    """
    try:
        yield
    except _AWAY as error:
        message = f"MongoDB does not answer: {_first_line(error)}"
        raise OutsideAwayError(message) from error
    except PyMongoError as error:
        if _will_pass(error):
            message = f"MongoDB cannot do it now: {_first_line(error)}"
            raise OutsideAwayError(message) from error
        message = f"MongoDB refuses: {_missing_right(error) or _first_line(error)}"
        raise OutsideRefusesError(message) from error


def _missing_right(error: PyMongoError) -> str | None:
    """Which right this user lacks, without the command that it was: that may hold personal data."""
    if not isinstance(error, OperationFailure) or error.code != _UNAUTHORIZED:
        return None
    found = _UNAUTHORIZED_COMMAND.search(str(error))
    if found is None:
        return "this user lacks a right"
    database, command, collection = found.groups()
    return f"this user lacks a right that {command} on {database}.{collection} needs"


def _will_pass(error: PyMongoError) -> bool:
    if isinstance(error, ConfigurationError):
        # What the driver says of a member that starts, and has not joined its set again.
        return "Sessions are not supported" in str(error)
    is_cursor_lost = isinstance(error, OperationFailure) and error.code in _CURSOR_LOST
    return is_cursor_lost or error.timeout or error.has_error_label("RetryableWriteError")


def _first_line(error: PyMongoError) -> str:
    """What is wrong, without the driver's settings and its view of the servers."""
    if isinstance(error, OperationFailure):
        return _numbered(error)
    return re.split(_DETAILS, str(error), maxsplit=1)[0]


def _numbered(error: OperationFailure) -> str:
    """MongoDB's own names of what is wrong: its words may quote documents."""
    details = error.details or {}
    failed = [entry["code"] for entry in details.get("writeErrors", ())]
    codes = sorted(set(failed)) or [error.code]
    name = details.get("codeName")
    return f"{name or type(error).__name__}, code {', '.join(map(str, codes))}"
