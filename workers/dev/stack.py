"""Kafka and MongoDB on this machine: both started at once, ready together, ended in order."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from workers.dev import downloads, kafka, mongo
from workers.dev.directory import (
    DataDirectory,
    open_directory,
    read_json,
    temporary_directory,
    write_json,
)
from workers.dev.errors import StackError
from workers.dev.layout import Layout, StackOptions, plan_layout
from workers.dev.processes import Launcher, Part, end_all, ended_message
from workers.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    Report = Callable[[str], None]
    Around = Callable[[Layout], AbstractContextManager[object]]

__all__ = ["Stack", "StackOptions", "start_stack"]

_END_PATIENCE = 15.0
_QUORUM_END_PATIENCE = 5.0  # the last brokers of several wait in vain for a controller


@dataclass(slots=True)
class Stack:
    """A running Kafka and MongoDB. `processes` has all its parts, for signals and restarts."""

    directory: DataDirectory
    layout: Layout
    launcher: Launcher
    processes: list[Part] = field(default_factory=list)

    @property
    def kafka_bootstrap(self) -> str:
        """All brokers, host:port, separated by commas."""
        return ",".join(f"{kafka.HOST}:{broker.port}" for broker in self.layout.brokers)

    @property
    def mongo_uri(self) -> str:
        """The connection string; it names the replica set."""
        return mongo.uri(self.layout.members)

    @property
    def replication_factor(self) -> int:
        """Replicas that a topic can have here."""
        return len(self.layout.brokers)

    @property
    def environment(self) -> dict[str, str]:
        """What a child process needs in its environment to use this stack."""
        return {
            "OMS_KAFKA_BOOTSTRAP": self.kafka_bootstrap,
            "OMS_MONGO_URI": self.mongo_uri,
            "OMS_REPLICATION_FACTOR": str(self.replication_factor),
        }

    @property
    def proxied_environment(self) -> dict[str, str]:
        """The same, by way of the proxies of a stack that has some."""
        detours = [broker.detour for broker in self.layout.brokers if broker.detour is not None]
        bootstrap = ",".join(f"{kafka.HOST}:{detour.told}" for detour in detours)
        return {**self.environment, "OMS_KAFKA_BOOTSTRAP": bootstrap or self.kafka_bootstrap}

    @property
    def settings(self) -> Settings:
        """The settings of the environment, with this stack's addresses."""
        return Settings(
            kafka_bootstrap=self.kafka_bootstrap,
            mongo_uri=self.mongo_uri,
            replication_factor=self.replication_factor,
        )

    def part(self, name: str) -> Part:
        """The part of that name; KeyError if there is none."""
        return {part.name: part for part in self.processes}[name]

    def new_part(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str] | None = None,
        ready: Callable[[Part], None] = lambda _part: None,
    ) -> Part:
        """A child process, not yet started, that logs into this stack's folder and dies with it."""
        return Part(
            name=name,
            command=command,
            log=self.directory.log(name),
            launcher=self.launcher,
            environment=environment or {},
            ready=ready,
            started=lambda part: self.directory.remember(part.name, part.pid),
        )

    def check(self) -> None:
        """Raise StackError, with the end of its log, if a part has ended."""
        for part in self.processes:
            if not part.alive():
                raise StackError(ended_message(part))


def _nothing(_layout: Layout) -> AbstractContextManager[object]:
    return nullcontext()


@contextmanager
def start_stack(
    options: StackOptions, report: Report | None = None, around: Around = _nothing
) -> Iterator[Stack]:
    """Run Kafka and MongoDB until the end of the block; both are ready when it begins.

    `report` gets lines about what is going on. `around` is entered before anything is started,
    for the proxies of `proxied` options. Raises StackError when something is missing, a port or
    the data directory is taken, or a part does not come up.
    """
    tell = report or (lambda _line: None)
    with (
        _directory(options) as directory,
        _launcher() as launcher,
        around(layout := plan_layout(options, directory.path)),
    ):
        stack = Stack(directory, layout, launcher)
        try:
            _start(stack, tell)
            yield stack
        finally:
            end_all(stack.processes, _end_patience(options))


def _end_patience(options: StackOptions) -> float:
    """Seconds for an orderly end: none where the data is thrown away."""
    if options.ephemeral:
        return 0.0
    return _END_PATIENCE if options.brokers == 1 else _QUORUM_END_PATIENCE


def _directory(options: StackOptions) -> AbstractContextManager[DataDirectory]:
    if options.ephemeral:
        return temporary_directory(options.data)
    return open_directory(options.data)


@contextmanager
def _launcher() -> Iterator[Launcher]:
    launcher = Launcher()
    try:
        yield launcher
    finally:
        launcher.close()


def _start(stack: Stack, tell: Report) -> None:
    """Start everything at once and return when all of it is ready."""
    cluster = _cluster_id(stack)
    mongod = downloads.mongod()
    programs = downloads.kafka_programs()
    brokers = [_broker_part(stack, broker, programs) for broker in stack.layout.brokers]
    members = [_member_part(stack, member, mongod) for member in stack.layout.members]
    stack.processes.extend([*brokers, *members])
    tell(f"Starting Kafka on {stack.kafka_bootstrap}, MongoDB on {stack.mongo_uri}")
    steps = [
        partial(
            _start_broker,
            part,
            partial(kafka.prepare, broker, stack.layout.brokers, cluster, programs),
        )
        for part, broker in zip(brokers, stack.layout.brokers, strict=True)
    ]
    _all_at_once(stack, [*steps, partial(_start_members, members, stack.layout.members)])
    _all_at_once(stack, [partial(kafka.wait_for_groups, brokers[0], stack.layout.brokers[0])])


def _all_at_once(stack: Stack, steps: Sequence[Callable[[], None]]) -> None:
    """Run the steps side by side; the first failure, or Ctrl-C, ends all of them.

    In threads also where it is one: the caller may be inside an event loop.
    """
    with ThreadPoolExecutor(len(steps)) as pool:
        try:
            for step in as_completed([pool.submit(step) for step in steps]):
                step.result()
        except BaseException:
            stack.launcher.close()
            end_all(stack.processes, patience=0.0)
            raise


def _start_broker(part: Part, prepare: Callable[[], None]) -> None:
    prepare()
    part.start()
    part.wait_ready()


def _start_members(parts: Sequence[Part], members: Sequence[mongo.Member]) -> None:
    for part, member in zip(parts, members, strict=True):
        member.folder.mkdir(parents=True, exist_ok=True)
        part.start()
    for part, member in zip(parts, members, strict=True):
        mongo.wait_open(part, member)
    mongo.form_replica_set(members)


def _broker_part(stack: Stack, broker: kafka.Broker, programs: kafka.Programs) -> Part:
    return stack.new_part(
        _name("kafka", broker.node, stack.layout.brokers),
        kafka.command(broker, programs),
        ready=partial(kafka.wait_ready, broker=broker),
    )


def _member_part(stack: Stack, member: mongo.Member, mongod: Path) -> Part:
    return stack.new_part(
        _name("mongodb", member.number, stack.layout.members),
        mongo.command(member, mongod),
        ready=partial(mongo.wait_ready, member=member),
    )


def _name(kind: str, number: int, all_of_them: Sequence[object]) -> str:
    return kind if len(all_of_them) == 1 else f"{kind}-{number}"


def _cluster_id(stack: Stack) -> str:
    """The id that the data was made with; StackError if it was made for another size."""
    shape = {"brokers": len(stack.layout.brokers), "members": len(stack.layout.members)}
    file = stack.directory.path / "stack.json"
    known = read_json(file)
    if not known:
        known = {"cluster": kafka.new_cluster_id(), **shape}
        write_json(file, known)
    if {name: known[name] for name in shape} != shape:
        message = (
            f"{stack.directory.path} holds the data of {known['brokers']} Kafka brokers and "
            f"{known['members']} MongoDB members. Choose another directory: --data DIR"
        )
        raise StackError(message)
    return str(known["cluster"])
