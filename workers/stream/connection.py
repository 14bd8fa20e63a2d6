"""How every Kafka client of this project connects: one place for addresses and security."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from workers.settings import Settings

_REQUEST_TIMEOUT_MILLISECONDS = 30_000


def client_arguments(settings: Settings) -> dict[str, Any]:
    """Arguments that aiokafka's producer, consumer and admin client have in common."""
    return {
        "bootstrap_servers": bootstrap_servers(settings),
        "client_id": "order-management-service",
        "request_timeout_ms": _REQUEST_TIMEOUT_MILLISECONDS,
    }


def bootstrap_servers(settings: Settings) -> list[str]:
    """The brokers' addresses, host:port each."""
    return [server.strip() for server in settings.kafka_bootstrap.split(",") if server.strip()]
