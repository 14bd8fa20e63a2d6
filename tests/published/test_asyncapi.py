"""The AsyncAPI document: valid, whole, and what the code does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest
from jsonschema import Draft7Validator

from schemas import limits
from schemas.topics import TOPICS
from tests.published.files import DOCUMENT
from workers.contract.asyncapi import asyncapi_document
from workers.contract.channels import Deployment
from workers.contract.messages import ANSWERS, MESSAGES
from workers.customers import worker as customers
from workers.inventory import worker as inventory
from workers.orders.worker import plan
from workers.security.connection_settings import SaslMechanism
from workers.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from workers.stream.running import WorkerPlan

OFFICIAL: Final = json.loads((Path(__file__).parent / "asyncapi" / "3.0.0.json").read_text())
ELSEWHERE: Final = Deployment(
    ["one.example:9092", "two.example:9092"], 48, 3, encrypted=True, login="SCRAM-SHA-512"
)


def _references(part: Any) -> Iterator[str]:  # noqa: ANN401 - any JSON
    match part:
        case {"$ref": str(target)}:
            yield target
        case dict():
            for value in part.values():
                yield from _references(value)
        case list():
            for value in part:
                yield from _references(value)


def _at(reference: str) -> Any:  # noqa: ANN401 - any JSON
    found = DOCUMENT
    for step in reference.removeprefix("#/").split("/"):
        found = found[step.replace("~1", "/").replace("~0", "~")]
    return found


def _names(references: list[dict[str, str]]) -> set[str]:
    return {reference["$ref"].rpartition("/")[2] for reference in references}


@pytest.mark.parametrize(
    "document", [DOCUMENT, asyncapi_document("1.2.3", ELSEWHERE)], ids=["checked in", "elsewhere"]
)
def test_the_document_is_valid(document: dict[str, Any]) -> None:
    """The AsyncAPI initiative's own schema finds nothing in it."""
    faults = Draft7Validator(OFFICIAL).iter_errors(document)
    assert [f"{fault.json_path}: {fault.message[:300]}" for fault in faults] == []


def test_the_official_schema_looks_into_every_part() -> None:
    """A fault deep inside is found: the schema is not passed for want of its definitions."""
    broken = json.loads(json.dumps(DOCUMENT))
    kafka = broken["channels"]["orders.commands"]["bindings"]["kafka"]
    kafka["partitions"] = "many"
    assert not Draft7Validator(OFFICIAL).is_valid(broken)


def test_every_reference_leads_somewhere() -> None:
    """Nothing is referred to outside the document, nor inside where nothing is."""
    for reference in _references(DOCUMENT):
        assert reference.startswith("#/")
        assert _at(reference) is not None


def test_every_topic_is_a_channel() -> None:
    """As it is created: name, partitions, replicas and configuration; and one reply topic."""
    channels = {name: c for name, c in DOCUMENT["channels"].items() if c["address"] is not None}
    assert channels.keys() == {topic.name for topic in TOPICS}
    for topic in TOPICS:
        kafka = channels[topic.name]["bindings"]["kafka"]
        assert kafka["topic"] == topic.name
        assert kafka["partitions"] == Settings.model_fields["partitions"].default
        told = {
            name: ",".join(value) if isinstance(value, list) else str(value)
            for name, value in kafka["topicConfiguration"].items()
        }
        assert told == topic.config


def test_every_message_is_on_its_channel() -> None:
    """Each type stands on the topic that it is sent to, and a result on reply topics as well."""
    for message in MESSAGES:
        assert message.name in DOCUMENT["channels"][message.topic]["messages"]
    assert set(DOCUMENT["channels"]["reply-topic"]["messages"]) == {"order.result.v1"}


@pytest.mark.parametrize(
    "worker", [plan(), customers.plan(), inventory.plan()], ids=lambda p: p.name
)
def test_the_operations_are_what_the_workers_do(worker: WorkerPlan) -> None:
    """Every topic that a worker writes has an operation that sends, or is a reply to one."""
    operations = DOCUMENT["operations"].values()
    sent = {_names([o["channel"]]).pop() for o in operations if o["action"] == "send"}
    replied = {_names([o["reply"]["channel"]]).pop() for o in operations if "reply" in o}
    assert worker.writes <= sent | replied


def test_requests_have_their_replies() -> None:
    """Each request is an operation of its own with exactly the replies that it may get."""
    told = {
        _names(operation["messages"]).pop(): _names(operation["reply"]["messages"])
        for operation in DOCUMENT["operations"].values()
        if operation["action"] == "send" and "reply" in operation
    }
    assert told == {str(request): {*map(str, replies)} for request, replies in ANSWERS.items()}


def test_a_command_is_answered_where_it_says() -> None:
    """The reply's address is the header that names the reply topic."""
    operation = DOCUMENT["operations"]["takeCommand"]
    assert operation["reply"]["address"]["location"] == "$message.header#/kafka_replyTopic"
    assert _names(operation["reply"]["messages"]) == {"order.result.v1"}
    groups = operation["bindings"]["kafka"]["groupId"]["enum"]
    assert groups == [plan().group]


def test_every_limit_of_a_client_is_told() -> None:
    """All but the one number that no client can run into."""
    told = DOCUMENT["info"]["description"]
    found = {name: value for name, value in vars(limits).items() if name.startswith("MAX_")}
    del found["MAX_REPLY_ADDRESSES"]
    assert [name for name, value in found.items() if f"{value:,}" not in told] == []


def test_another_deployment_is_told_as_it_is() -> None:
    """Brokers, partitions and replicas are those of the settings."""
    document = asyncapi_document("1.2.3", ELSEWHERE)
    hosts = [server["host"] for server in document["servers"].values()]
    assert hosts == ["one.example:9092", "two.example:9092"]
    kafka = document["channels"]["orders.events"]["bindings"]["kafka"]
    assert (kafka["partitions"], kafka["replicas"]) == (48, 3)
    assert document["info"]["version"] == "1.2.3"
    for server in document["servers"].values():
        assert server["protocol"] == "kafka-secure"
        assert server["security"] == [{"type": "scramSha512"}]


@pytest.mark.parametrize("mechanism", SaslMechanism)
def test_every_login_has_its_name_in_asyncapi(mechanism: SaslMechanism) -> None:
    """Whichever way to log in the settings allow, the document is valid."""
    deployment = Deployment(["one.example:9092"], 1, 1, login=mechanism.value)
    assert Draft7Validator(OFFICIAL).is_valid(asyncapi_document("1.2.3", deployment))
