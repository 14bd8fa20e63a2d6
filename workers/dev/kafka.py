"""Real Kafka brokers as child processes: KRaft, each one broker and controller at once.

Voters are given by the configuration and not kept in the data, so that the data can be opened
again on other ports.
"""

from __future__ import annotations

import asyncio
import base64
import os
import subprocess
import uuid
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aiokafka.conn import create_conn
from aiokafka.errors import KafkaError
from aiokafka.protocol.coordination import FindCoordinatorRequest
from aiokafka.protocol.metadata import MetadataRequest

from workers.dev import ports
from workers.dev.errors import StackError
from workers.dev.processes import Part, wait_for
from workers.dev.secured import broker_settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from workers.dev.secured import Secured

HOST = "127.0.0.1"
_START_PATIENCE = 120.0
_REQUEST_TIMEOUT_MS = 5_000
_GROUP = 0  # the kind of coordinator, in Kafka's protocol
_JVM = (
    "-Xmx512m",
    "-XX:+UseSerialGC",  # on two cores up half a second sooner than with the default collector
    "-XX:TieredStopAtLevel=1",  # compiling more costs two cores more than a short life gives back
    "-XX:+ExitOnOutOfMemoryError",
    "-XX:-UsePerfData",
    "--enable-native-access=ALL-UNNAMED",
    "--sun-misc-unsafe-memory-access=allow",
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
)


@dataclass(frozen=True, slots=True)
class Programs:
    """How to run a class of Kafka: the java program, the jars and further flags for Java."""

    java: Path
    jars: Sequence[Path]
    flags: tuple[str, ...] = ()

    def command(self, main_class: str, temporary: Path, *arguments: str) -> list[str]:
        """The command line; libraries that Java unpacks go to `temporary`."""
        classpath = os.pathsep.join(str(jar) for jar in self.jars)
        unpacked = f"-Djava.io.tmpdir={temporary}"
        flags = (*_JVM, *self.flags, unpacked)
        return [str(self.java), *flags, "-cp", classpath, main_class, *arguments]


@dataclass(frozen=True, slots=True)
class Detour:
    """A second port of a broker, whose clients are told another one: that of a proxy."""

    port: int
    told: int


@dataclass(frozen=True, slots=True)
class Broker:
    """One broker's number (from 1), ports and folder.

    `secured_ports` are those of the listeners of a secured stack, by their protocol.
    """

    node: int
    port: int
    controller_port: int
    folder: Path
    detour: Detour | None = None
    secured: Secured | None = None
    secured_ports: Mapping[str, int] = field(default_factory=dict)

    @property
    def properties(self) -> Path:
        """Its configuration file."""
        return self.folder / "server.properties"


def properties(broker: Broker, brokers: Sequence[Broker]) -> str:
    """The configuration file of one of the brokers."""
    copies = len(brokers)
    in_sync = min(2, copies)
    voters = ",".join(f"{other.node}@{HOST}:{other.controller_port}" for other in brokers)
    bound, told = _listeners(broker)
    settings = {
        "process.roles": "broker,controller",
        "node.id": broker.node,
        "controller.quorum.voters": voters,
        "controller.listener.names": "CONTROLLER",
        "listeners": _joined({**bound, "CONTROLLER": broker.controller_port}),
        "advertised.listeners": _joined(told),
        "listener.security.protocol.map": ",".join(
            f"{name}:{name if name in broker.secured_ports else 'PLAINTEXT'}"
            for name in (*bound, "CONTROLLER")
        ),
        "inter.broker.listener.name": "CLIENT",
        "log.dirs": broker.folder / "data",
        "auto.create.topics.enable": "false",
        "default.replication.factor": copies,
        "min.insync.replicas": in_sync,
        "offsets.topic.replication.factor": copies,
        "offsets.topic.num.partitions": 6,
        "transaction.state.log.replication.factor": copies,
        "transaction.state.log.min.isr": in_sync,
        "transaction.state.log.num.partitions": 6,
        "share.coordinator.state.topic.replication.factor": copies,
        "share.coordinator.state.topic.min.isr": in_sync,
        "group.initial.rebalance.delay.ms": 0,
        "broker.session.timeout.ms": 5_000,  # how long a killed broker's restart waits
        "log.cleaner.dedupe.buffer.size": 16_777_216,
        **({} if broker.secured is None else broker_settings(broker.secured)),
    }
    return "".join(f"{name}={value}\n" for name, value in settings.items())


def _listeners(broker: Broker) -> tuple[dict[str, int], dict[str, int]]:
    """The ports for clients by name: those that the broker listens on, and those that it tells."""
    bound = {"CLIENT": broker.port, **broker.secured_ports}
    if broker.detour is None:
        return bound, bound
    return {**bound, "DETOUR": broker.detour.port}, {**bound, "DETOUR": broker.detour.told}


def _joined(listeners: Mapping[str, int]) -> str:
    return ",".join(f"{name}://{HOST}:{port}" for name, port in listeners.items())


def new_cluster_id() -> str:
    """A random cluster id in Kafka's form: 16 bytes, base64, without padding."""
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")


def prepare(broker: Broker, brokers: Sequence[Broker], cluster: str, programs: Programs) -> None:
    """Write the configuration and, the first time, format the data folder."""
    broker.folder.mkdir(parents=True, exist_ok=True)
    broker.properties.write_text(properties(broker, brokers))
    if (broker.folder / "data" / "meta.properties").exists():
        return
    # With "=", or an id that begins with "-" would be taken for an option.
    cluster_id = f"--cluster-id={cluster}"
    arguments = ("format", cluster_id, "-c", str(broker.properties), "--ignore-formatted")
    command = programs.command("kafka.tools.StorageTool", broker.folder, *arguments)
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - ours
    if done.returncode != 0:
        message = f"Kafka cannot format {broker.folder}:\n{done.stdout}{done.stderr}"
        raise StackError(message)


def command(broker: Broker, programs: Programs) -> list[str]:
    """The command line of a broker."""
    return programs.command("kafka.Kafka", broker.folder, str(broker.properties))


def wait_ready(part: Part, broker: Broker) -> None:
    """Return once the broker says that it is in the cluster; StackError when it fails to be."""
    wait_for(part, lambda: ports.answers(broker.port), _START_PATIENCE)
    wait_for(part, lambda: asyncio.run(_is_registered(broker)), _START_PATIENCE)


def wait_for_groups(part: Part, broker: Broker) -> None:
    """Return once consumer groups have a coordinator, which makes Kafka make their topic.

    Without this the first consumers would fail, warn and wait before they try again.
    """
    wait_for(part, lambda: asyncio.run(_coordinates_groups(broker)), _START_PATIENCE)


async def _is_registered(broker: Broker) -> bool:
    """Ask the broker itself for the brokers of its cluster: it lists those that take requests."""
    metadata = await _answer(broker, MetadataRequest([]))
    return metadata is not None and broker.node in [node for node, *_ in metadata.brokers]


async def _coordinates_groups(broker: Broker) -> bool:
    return await coordinator([broker], "probe") is not None


async def coordinator(brokers: Sequence[Broker], group: str) -> int | None:
    """The number of the broker that coordinates a group; None if none of these can tell."""
    for broker in brokers:
        answer = await _answer(broker, FindCoordinatorRequest(group, _GROUP))
        if answer is not None and answer.error_code == 0:
            return int(answer.coordinator_id)
    return None


async def _answer(broker: Broker, request: Any) -> Any:  # noqa: ANN401 - aiokafka has no types
    """The broker's answer to a request; None when it does not answer."""
    with suppress(KafkaError, OSError, asyncio.TimeoutError):
        connection = await create_conn(HOST, broker.port, request_timeout_ms=_REQUEST_TIMEOUT_MS)
        try:
            return await connection.send(request)
        finally:
            connection.close()
    return None
