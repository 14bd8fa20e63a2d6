"""What faults act upon: processes, proxies, and the shop that sends commands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workers.dev.chaos.fleet import Fleet
    from workers.dev.chaos.proxy import Proxy
    from workers.dev.chaos.shop import Shop
    from workers.dev.processes import Part
    from workers.dev.stack import Stack
    from workers.settings import Settings


@dataclass(frozen=True, slots=True)
class World:
    """One run's stack and all that runs on it; `settings` lead past the proxies to Kafka."""

    stack: Stack
    settings: Settings
    proxies: Mapping[int, Proxy]
    fleet: Fleet
    shop: Shop

    @property
    def kafka_proxies(self) -> list[Proxy]:
        """One for each broker."""
        detours = (broker.detour for broker in self.stack.layout.brokers)
        return [self.proxies[detour.told] for detour in detours if detour is not None]

    @property
    def mongo_proxies(self) -> list[Proxy]:
        """One for each member."""
        ports = (member.told_port for member in self.stack.layout.members)
        return [self.proxies[port] for port in ports if port is not None]

    @property
    def brokers(self) -> list[Part]:
        """The processes of Kafka, in the order of their numbers."""
        return [part for part in self.stack.processes if part.name.startswith("kafka")]

    @property
    def members(self) -> list[Part]:
        """The processes of MongoDB, in the order of their numbers."""
        return [part for part in self.stack.processes if part.name.startswith("mongodb")]
