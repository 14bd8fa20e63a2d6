"""Real mongod processes as one replica set, also after a restart on other ports."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from workers.dev import ports
from workers.dev.errors import StackError
from workers.dev.processes import Part, wait_for
from workers.dev.secured import member_login, member_options

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from workers.dev.secured import Secured

HOST = "127.0.0.1"
REPLICA_SET = "rs0"
_START_PATIENCE = 60.0
_ELECTION_PATIENCE = 60.0
_POLL = 0.05


@dataclass(frozen=True, slots=True)
class Member:
    """One member's number (from 1), port and data folder, and the most that it keeps in memory.

    `told_port` is where others are told to find it, if that is not its own: a proxy's.
    """

    number: int
    port: int
    folder: Path
    cache_gigabytes: float
    told_port: int | None = None
    secured: Secured | None = None

    @property
    def address(self) -> str:
        """Host and port, as the replica set knows it."""
        return f"{HOST}:{self.told_port or self.port}"


def command(member: Member, mongod: Path) -> list[str]:
    """The command line of a member."""
    settings = {
        "--replSet": REPLICA_SET,
        "--bind_ip": HOST,
        "--port": member.port,
        "--dbpath": member.folder,
        "--wiredTigerCacheSizeGB": member.cache_gigabytes,
        "--oplogSize": 990,
    }
    given = [str(item) for pair in settings.items() for item in pair]
    lifetime = ["--setParameter", "transactionLifetimeLimitSeconds=15"]
    quiet = ["--setParameter", "diagnosticDataCollectionEnabled=false"]
    locks = [] if member.secured is None else member_options(member.secured)
    return [str(mongod), *given, *lifetime, *quiet, *locks, "--nounixsocket", "--quiet"]


def uri(members: Sequence[Member]) -> str:
    """The connection string that names all members and the replica set."""
    hosts = ",".join(member.address for member in members)
    return f"mongodb://{hosts}/?replicaSet={REPLICA_SET}"


def wait_open(part: Part, member: Member) -> None:
    """Return once the member accepts connections; StackError when it fails to."""
    wait_for(part, lambda: ports.answers(member.port), _START_PATIENCE)


def wait_ready(part: Part, member: Member) -> None:
    """Return once the member is primary or secondary; StackError when it fails to be."""
    wait_open(part, member)
    wait_for(part, lambda: _serves(member), _START_PATIENCE)


def _serves(member: Member) -> bool:
    with suppress(PyMongoError), direct_client(member) as client:
        hello = client.admin.command("hello")
        return bool(hello["isWritablePrimary"] or hello.get("secondary"))
    return False


def form_replica_set(members: Sequence[Member]) -> None:
    """Make the running members one replica set, or tell the set of their new ports, and wait.

    Returns when there is a primary and everybody else follows it. Raises StackError when the
    members do not agree in time.
    """
    deadline = time.monotonic() + _ELECTION_PATIENCE
    last: PyMongoError | None = None
    while time.monotonic() < deadline:
        try:
            with direct_client(members[0]) as client:
                if _formed(client, members):
                    return
        except PyMongoError as error:  # a member that starts up, or an election under way
            last = error
        time.sleep(_POLL)
    message = f"The replica set of MongoDB did not find a primary: {last or 'no vote'}"
    raise StackError(message)


def _formed(client: MongoClient[dict[str, Any]], members: Sequence[Member]) -> bool:
    stored = client.local["system.replset"].find_one()
    if stored is None:
        client.admin.command("replSetInitiate", _configuration(members))
    elif [member["host"] for member in stored["members"]] != _addresses(members):
        client.admin.command("replSetReconfig", _moved(stored, members), force=True)
    states = [member["stateStr"] for member in client.admin.command("replSetGetStatus")["members"]]
    others = [state for state in states if state != "PRIMARY"]
    return len(others) == len(states) - 1 and set(others) <= {"SECONDARY"}


def direct_client(member: Member) -> MongoClient[dict[str, Any]]:
    """A client of this member alone, whatever the others and the proxies do."""
    login = {} if member.secured is None else member_login(member.secured)
    return MongoClient(HOST, member.port, directConnection=True, timeoutMS=5_000, **login)


def _addresses(members: Sequence[Member]) -> list[str]:
    return [member.address for member in members]


def _configuration(members: Sequence[Member]) -> dict[str, Any]:
    hosts = [{"_id": member.number, "host": member.address} for member in members]
    elections = {"electionTimeoutMillis": 2_000}
    return {"_id": REPLICA_SET, "members": hosts, "settings": elections}


def _moved(stored: dict[str, Any], members: Sequence[Member]) -> dict[str, Any]:
    pairs = zip(stored["members"], members, strict=True)
    hosts = [{**known, "host": member.address} for known, member in pairs]
    return {**stored, "version": stored["version"] + 1, "members": hosts}
