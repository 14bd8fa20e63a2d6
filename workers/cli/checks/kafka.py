"""Checks of Kafka: is it there, can its brokers be reached, are topics and workers as expected."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from aiokafka.conn import create_conn
from aiokafka.errors import KafkaError
from aiokafka.protocol.metadata import MetadataRequest

from workers.cli.checks.finding import Finding, fail, ok, warn
from workers.cli.checks.reach import PATIENCE_SECONDS, host_and_port, unreachable
from workers.cli.topic_check import Kind, topic_differences
from workers.stream.connection import bootstrap_servers, security_arguments, why_not_connected
from workers.stream.ports import OutsideAwayError
from workers.stream.topic_admin import admin_client

if TYPE_CHECKING:
    from collections.abc import Sequence

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
        topics = _topic_findings(await topic_differences(settings))
        return [*topics, *await _check_groups(settings)]
    except (OutsideAwayError, KafkaError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        return [fail("Kafka", f"cannot be asked: {reason}", "See the broker's log")]


def _topic_findings(differences: Sequence[Difference]) -> list[Finding]:
    missing = [found for found in differences if found.kind is Kind.MISSING]
    other = [found for found in differences if found.kind is not Kind.MISSING]
    findings = []
    if missing:
        names = _some([found.topic for found in missing])
        findings.append(fail("topics", f"missing: {names}", "oms topics create"))
    for found in other:
        judge = fail if found.stops else warn
        findings.append(judge("topics", f"{found.topic} {found.problem}", found.remedy))
    return findings or [ok("topics", "all are there and as they should be")]


def _some(names: Sequence[str]) -> str:
    rest = len(names) - _NAMED
    listed = ", ".join(names[:_NAMED])
    return f"{listed} and {rest} more" if rest > 0 else listed


async def _check_groups(settings: Settings) -> list[Finding]:
    async with admin_client(settings) as client:
        described = [await client.describe_consumer_groups([f"oms-{name}"]) for name in WORKERS]
    return [
        group_finding(name, len(response.groups[0][-1]))
        for name, [response] in zip(WORKERS, described, strict=True)
    ]


def group_finding(name: str, members: int) -> Finding:
    """Whether any worker of this name has joined its group."""
    if members:
        return ok(f"{name} worker", f"{members} running")
    return warn(f"{name} worker", "none is running", f"oms worker {name}")
