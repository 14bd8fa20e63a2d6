"""Checks of Kafka: its addresses, where it sends its clients, topics, rights, and the workers."""

from __future__ import annotations

import asyncio
from importlib import import_module
from typing import TYPE_CHECKING, Final

from aiokafka.conn import create_conn
from aiokafka.errors import KafkaError
from aiokafka.protocol.metadata import MetadataRequest

from workers.cli.checks.cluster import look_at_cluster, look_at_group
from workers.cli.checks.finding import Finding, fail, ok, warn
from workers.cli.checks.reach import PATIENCE_SECONDS, host_and_port, unreachable
from workers.cli.checks.rights import Needs, check_rights
from workers.cli.topic_check import Kind, differences
from workers.stream.connection import bootstrap_servers, security_arguments, why_not_connected
from workers.stream.ports import OutsideAwayError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.cli.checks.cluster import Group
    from workers.cli.topic_check import Difference
    from workers.settings import Settings

Address = tuple[str, int]

WORKERS: Final = ("orders", "customers", "inventory")
_USUAL_PORT: Final = 9092
_NAMED: Final = 3


async def check_kafka(settings: Settings) -> list[Finding]:
    """All findings about Kafka; those that depend on one that failed are left out."""
    addresses = [host_and_port(text, _USUAL_PORT) for text in bootstrap_servers(settings)]
    reasons = await asyncio.gather(*(unreachable(*address) for address in addresses))
    findings = [
        _bootstrap_finding(*address, reason)
        for address, reason in zip(addresses, reasons, strict=True)
    ]
    reached = [
        address for address, reason in zip(addresses, reasons, strict=True) if reason is None
    ]
    if not reached:
        return findings
    brokers = await _brokers(settings, *reached[0])
    if brokers is None:
        return [*findings, await _no_kafka(settings, *reached[0])]
    advertised = await asyncio.gather(*(check_advertised(*broker) for broker in brokers))
    findings += advertised
    if all(finding.state == "ok" for finding in advertised):
        findings += await _check_inside(settings)
    return findings


def _bootstrap_finding(host: str, port: int, reason: str | None) -> Finding:
    if reason is None:
        return ok("Kafka address", f"{host}:{port} can be reached")
    return fail(
        "Kafka address",
        f"{host}:{port} cannot be reached: {reason}",
        "Set OMS_KAFKA_BOOTSTRAP to where Kafka is, or start one with: oms dev",
    )


async def _no_kafka(settings: Settings, host: str, port: int) -> Finding:
    return fail(
        "Kafka",
        f"whoever listens at {host}:{port} does not speak as Kafka does with its clients: "
        f"{await why_not_connected(settings)}",
        "Set OMS_KAFKA_BOOTSTRAP, OMS_KAFKA_SECURITY_PROTOCOL and the login as Kafka wants them",
    )


async def _brokers(settings: Settings, host: str, port: int) -> list[Address] | None:
    """The addresses that Kafka gives its clients; None if it is no Kafka, or does not let in."""
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            connection = await create_conn(host, port, **security_arguments(settings))
            try:
                metadata = await connection.send(MetadataRequest([]))
            finally:
                connection.close()
    except (KafkaError, OSError, TimeoutError):
        return None
    return [(broker_host, broker_port) for _node, broker_host, broker_port, *_ in metadata.brokers]


async def check_advertised(host: str, port: int) -> Finding:
    """Whether a broker can be reached where Kafka sends its clients."""
    reason = await unreachable(host, port)
    if reason is None:
        return ok("Kafka broker", f"clients are sent to {host}:{port}, which can be reached")
    return fail(
        "Kafka broker",
        f"Kafka sends its clients to {host}:{port}, which cannot be reached from here: {reason}",
        "Set advertised.listeners of the broker to an address that this machine can reach",
    )


async def _check_inside(settings: Settings) -> list[Finding]:
    try:
        cluster = await look_at_cluster(settings)
        needs = [_needs(name) for name in WORKERS]
        groups = {need.group: await look_at_group(settings, need.group) for need in needs}
    except (OutsideAwayError, KafkaError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        return [fail("Kafka", f"cannot be asked: {reason}", "See the broker's log")]
    except NotImplementedError:  # what the driver raises for a version that the broker has not
        remedy = "Use Kafka 2.3 or newer"
        return [fail("Kafka version", "it is older than Kafka 2.3", remedy)]
    return [
        *_topic_findings(differences(settings, cluster)),
        *check_rights(settings, needs, cluster, groups),
        *(group_finding(need.worker, groups[need.group]) for need in needs),
    ]


def _needs(name: str) -> Needs:
    plan = import_module(f"workers.{name}.worker").plan()
    return Needs(name, plan.group, plan.topics, plan.writes)


def _topic_findings(found: Sequence[Difference]) -> list[Finding]:
    missing = [difference for difference in found if difference.kind is Kind.MISSING]
    findings = []
    if missing:
        names = _some([difference.topic for difference in missing])
        findings.append(fail("topics", f"missing: {names}", "oms topics create"))
    for difference in found:
        if difference.kind is not Kind.MISSING:
            judge = fail if difference.stops else warn
            problem = f"{difference.topic} {difference.problem}"
            findings.append(judge("topics", problem, difference.remedy))
    return findings or [ok("topics", "all are there and as they should be")]


def _some(names: Sequence[str]) -> str:
    rest = len(names) - _NAMED
    listed = ", ".join(names[:_NAMED])
    return f"{listed} and {rest} more" if rest > 0 else listed


def group_finding(name: str, group: Group) -> Finding:
    """Whether any worker of this name has joined its group."""
    if group.members is None:
        found = "this user may not see whether one is running"
        return warn(f"{name} worker", found, "Give it the right Describe on the group")
    if group.members:
        return ok(f"{name} worker", f"{group.members} running")
    return warn(f"{name} worker", "none is running", f"oms worker {name}")
