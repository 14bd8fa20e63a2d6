"""`oms doctor` against a Kafka and a MongoDB that send their clients astray, or do not let them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._acl import AclBinding, AclOperation, AclPermissionType
from confluent_kafka.admin._config import AlterConfigOpType, ConfigEntry, ConfigResource
from confluent_kafka.admin._resource import ResourcePatternType, ResourceType

from tests.cli.command_line import CommandLine
from tests.security.certificates import Certificates
from workers.cli.checks.finding import State
from workers.dev.chaos.proxy import running_proxies
from workers.dev.mongo import direct_client
from workers.dev.secured import Secured
from workers.dev.stack import StackOptions, start_stack

if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import AbstractContextManager

    from workers.dev.layout import Layout
    from workers.dev.stack import Stack

pytestmark = [pytest.mark.stack, pytest.mark.slow]

USER: Final = "me"
PASSWORD: Final = "secret"  # noqa: S105 - of a Kafka that lives as long as these tests
LISTENER: Final = "SASL_PLAINTEXT"
PATIENCE_SECONDS: Final = 60


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Those of the servers."""
    return Certificates.in_folder(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def stack(certificates: Certificates) -> Iterator[Stack]:
    """A Kafka with rights, one of whose listeners advertises a port that nobody listens on."""
    shared_key = certificates.folder / "shared.key"
    shared_key.write_text("memberskneweachotherbyit")
    shared_key.chmod(0o600)
    secured = Secured(certificates.server(), certificates.authorities, shared_key, {USER: PASSWORD})
    options = StackOptions(ephemeral=True, proxied=True, secured=secured)
    with start_stack(options, around=mongo_alone) as found:
        yield found


def mongo_alone(layout: Layout) -> AbstractContextManager[object]:
    """Proxies in front of MongoDB; where Kafka's should be, nobody listens."""
    return running_proxies({m.told_port: m.port for m in layout.members if m.told_port})


@pytest.fixture(scope="module")
def everything(stack: Stack) -> CommandLine:
    """`oms` as somebody who may do anything at Kafka; the topics are there."""
    oms = CommandLine({**stack.environment, "OMS_PARTITIONS": "1"})
    assert oms("topics", "create").exit_code == 0
    return oms


@pytest.fixture(scope="module")
def user(stack: Stack, everything: CommandLine) -> CommandLine:
    """`oms` as somebody who may do what was allowed, and at first nothing."""
    port = stack.layout.brokers[0].secured_ports[LISTENER]
    return everything.where(
        OMS_KAFKA_BOOTSTRAP=f"127.0.0.1:{port}",
        OMS_KAFKA_SECURITY_PROTOCOL=LISTENER,
        OMS_KAFKA_SASL_MECHANISM="PLAIN",
        OMS_KAFKA_USERNAME=USER,
        OMS_KAFKA_PASSWORD=PASSWORD,
    )


def failed(oms: CommandLine, check: str) -> list[dict[str, str]]:
    """What fails of this check."""
    ended = oms("doctor", "--json")
    assert ended.exit_code == 1, ended.stdout
    assert PASSWORD not in ended.stdout
    found = [finding for finding in ended.json if finding["state"] == State.FAIL]
    return [finding for finding in found if finding["check"] == check]


def allow(stack: Stack, *commands: str) -> None:
    """Do what commands of kafka-acls.sh would do."""
    admin = AdminClient({"bootstrap.servers": stack.kafka_bootstrap})
    wanted = [_binding(command.split()) for command in commands]
    for done in admin.create_acls(wanted).values():
        done.result(PATIENCE_SECONDS)


def _binding(words: list[str]) -> AclBinding:
    assert words[0] == "kafka-acls.sh"
    _, principal, _, operation, kind, name = words[words.index("--add") + 1 :]
    kinds = {"--topic": ResourceType.TOPIC, "--group": ResourceType.GROUP}
    operations = {"DescribeConfigs": AclOperation.DESCRIBE_CONFIGS}
    return AclBinding(
        kinds[kind],
        name,
        ResourcePatternType.LITERAL,
        principal,
        "*",
        operations.get(operation) or AclOperation[operation.upper()],
        AclPermissionType.ALLOW,
    )


def test_an_advertised_listener_that_nobody_can_reach(
    stack: Stack, everything: CommandLine
) -> None:
    """The bootstrap address answers; where it sends its clients is told, with the setting."""
    detour = stack.layout.brokers[0].detour
    assert detour is not None
    oms = everything.where(OMS_KAFKA_BOOTSTRAP=f"127.0.0.1:{detour.port}")
    [finding] = failed(oms, "Kafka broker")
    assert f"Kafka sends its clients to 127.0.0.1:{detour.told}" in finding["found"]
    assert "nobody listens there" in finding["found"]
    assert "advertised.listeners" in finding["remedy"]


def test_a_listener_that_wants_a_login(user: CommandLine) -> None:
    """Whoever comes without one, or with a wrong one, is told which settings are about it."""
    plain = user.where(
        OMS_KAFKA_SECURITY_PROTOCOL="PLAINTEXT", OMS_KAFKA_USERNAME="", OMS_KAFKA_PASSWORD=""
    )
    [finding] = failed(plain, "Kafka")
    assert "it may want another OMS_KAFKA_SECURITY_PROTOCOL than PLAINTEXT" in finding["found"]
    [finding] = failed(user.where(OMS_KAFKA_PASSWORD="wrong"), "Kafka")  # noqa: S106 - it is meant to be
    assert f"refuses the user '{USER}' or its password (PLAIN)" in finding["found"]


def test_rights_that_are_lacking(stack: Stack, user: CommandLine) -> None:
    """Each right comes with the command that gives it; with all of them nothing is lacking."""
    hidden = failed(user, "topics")
    assert {finding["found"] for finding in hidden} >= {
        "orders.commands may not be seen by this user",
        "orders.events may not be seen by this user",
    }
    join = f"kafka-acls.sh --bootstrap-server x --add --allow-principal User:{USER} "
    groups = ("oms-orders", "oms-customers", "oms-inventory")
    allow(stack, *(f"{join}--operation Read --group {group}" for group in groups))
    lacking = failed(user, "Kafka rights")
    assert "Read on topic orders.commands" in lacking[0]["found"]
    assert "--command-config admin.properties" in lacking[0]["remedy"]
    commands = {line for finding in lacking for line in finding["remedy"].splitlines()}
    allow(stack, *commands)
    left = {one["state"] for one in user("doctor", "--json").json if "Kafka" in one["check"]}
    assert left == {State.OK}


def test_a_configuration_that_may_not_be_seen(stack: Stack, user: CommandLine) -> None:
    """Topics that do not show how they are kept are told, and what would let them be looked at."""
    differing = user("topics", "check", "--json")
    assert differing.exit_code == 1
    assert {one["problem"] for one in differing.json} == {
        "does not show its configuration to this user"
    }
    allow(stack, *(one["remedy"] for one in differing.json))
    assert user("topics", "check").stdout == "All topics are as they should be\n"


def configure(stack: Stack, topic: str, name: str, value: str) -> None:
    """Do what kafka-configs.sh would do."""
    admin = AdminClient({"bootstrap.servers": stack.kafka_bootstrap})
    entry = ConfigEntry(name, value, incremental_operation=AlterConfigOpType.SET)
    changed = ConfigResource(ConfigResource.Type.TOPIC, topic, incremental_configs=[entry])
    for done in admin.incremental_alter_configs([changed]).values():
        done.result(PATIENCE_SECONDS)


def test_a_topic_that_is_kept_otherwise(stack: Stack, everything: CommandLine) -> None:
    """What the broker has is told with the command that mends it, which does."""
    wrong = {
        "retention.ms": "1000",
        "cleanup.policy": "compact",
        "max.message.bytes": "1000",
        "min.insync.replicas": "2",
    }
    for name, value in wrong.items():
        configure(stack, "orders.events", name, value)
    differing = everything("topics", "check", "--json")
    assert differing.exit_code == 1
    told = [one["problem"] for one in differing.json]
    for name, value in wrong.items():
        assert any(f"{name}={value}" in one or f"{name} is {value}" in one for one in told), name
    assert {one["kind"] for one in differing.json if one["stops"]} == {"leader", "size"}
    for one in differing.json:
        words = one["remedy"].split()
        assert words[0] == "kafka-configs.sh"
        name, _, value = words[words.index("--add-config") + 1].partition("=")
        configure(stack, words[words.index("--entity-name") + 1], name, value)
    assert everything("topics", "check").exit_code == 0


def test_more_replicas_than_brokers(everything: CommandLine) -> None:
    """Replicas that one broker cannot hold are told with both ways out, for each topic."""
    differing = everything.where(OMS_REPLICATION_FACTOR="3")("topics", "check", "--json").json
    assert {one["kind"] for one in differing} == {"replicas"}
    assert {one["remedy"] for one in differing} == {
        "Run 3 brokers, of which 1 are there; or export OMS_REPLICATION_FACTOR=1"
    }


@pytest.fixture(scope="module")
def mongo(stack: Stack, everything: CommandLine, certificates: Certificates) -> CommandLine:
    """`oms` at a MongoDB that wants a login, without one; there is a user who may only read."""
    client: Any
    with direct_client(stack.layout.members[0]) as client:
        role = {"role": "read", "db": "oms"}
        client.admin.command("createUser", USER, pwd=PASSWORD, roles=[role])
    return everything.where(OMS_MONGO_CA_FILE=str(certificates.authorities))


def test_a_mongodb_that_wants_a_login(mongo: CommandLine) -> None:
    """Without one nothing may be read, which is told as what it is."""
    [finding] = failed(mongo, "MongoDB rights")
    assert finding["found"].startswith("MongoDB wants a login")
    wrong = mongo.where(OMS_MONGO_USERNAME=USER, OMS_MONGO_PASSWORD="wrong")  # noqa: S106 - it is meant to be
    [finding] = failed(wrong, "MongoDB rights")
    assert "Authentication failed" in finding["found"]
    assert "OMS_MONGO_PASSWORD" in finding["remedy"]


def test_a_user_of_mongodb_who_may_only_read(mongo: CommandLine, stack: Stack) -> None:
    """What it may not is told, and the command that it takes, which is enough."""
    reader = mongo.where(OMS_MONGO_USERNAME=USER, OMS_MONGO_PASSWORD=PASSWORD)
    [finding] = failed(reader, "MongoDB rights")
    assert finding["found"] == f"the user {USER} may not write orders in the database oms"
    assert finding["remedy"] == (
        f'In mongosh: db.getSiblingDB("admin").grantRolesToUser("{USER}", '
        '[{role: "readWrite", db: "oms"}])'
    )
    client: Any
    with direct_client(stack.layout.members[0]) as client:
        role = {"role": "readWrite", "db": "oms"}
        client.admin.command("grantRolesToUser", USER, roles=[role])
    states = {one["state"] for one in reader("doctor", "--json").json if "Mongo" in one["check"]}
    assert states == {State.OK}


def test_a_mongodb_that_speaks_tls(everything: CommandLine) -> None:
    """Whoever comes without TLS is told that MongoDB does not let it, and nothing hangs."""
    states = {one["check"]: one for one in everything("doctor", "--json").json}
    assert states["MongoDB address"]["state"] == State.OK
    assert states["MongoDB rights"]["state"] == State.FAIL
