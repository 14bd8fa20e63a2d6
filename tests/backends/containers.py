"""Kafka and MongoDB in containers: the images that docker-compose.yml names, by testcontainers."""

from __future__ import annotations

import socket
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from testcontainers.core.container import DockerContainer
from testcontainers.core.waiting_utils import wait_for_logs

from workers.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

_KAFKA_IMAGE = "apache/kafka:4.4.0"
_MONGO_IMAGE = "mongo:8.0"


@contextmanager
def containers_stack() -> Iterator[Settings]:
    """Run both until the end of the block; ready when it begins."""
    kafka_port, mongo_port = _free_port(), _free_port()
    with ExitStack() as stack:
        stack.enter_context(_kafka(kafka_port))
        stack.enter_context(_mongo(mongo_port))
        yield Settings(
            kafka_bootstrap=f"localhost:{kafka_port}",
            mongo_uri=f"mongodb://localhost:{mongo_port}/?replicaSet=rs0&directConnection=true",
        )


@contextmanager
def _kafka(port: int) -> Iterator[None]:
    container = DockerContainer(_KAFKA_IMAGE).with_bind_ports(9092, port)
    for name, value in _kafka_environment(port).items():
        container = container.with_env(name, value)
    with container:
        wait_for_logs(container, "Kafka Server started", timeout=90)
        yield


def _kafka_environment(port: int) -> dict[str, str]:
    return {
        "KAFKA_NODE_ID": "1",
        "KAFKA_PROCESS_ROLES": "broker,controller",
        "KAFKA_LISTENERS": "PLAINTEXT://:9092,CONTROLLER://:9093",
        "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://localhost:{port}",
        "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
        "KAFKA_CONTROLLER_QUORUM_VOTERS": "1@localhost:9093",
        "KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR": "1",
        "KAFKA_TRANSACTION_STATE_LOG_MIN_ISR": "1",
        "KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS": "0",
        "KAFKA_AUTO_CREATE_TOPICS_ENABLE": "false",
    }


@contextmanager
def _mongo(port: int) -> Iterator[None]:
    command = "mongod --replSet rs0 --bind_ip_all --setParameter transactionLifetimeLimitSeconds=15"
    initiate = "rs.initiate({_id: 'rs0', members: [{_id: 0, host: 'localhost:27017'}]})"
    wait_for_primary = "while (!db.hello().isWritablePrimary) sleep(50)"
    container = DockerContainer(_MONGO_IMAGE).with_bind_ports(27017, port).with_command(command)
    with container:
        wait_for_logs(container, "Waiting for connections", timeout=90)
        container.exec(["mongosh", "--quiet", "--eval", f"{initiate}; {wait_for_primary}"])
        yield


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
