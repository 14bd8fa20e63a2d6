"""From a record to a message: what is carried out, what is refused, what cannot be answered."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest

from schemas import headers as names
from schemas.commands import Cancel, Create, Delete, UpdateShipping
from schemas.headers import ReplyAddress
from schemas.requests import RequestType
from schemas.results import Code
from schemas.topics import COMMANDS, REPLIES
from tests.orders.records import LANE, Record, command_record, create_record
from workers.orders.messages import CommandMessage, InvalidCommand, ReplyMessage, RequestReference
from workers.orders.order import Cause
from workers.orders.read import read
from workers.stream.json_text import UnreadableError

PRODUCTS = [{"productId": "apple", "quantity": 2}]
GOOD = {"customerId": "c", "products": PRODUCTS}


def _command(command_type: str, data: object, order_id: str = "a") -> Record:
    record = command_record(order_id, command_type, offset=7)
    return replace(record, value=orjson.dumps(data))


def _invalid(record: Record) -> InvalidCommand:
    message = read(record)
    assert isinstance(message, InvalidCommand)
    return message


def _errors(record: Record) -> list[str | None]:
    message = _invalid(record)
    assert message.code is Code.INVALID_DATA
    return [path for path, _, _ in message.errors]


def _without(record: Record, *gone: str) -> Record:
    return replace(record, headers=[pair for pair in record.headers if pair[0] not in gone])


def _with(record: Record, **headers: bytes) -> Record:
    return replace(record, headers=[*record.headers, *headers.items()])


def test_a_create_is_read() -> None:
    """With its data, its order, and where it came from."""
    message = read(create_record("a", offset=7))
    assert isinstance(message, CommandMessage)
    assert isinstance(message.data, Create)
    assert message.order_id == "a"
    assert message.cause == Cause("/shop", "command-7", "order.create.v1", COMMANDS, 7)


@pytest.mark.parametrize(
    ("command_type", "data", "model"),
    [
        ("update-shipping", {"company": "UPS", "trackingNumber": "1"}, UpdateShipping),
        ("cancel", {"reason": None, "expectedVersion": None}, Cancel),
        ("cancel", {}, Cancel),
        ("delete", {"expectedVersion": 3}, Delete),
    ],
)
def test_other_commands_are_read(command_type: str, data: object, model: type) -> None:
    """`null` stands for absent in optional fields."""
    message = read(_command(command_type, data))
    assert isinstance(message, CommandMessage)
    assert isinstance(message.data, model)


@pytest.mark.parametrize("command_type", ["cancel", "delete"])
@pytest.mark.parametrize("value", [None, b""])
def test_where_nothing_is_required_no_data_is_fine(command_type: str, value: bytes | None) -> None:
    """A null value is an empty object."""
    message = read(replace(_command(command_type, {}), value=value))
    assert isinstance(message, CommandMessage)


@pytest.mark.parametrize("command_type", ["create", "update-shipping", "update-status"])
def test_where_something_is_required_no_data_is_invalid(command_type: str) -> None:
    """It can be answered, so it is."""
    assert _invalid(replace(_command(command_type, {}), value=None)).code is Code.INVALID_DATA


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ({"products": PRODUCTS}, "customerId"),
        ({**GOOD, "customerId": ""}, "customerId"),
        ({**GOOD, "customerId": 12345}, "customerId"),
        ({**GOOD, "customerId": "x" * 129}, "customerId"),
        ({**GOOD, "products": []}, "products"),
        ({**GOOD, "products": None}, "products"),
        ({**GOOD, "products": [{"productId": "p", "quantity": 0}]}, "products.0.quantity"),
        ({**GOOD, "products": [{"productId": "p", "quantity": "2"}]}, "products.0.quantity"),
        ({**GOOD, "products": [{"productId": "p", "quantity": 2.0}]}, "products.0.quantity"),
        ({**GOOD, "products": [{"productId": "p", "quantity": True}]}, "products.0.quantity"),
        ({**GOOD, "products": [{"productId": "p", "quantity": 1_000_001}]}, "products.0.quantity"),
        ({**GOOD, "products": [*PRODUCTS, *PRODUCTS]}, "products"),
        (
            {**GOOD, "products": [{"productId": f"p{n}", "quantity": 1} for n in range(501)]},
            "products",
        ),
        ({**GOOD, "shipping": {"company": "UPS"}}, "shipping.trackingNumber"),
        ({**GOOD, "discount": 5}, "discount"),
        ({**GOOD, "customer_id": "c"}, "customer_id"),
        ({"customer_id": "c", "products": PRODUCTS}, "customerId"),
        ({**GOOD, "expectedVersion": 1}, "expectedVersion"),
    ],
)
def test_data_that_breaks_the_schema_is_refused_with_its_place(data: object, path: str) -> None:
    """No conversion, no unknown field, no product twice, nothing beyond the limits."""
    assert path in _errors(_command("create", data))


def test_a_product_that_is_there_twice_is_named() -> None:
    """So that a shop can point at it."""
    (error,) = _invalid(_command("create", {**GOOD, "products": [*PRODUCTS, *PRODUCTS]})).errors
    assert error[2] == "apple"


def test_at_most_twenty_errors_are_told() -> None:
    """A result stays small, whatever was sent."""
    products = [{"productId": f"p{n}", "quantity": 0} for n in range(500)]
    assert len(_errors(_command("create", {**GOOD, "products": products}))) == 20


@pytest.mark.parametrize("value", [b"[]", b"7", b'"text"', b"null"])
def test_json_that_is_no_object_is_invalid_data(value: bytes) -> None:
    """It has an id, so it is answered."""
    record = replace(_command("create", {}), value=value)
    assert _invalid(record).code is Code.INVALID_DATA


@pytest.mark.parametrize(
    "value",
    [b"{", b"\xff", b"[" * 17 + b"]" * 17, b'{"a":"' + b"x" * 1_000_000],
    ids=["no JSON", "no UTF-8", "too deep", "too large"],
)
def test_what_is_no_json_is_for_the_dead_letters(value: bytes) -> None:
    """Nor what is nested too deep or too large."""
    with pytest.raises(UnreadableError):
        read(replace(_command("create", {}), value=value))


@pytest.mark.parametrize("missing", [names.SPEC_VERSION, names.ID, names.SOURCE, names.TYPE])
def test_what_is_no_cloud_event_is_for_the_dead_letters(missing: str) -> None:
    """Nobody could be answered."""
    with pytest.raises(UnreadableError):
        read(_without(create_record("a", offset=1), missing))


def test_an_unknown_type_comes_before_invalid_data() -> None:
    """Also when the order id is missing or the data is no object."""
    record = replace(_command("dance", []), key=None)
    message = _invalid(_without(record, names.SUBJECT))
    assert (message.code, message.order_id) == (Code.UNKNOWN_TYPE, None)


def test_an_unknown_type_with_what_is_no_json_is_for_the_dead_letters() -> None:
    """It cannot be read as a command."""
    with pytest.raises(UnreadableError):
        read(replace(_command("dance", {}), value=b"{"))


def test_the_subject_comes_before_the_key() -> None:
    """Where both are there and differ, the subject holds."""
    record = replace(create_record("subject", offset=1), key=b"key")
    assert read(record).order_id == "subject"  # type: ignore[union-attr]  # it is a command
    message = read(_without(record, names.SUBJECT))
    assert isinstance(message, CommandMessage)
    assert message.order_id == "key"


def test_a_create_with_neither_gets_an_id_that_is_the_same_each_time() -> None:
    """Made of source and id; another command makes another."""
    record = replace(_without(create_record("a", offset=1), names.SUBJECT), key=None)
    first, second = read(record), read(replace(record, offset=9))
    assert isinstance(first, CommandMessage)
    assert isinstance(second, CommandMessage)
    assert first.order_id == second.order_id
    other = _with(_without(record, names.ID), ce_id=b"another")
    assert isinstance(found := read(other), CommandMessage)
    assert found.order_id != first.order_id


def test_another_command_with_neither_is_invalid() -> None:
    """Nobody knows which order it is about."""
    record = replace(_without(_command("cancel", {}), names.SUBJECT), key=None)
    message = _invalid(record)
    assert (message.order_id, message.errors[0][0]) == (None, "subject")


def test_an_order_id_that_is_too_long_is_invalid_and_not_repeated() -> None:
    """The answer has no order id: it would break the limit itself."""
    message = _invalid(create_record("x" * 129, offset=1))
    assert (message.code, message.order_id) == (Code.INVALID_DATA, None)
    assert isinstance(read(create_record("x" * 128, offset=1)), CommandMessage)


def test_a_reply_address_correlation_and_trace_are_kept() -> None:
    """They come back with the answers."""
    address = ReplyAddress("shop.replies", None, "kafka_correlationId", b"\x00")
    record = command_record("a", "cancel", offset=1, reply=address)
    message = read(_with(record, ce_correlationid=b"cart", traceparent=b"00-t", tracestate=b"s=1"))
    assert isinstance(message, CommandMessage)
    cause = message.cause
    assert cause.reply == address
    assert (cause.correlation_id, cause.trace_parent, cause.trace_state) == ("cart", "00-t", "s=1")


def _reply(correlation: bytes | None, reply_type: str, value: bytes | None = b"{}") -> Record:
    headers = [
        (names.SPEC_VERSION, b"1.0"),
        (names.ID, b"r"),
        (names.SOURCE, b"/services"),
        (names.TYPE, reply_type.encode()),
    ]
    if correlation is not None:
        headers.append((names.REPLY_CORRELATION, correlation))
    return Record(REPLIES, LANE, 5, key=b"other", value=value, headers=headers)


@pytest.mark.parametrize("order_id", ["a", "a:b", "a:inventory.release.v1:1:1", "ü\n ", "x" * 128])
def test_a_reply_is_known_by_its_correlation_alone(order_id: str) -> None:
    """Whatever the order id looks like, and whatever the key is."""
    correlation = f"{order_id}:inventory.reserve.v1:12:3".encode()
    message = read(_reply(correlation, "inventory.reserved.v1"))
    assert isinstance(message, ReplyMessage)
    assert message.request == RequestReference(order_id, RequestType.RESERVE, 12, 3)


@pytest.mark.parametrize(
    "correlation",
    [
        None,
        b"",
        b"a",
        b"a:inventory.reserve.v1:1",
        b"a:inventory.reserve.v1:x:1",
        b"a:inventory.reserve.v1:-1:1",
        b"a:inventory.steal.v1:1:1",
        b":inventory.reserve.v1:1:1",
        b"a:inventory.reserve.v1:1:1 ",
        b"\xff:inventory.reserve.v1:1",
        b"a:inventory.reserve.v1:99999999999999999999:1",
    ],
)
def test_a_reply_to_nothing_that_we_asked_is_dropped(correlation: bytes | None) -> None:
    """It is no dead letter: nobody waits for it."""
    assert read(_reply(correlation, "inventory.reserved.v1")) is None


def test_a_reply_of_an_unknown_type_is_dropped() -> None:
    """Other services may say more than we listen to."""
    assert read(_reply(b"a:inventory.reserve.v1:1:1", "inventory.pondered.v1")) is None


@pytest.mark.parametrize("value", [None, b"", b"{}", b'{"shelf": 7}'])
def test_a_replys_data_may_be_empty_and_may_hold_more(value: bytes | None) -> None:
    """Where none is listed; unknown fields are ignored."""
    assert read(_reply(b"a:inventory.reserve.v1:1:1", "inventory.reserved.v1", value)) is not None


@pytest.mark.parametrize("products", [["apple"], [{"productId": "apple"}]])
def test_refused_products_may_be_ids_or_objects(products: object) -> None:
    """Both are understood."""
    value = orjson.dumps({"code": "OUT_OF_STOCK", "products": products})
    message = read(_reply(b"a:inventory.reserve.v1:1:1", "inventory.refused.v1", value))
    assert isinstance(message, ReplyMessage)


def test_a_reply_that_breaks_its_schema_is_for_the_dead_letters() -> None:
    """A refusal without a code cannot be told to anybody."""
    with pytest.raises(UnreadableError, match=r"inventory\.refused\.v1"):
        read(_reply(b"a:inventory.reserve.v1:1:1", "inventory.refused.v1", b"{}"))
