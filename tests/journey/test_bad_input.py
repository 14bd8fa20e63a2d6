"""Bad input in the middle of good: each gets what the contract says, and the good ones go on."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import uuid4

import pytest
from confluent_kafka import Producer

from tests.journey.storefront import DEADLINE_SECONDS, SOURCE, data_of, headers_of, key_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.journey.storefront import Reader, Storefront

pytestmark = pytest.mark.usefixtures("service")

CREATE = "order.create.v1"
SAMPLE = {"customerId": "12345", "products": [{"productId": "98765", "quantity": 1}]}
LINE = {"productId": "98765", "quantity": 1}


class Refused(NamedTuple):
    """Data that breaks the schema, and the path that the first error names."""

    data: Any
    path: str


REFUSED = {
    "a number for a text": Refused({**SAMPLE, "customerId": 12345}, "customerId"),
    "a text for a number": Refused(
        {**SAMPLE, "products": [{"productId": "98765", "quantity": "1"}]}, "products.0.quantity"
    ),
    "an unknown field": Refused({**SAMPLE, "discount": 10}, "discount"),
    "600 products": Refused(
        {**SAMPLE, "products": [{"productId": f"x{n}", "quantity": 1} for n in range(600)]},
        "products",
    ),
    "quantity 0": Refused(
        {**SAMPLE, "products": [{"productId": "98765", "quantity": 0}]}, "products.0.quantity"
    ),
    "a product twice": Refused({**SAMPLE, "products": [LINE, LINE]}, "products"),
    "no value at all": Refused(None, ""),
    "JSON that is no object": Refused(b"[1, 2]", ""),
    "nothing required": Refused({}, "customerId"),
}

UNREADABLE: dict[str, tuple[bytes, dict[str, bytes | None]]] = {
    "not JSON": (b"{nope", {}),
    "no id": (json.dumps(SAMPLE).encode(), {"ce_id": None}),
    "no type": (json.dumps(SAMPLE).encode(), {"ce_type": None}),
    "no CloudEvent": (json.dumps(SAMPLE).encode(), {"ce_specversion": None}),
    "nested too deep": (b"[" * 40 + b"]" * 40, {}),
    "not UTF-8": (b'{"customerId": "\xff"}', {}),
}


@pytest.fixture
def dead_letters(storefront: Storefront) -> Iterator[Reader]:
    """What comes on the dead letter topic of the commands from now on."""
    reader = storefront.reader("dlq.orders.commands")
    yield reader
    reader.close()


async def test_what_breaks_the_schema_is_refused_and_the_good_around_it_are_done(
    storefront: Storefront, results: Reader
) -> None:
    """Each bad create is `INVALID_DATA` and says where; each good one beside it is accepted."""
    bad, good = {}, set()
    for name, refused in REFUSED.items():
        good.add(storefront.send(CREATE, SAMPLE))
        bad[storefront.send(CREATE, refused.data)] = name
    found = results.results_of(good | bad.keys())
    assert {found[command]["outcome"] for command in good} == {"accepted"}
    for command, name in bad.items():
        result = found[command]
        assert (result["outcome"], result["code"]) == ("rejected", "INVALID_DATA"), name
        assert result["errors"][0]["path"] == REFUSED[name].path, name
    twice = next(command for command, name in bad.items() if name == "a product twice")
    assert found[twice]["errors"][0]["productId"] == "98765"


async def test_an_unknown_type_is_refused(storefront: Storefront, results: Reader) -> None:
    """A command that does not exist gets `UNKNOWN_TYPE`."""
    assert results.result_of(storefront.send("order.paint.v1", {}))["code"] == "UNKNOWN_TYPE"


async def test_what_cannot_be_read_goes_to_the_dead_letters_as_it_was(
    storefront: Storefront, results: Reader, dead_letters: Reader
) -> None:
    """Key, value and headers are kept, more headers say why, and the good ones go on."""
    keys, good = {}, set()
    for name, (value, headers) in UNREADABLE.items():
        good.add(storefront.send(CREATE, SAMPLE))
        key = str(uuid4())
        keys[key.encode()] = name
        storefront.send(CREATE, value, order_id=key, headers=headers)
    letters = dead_letters.until(lambda found: keys.keys() <= {m.key() for m in found})
    assert {r["outcome"] for r in results.results_of(good).values()} == {"accepted"}
    for letter in letters:
        assert letter.value() == UNREADABLE[keys[key_of(letter)]][0]
        headers_found = headers_of(letter)
        assert headers_found["__dlq.errors.topic"] == b"orders.commands"
        assert headers_found["__dlq.errors.partition"].isdigit()
        assert headers_found["__dlq.errors.offset"].isdigit()
        assert headers_found["__dlq.errors.message"]
        assert headers_found["__dlq.errors.exception"] == b"UnreadableError"


async def test_a_value_over_the_limit_goes_to_the_dead_letters(
    storefront: Storefront, results: Reader, dead_letters: Reader
) -> None:
    """Ten megabytes that came in compressed are set aside whole, and the next command is done."""
    key, value = str(uuid4()).encode(), b"x" * 10_000_000
    _send_compressed(storefront, key, value)
    letter = dead_letters.first(lambda message: message.key() == key)
    assert letter.value() == value
    assert results.result_of(storefront.send(CREATE, SAMPLE))["outcome"] == "accepted"


async def test_a_value_over_the_limit_of_dead_letters_is_left_out_of_its_letter(
    storefront: Storefront, results: Reader, dead_letters: Reader
) -> None:
    """Thirty megabytes leave a letter without them behind, and the next command is done."""
    key = str(uuid4()).encode()
    _send_compressed(storefront, key, b"x" * 30_000_000)
    letter = dead_letters.first(lambda message: message.key() == key)
    assert letter.value() is None
    assert headers_of(letter)["ce_id"] == b"big"
    assert headers_of(letter)["__dlq.errors.omitted"] == b"30000000"
    assert results.result_of(storefront.send(CREATE, SAMPLE))["outcome"] == "accepted"


def _send_compressed(storefront: Storefront, key: bytes, value: bytes) -> None:
    """A create whose value only compression brings under what a batch may be."""
    squeezing = Producer(
        {
            "bootstrap.servers": storefront.bootstrap,
            "compression.type": "gzip",
            "message.max.bytes": 40_000_000,
        }
    )
    headers: dict[str, str | bytes | None] = {
        "ce_specversion": "1.0",
        "ce_id": "big",
        "ce_source": SOURCE,
        "ce_type": CREATE,
    }
    squeezing.produce("orders.commands", key=key, value=value, headers=headers)
    assert squeezing.flush(DEADLINE_SECONDS) == 0


@pytest.mark.parametrize("topic", ["no.such.topic", "orders.commands"])
async def test_a_reply_topic_that_may_not_be_written_holds_nothing_up(
    storefront: Storefront, results: Reader, topic: str
) -> None:
    """A reply topic that is missing, or is our own, gets nothing; the result comes all the same."""
    commands = storefront.reader("orders.commands")
    began = time.monotonic()
    own = {"kafka_replyTopic": topic.encode(), "kafka_correlationId": b"1"}
    command_ids = {storefront.send(CREATE, SAMPLE, headers=own) for _ in range(3)}
    command_ids.add(storefront.send(CREATE, SAMPLE))
    found = results.results_of(command_ids)
    assert {result["outcome"] for result in found.values()} == {"accepted"}
    assert time.monotonic() - began < DEADLINE_SECONDS
    written = commands.until(lambda messages: len(messages) >= len(command_ids))
    assert all(headers_of(message)["ce_type"] == CREATE.encode() for message in written)


async def test_a_reply_partition_that_does_not_exist_is_as_if_absent(
    storefront: Storefront,
) -> None:
    """The copy comes all the same, in some partition of the reply topic."""
    topic = storefront.new_topic(partitions=2)
    replies = storefront.reader(topic)
    command_id = storefront.send(
        CREATE,
        SAMPLE,
        headers={
            "kafka_replyTopic": topic.encode(),
            "kafka_replyPartition": b"7",
            "kafka_correlationId": b"1",
        },
    )
    assert data_of(replies.first(lambda _: True))["command"]["id"] == command_id


async def test_a_create_without_subject_and_key_gets_the_same_order_id_each_time(
    storefront: Storefront, results: Reader
) -> None:
    """Its order id is made of source and id, so that a second delivery finds the same order."""
    command_id = str(uuid4())
    headers = {
        "ce_specversion": b"1.0",
        "ce_id": command_id.encode(),
        "ce_source": SOURCE.encode(),
        "ce_type": CREATE.encode(),
    }
    order_ids = set()
    for _ in range(2):
        storefront.send_raw(None, json.dumps(SAMPLE).encode(), headers)
        result = results.result_of(command_id)
        assert result["outcome"] == "accepted"
        order_ids.add(result["orderId"])
    assert len(order_ids) == 1
