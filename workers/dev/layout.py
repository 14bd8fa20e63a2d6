"""What a local stack is to be, and the ports and folders that this comes to."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from workers.dev import kafka, mongo, ports
from workers.dev.errors import StackError
from workers.dev.secured import PROTOCOLS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from workers.dev.secured import Secured


@dataclass(frozen=True, slots=True)
class StackOptions:
    """Where and how the stack runs; a port of None is a free one.

    `proxied`: clients reach brokers and members at other ports, where the caller runs proxies.
    `secured`: clients have to show who they are. `mongo_cache_gigabytes`: the most that each member
    of MongoDB keeps in memory.
    """

    data: Path | None = None
    ephemeral: bool = False
    kafka_port: int | None = None
    mongo_port: int | None = None
    brokers: int = 1
    mongo_members: int = 1
    mongo_cache_gigabytes: float = 0.5
    proxied: bool = False
    secured: Secured | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """Numbers, ports and folders of everything that will run."""

    brokers: tuple[kafka.Broker, ...]
    members: tuple[mongo.Member, ...]

    @property
    def routes(self) -> dict[int, int]:
        """From the port that each proxy is to listen on to its server's; empty without proxies."""
        detours = [broker.detour for broker in self.brokers if broker.detour is not None]
        return {
            **{detour.told: detour.port for detour in detours},
            **{m.told_port: m.port for m in self.members if m.told_port is not None},
        }


def plan_layout(options: StackOptions, data: Path) -> Layout:
    """Ports and folders for what the options ask for; StackError if a given port is taken."""
    client_ports = ports.claim(options.kafka_port, options.brokers, "--kafka-port")
    mongo_ports = ports.claim(options.mongo_port, options.mongo_members, "--mongo-port")
    taken = {*client_ports, *mongo_ports}
    if len(taken) < len(client_ports) + len(mongo_ports):
        message = "Kafka and MongoDB cannot share a port: choose different ones."
        raise StackError(message)
    wanted = (3 + len(PROTOCOLS)) * options.brokers + options.mongo_members
    spare = (port for port in ports.free_ports(wanted + len(taken)) if port not in taken)
    brokers = tuple(
        kafka.Broker(node, port, next(spare), data / "kafka" / str(node))
        for node, port in enumerate(client_ports, start=1)
    )
    members = tuple(
        mongo.Member(number, port, data / "mongodb" / str(number), options.mongo_cache_gigabytes)
        for number, port in enumerate(mongo_ports, start=1)
    )
    layout = Layout(brokers, members)
    if options.secured is not None:
        layout = _secured(layout, options.secured, spare)
    return _proxied(layout, spare) if options.proxied else layout


def _secured(layout: Layout, secured: Secured, spare: Iterator[int]) -> Layout:
    """Another listener of each broker for each secured protocol; members have only one."""
    return Layout(
        tuple(
            replace(b, secured=secured, secured_ports={name: next(spare) for name in PROTOCOLS})
            for b in layout.brokers
        ),
        tuple(replace(member, secured=secured) for member in layout.members),
    )


def _proxied(layout: Layout, spare: Iterator[int]) -> Layout:
    return Layout(
        tuple(replace(b, detour=kafka.Detour(next(spare), next(spare))) for b in layout.brokers),
        tuple(replace(member, told_port=next(spare)) for member in layout.members),
    )
