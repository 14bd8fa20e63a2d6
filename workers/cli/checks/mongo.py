"""Checks of MongoDB: its addresses, its replica set, its version and its clock."""

from __future__ import annotations

import asyncio
import re
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from motor.motor_asyncio import AsyncIOMotorClient
from pymongo.errors import PyMongoError

from workers.cli.addresses import mongo_hosts
from workers.cli.checks.finding import Finding, State, fail, ok, warn
from workers.cli.checks.mongo_rights import check_use, refusal
from workers.cli.checks.reach import PATIENCE_SECONDS, host_and_port, unreachable
from workers.database import security_options

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workers.settings import Settings

_USUAL_PORT: Final = 27017
_HOSTS: Final = re.compile(r"(?<=://)(.*@)?[^/?]+")
_SET_NAME: Final = re.compile(r"[?&]replicaSet=[^&]*", re.IGNORECASE)
_CLOCK_SECONDS: Final = 2.0
_WIRE_OF_5: Final = 13


async def check_mongo(settings: Settings) -> list[Finding]:
    """All findings about MongoDB; those that depend on one that failed are left out."""
    if settings.mongo_uri.startswith("mongodb+srv:"):
        return await check_use(settings)  # its hosts are in the DNS, and always a replica set
    hosts = mongo_hosts(settings.mongo_uri).split(",")
    addresses = [host_and_port(host, _USUAL_PORT) for host in hosts]
    reasons = await asyncio.gather(*(unreachable(*address) for address in addresses))
    findings = [_address_finding(host, reason) for host, reason in zip(hosts, reasons, strict=True)]
    reached = [host for host, reason in zip(hosts, reasons, strict=True) if reason is None]
    if reached:
        findings += await _check_reached(settings, reached[0])
    return findings


def _address_finding(host: str, reason: str | None) -> Finding:
    if reason is None:
        return ok("MongoDB address", f"{host} can be reached")
    return fail(
        "MongoDB address",
        f"{host} cannot be reached: {reason}",
        "Set OMS_MONGO_URI to where MongoDB is, or start one with: oms dev",
    )


async def _check_reached(settings: Settings, host: str) -> list[Finding]:
    began = time.time()
    try:
        hello = await _hello(settings, host)
    except PyMongoError as error:
        return [refusal(error)]
    middle = (began + time.time()) / 2
    own = [clock(hello["localTime"], middle), version(hello["maxWireVersion"])]
    is_set = _replica_set(settings, host, hello)
    if is_set.state != "ok":
        return [is_set, *own]
    members = await _check_members(hello.get("hosts", []))
    findings = [is_set, *members, *own]
    if "primary" not in hello:
        return [*findings, _no_primary(members)]
    if any(finding.state == "ok" for finding in members):
        findings += await check_use(settings)
    return findings


def _no_primary(members: Sequence[Finding]) -> Finding:
    away = sum(finding.state is State.FAIL for finding in members)
    return fail(
        "MongoDB replica set",
        f"none of its {len(members)} members is the primary, and {away} cannot be reached",
        "Start most of its members: they then choose a primary by themselves, within seconds",
    )


async def _hello(settings: Settings, host: str) -> dict[str, Any]:
    """What the server at this address alone says of itself."""
    alone = _SET_NAME.sub("", _HOSTS.sub(lambda found: (found[1] or "") + host, settings.mongo_uri))
    client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(
        alone.replace("/&", "/?"),
        directConnection=True,
        serverSelectionTimeoutMS=int(PATIENCE_SECONDS * 1000),
        **security_options(settings),
    )
    try:
        return await client.admin.command("hello")
    finally:
        client.close()


def _replica_set(settings: Settings, host: str, hello: Mapping[str, Any]) -> Finding:
    check = "MongoDB replica set"
    name = hello.get("setName")
    if hello.get("isreplicaset"):
        return fail(
            check,
            f"the server at {host} has not been told who is in its replica set",
            "Run rs.initiate() in mongosh once",
        )
    if name is None:
        return fail(
            check,
            f"the server at {host} is a standalone, which has no transactions",
            "Start mongod with --replSet rs0, then run rs.initiate() in mongosh once",
        )
    if f"replicaset={name}".lower() not in settings.mongo_uri.lower():
        return fail(
            check,
            f"the server at {host} is in the replica set {name}, OMS_MONGO_URI does not say so",
            f"Add ?replicaSet={name} to OMS_MONGO_URI",
        )
    return ok(check, f"the server at {host} is in {name}")


async def _check_members(hosts: Sequence[str]) -> list[Finding]:
    reasons = await asyncio.gather(
        *(unreachable(*host_and_port(host, _USUAL_PORT)) for host in hosts)
    )
    return [_member(host, reason) for host, reason in zip(hosts, reasons, strict=True)]


def _member(host: str, reason: str | None) -> Finding:
    if reason is None:
        return ok("MongoDB member", f"clients are sent to {host}, which can be reached")
    return fail(
        "MongoDB member",
        f"the replica set sends its clients to {host}, which cannot be reached from here: {reason}",
        "Name its members by addresses that this machine can reach (rs.reconfig), or start them",
    )


def version(wire: int) -> Finding:
    """Whether the server is new enough, by the newest version of its protocol that it speaks.

    Source: https://github.com/mongodb/specifications/blob/master/source/wireversion-featurelist.md
    """
    if wire >= _WIRE_OF_5:
        return ok("MongoDB version", "5.0 or newer")
    return warn(
        "MongoDB version",
        "it is older than 5.0, so that oms verify --live cannot see it as it was at one moment",
        "Upgrade MongoDB to 5.0 or newer",
    )


def clock(there: datetime, here: float) -> Finding:
    """Compare MongoDB's clock with this machine's (seconds since 1970)."""
    ahead = there.replace(tzinfo=UTC).timestamp() - here
    if abs(ahead) <= _CLOCK_SECONDS:
        return ok("clock", f"{abs(ahead):.1f} s from MongoDB's")
    direction = "behind" if ahead > 0 else "ahead of"
    return warn(
        "clock",
        f"this machine's clock is {abs(ahead):.0f} s {direction} MongoDB's",
        "Let both set their clocks from the network (NTP)",
    )
