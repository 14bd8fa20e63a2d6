"""What a storefront cannot do, however it tries: pretend to be the service, or look into others."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from schemas.topics import (
    COMMANDS,
    CUSTOMER_REQUESTS,
    EVENTS,
    INVENTORY_REQUESTS,
    REPLIES,
    RESULTS,
    SNAPSHOTS,
    dead_letter_topic,
)
from tests.journey.storefront import DEADLINE_SECONDS
from tests.security.parties import client_of, login
from workers.security.rights import EVERYBODY, STOREFRONT, Rights

if TYPE_CHECKING:
    from tests.journey.storefront import Storefront
    from tests.security.place import Place

pytestmark = [pytest.mark.stack, pytest.mark.slow]

FORBIDDEN_TO_WRITE = [
    RESULTS,
    EVENTS,
    SNAPSHOTS,
    REPLIES,
    CUSTOMER_REQUESTS,
    INVENTORY_REQUESTS,
    dead_letter_topic(COMMANDS),
]


def consumer_of(place: Place, group: str) -> Consumer:
    """A consumer of the storefront's, in a group of this name."""
    bootstrap = place.settings_of(STOREFRONT.user).kafka_bootstrap
    return Consumer(
        {"bootstrap.servers": bootstrap, "group.id": group, **login(place, STOREFRONT.user)}
    )


def first_error(consumer: Consumer) -> int:
    """The code of what Kafka says to the consumer; a record would be too much."""
    told = consumer.poll(DEADLINE_SECONDS)
    consumer.close()
    assert told is not None
    error = told.error()
    assert error is not None
    return error.code()


def refusal_of_record(shop: Storefront, topic: str) -> int | None:
    """The code with which a record is refused, by the client that knows it already or by Kafka."""
    told: list[KafkaError | None] = []
    try:
        shop.producer.produce(topic, b"{}", on_delivery=lambda error, _record: told.append(error))
        shop.flush()
    except KafkaException as error:
        told.append(error.args[0])
    [refusal] = told
    return None if refusal is None else refusal.code()


@pytest.mark.parametrize("topic", FORBIDDEN_TO_WRITE)
def test_a_storefront_cannot_pretend_to_be_the_service(shop: Storefront, topic: str) -> None:
    """Kafka takes no reply, event, result or request from it."""
    assert refusal_of_record(shop, topic) == KafkaError.TOPIC_AUTHORIZATION_FAILED


HIDDEN = [REPLIES, CUSTOMER_REQUESTS, INVENTORY_REQUESTS, dead_letter_topic(COMMANDS)]


@pytest.mark.parametrize("topic", HIDDEN)
def test_a_storefront_does_not_see_what_is_between_others(shop: Storefront, topic: str) -> None:
    """Replies, requests and dead letters have personal data of anybody."""
    found = shop.admin.list_topics(topic, DEADLINE_SECONDS).topics[topic]
    assert found.error is not None
    assert found.error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED


def test_a_storefront_cannot_read_commands_of_others(place: Place) -> None:
    """It may write them, and no more."""
    consumer = consumer_of(place, "shop-curious")
    consumer.assign([TopicPartition(COMMANDS, 0, 0)])
    assert first_error(consumer) == KafkaError.TOPIC_AUTHORIZATION_FAILED


def test_a_storefront_cannot_take_the_workers_place(place: Place) -> None:
    """It cannot join a group of the service, which would take lanes from its workers."""
    consumer = consumer_of(place, "oms-orders")
    consumer.subscribe([RESULTS])
    assert first_error(consumer) == KafkaError.GROUP_AUTHORIZATION_FAILED


@pytest.mark.parametrize("rights", EVERYBODY, ids=lambda rights: rights.user)
def test_nobody_can_delete_a_topic(place: Place, rights: Rights) -> None:
    """Only an administrator deletes a topic."""
    client = client_of(place, rights.user).admin
    with pytest.raises(KafkaException) as refused:
        client.delete_topics([EVENTS])[EVENTS].result(DEADLINE_SECONDS)
    assert refused.value.args[0].code() == KafkaError.TOPIC_AUTHORIZATION_FAILED
