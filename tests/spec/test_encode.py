"""What goes out: valid against the schemas, with the contract's headers, the same each time."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from schemas.events import OrderEvent
from schemas.orders import Order
from schemas.requests import REQUEST_MODELS, RequestType
from schemas.results import Result
from tests.spec.everything import EVERYTHING, records_of
from tests.spec.messages import (
    DESK,
    SHOP,
    ask_for,
    cancel,
    create,
    customer_valid,
    deadline,
    delete,
    refused,
    release_refused,
    reserved,
    update_shipping,
)
from tests.spec.story import (
    CANCELING,
    CANCELING_UNDECIDED,
    DELIVERED,
    PENDING,
    PROCESSING,
    REJECTED,
    SHIPPED,
    given,
)
from workers.orders.encode import (
    order_json,
    request_id,
    result_value,
    stable_id,
    value_with_order,
)
from workers.orders.outgoing import encode_batch
from workers.orders.react import ResultOutput

if TYPE_CHECKING:
    from pydantic import BaseModel

    from workers.orders.messages import Message
    from workers.stream.ports import CopyRecord, OutboundRecord


def _headers(record: OutboundRecord | CopyRecord) -> dict[str, str]:
    assert len(dict(record.headers)) == len(record.headers), "a header is there twice"
    return {name: value.decode() for name, value in record.headers}


def _as_sent(model: type[BaseModel], value: bytes | None) -> None:
    """The data can be read with its schema, and holds nothing that the schema does not know."""
    read = model.model_validate_json(value or b"")
    data = json.loads((value or b"").replace(b".000Z", b"Z"))
    assert json.loads(read.model_dump_json(exclude_unset=True)) == data
    assert None not in data.values()


@pytest.mark.parametrize(("happened", "message"), EVERYTHING)
def test_all_outputs_can_be_read_with_their_schemas(
    happened: tuple[str, ...], message: Message
) -> None:
    """Events, snapshots, results and requests: nothing is missing, nothing is unknown."""
    for record in records_of(given(*happened).when(message)):
        match record.topic:
            case "orders.events":
                _as_sent(OrderEvent, record.value)
            case "orders.results":
                _as_sent(Result, record.value)
            case "orders.snapshots" if record.value is not None:
                _as_sent(Order, record.value)
            case "customers.requests" | "inventory.requests":
                request_type = RequestType(_headers(record)["ce_type"])
                _as_sent(REQUEST_MODELS[request_type], record.value)


@pytest.mark.parametrize(("happened", "message"), EVERYTHING)
def test_the_same_outputs_are_made_twice(happened: tuple[str, ...], message: Message) -> None:
    """Key, value, headers and partition are equal to the byte."""
    first, second = (records_of(given(*happened).when(message)) for _ in range(2))
    assert first == second


@pytest.mark.parametrize(("happened", "message"), EVERYTHING)
def test_every_output_has_the_envelope(happened: tuple[str, ...], message: Message) -> None:
    """CloudEvents 1.0 in binary mode, keyed by the order id, in the order's partition."""
    for record in records_of(given(*happened).when(message)):
        headers = _headers(record)
        assert headers["ce_specversion"] == "1.0"
        assert headers["ce_source"] == "/orders"
        assert headers["content-type"] == "application/json"
        assert headers["ce_id"]
        assert headers["ce_time"].endswith("Z")
        assert len(headers["ce_time"]) == len("2023-11-14T22:14:20.000Z")
        assert headers["ce_subject"] == "order-1"
        assert headers["ce_causationid"] == message.cause.id
        assert "ce_correlationid" in headers
        assert (record.key, record.partition) == (b"order-1", 3)


def test_an_event() -> None:
    """The order after the change, the status before it, and the reason."""
    records = records_of(given(*PROCESSING).when(cancel(reason="by mistake")))
    event = records[0]
    assert event.topic == "orders.events"
    assert _headers(event) == {
        "ce_specversion": "1.0",
        "ce_id": stable_id("event", "order-1", "3"),
        "ce_source": "/orders",
        "ce_type": "order.cancel-requested.v1",
        "ce_time": "2023-11-14T22:14:20.000Z",
        "content-type": "application/json",
        "ce_subject": "order-1",
        "ce_correlationid": "cancel-9",
        "ce_causationid": "cancel-9",
        "ce_orderversion": "3",
    }
    assert json.loads(event.value or b"") == {
        "order": {
            "id": "order-1",
            "customerId": "customer-1",
            "storefrontId": "default",
            "products": [
                {"productId": "apple", "quantity": 2},
                {"productId": "pear", "quantity": 1},
            ],
            "shipping": {"company": "DHL", "trackingNumber": "1"},
            "status": "canceling",
            "version": 3,
            "reason": "by mistake",
            "createdAt": "2023-11-14T22:13:20.000Z",
            "updatedAt": "2023-11-14T22:14:20.000Z",
        },
        "previousStatus": "processing",
        "reason": "by mistake",
    }


def test_the_first_event_has_no_status_before_it() -> None:
    """Nor a reason."""
    event = records_of(given().when(create()))[0]
    assert set(json.loads(event.value or b"")) == {"order"}


def test_a_snapshot_is_the_order() -> None:
    """The newest version, under an id and a version of its own."""
    *_, snapshot = records_of(given(*PENDING).when(reserved(to="1:1")))
    headers = _headers(snapshot)
    assert snapshot.topic == "orders.snapshots"
    assert (headers["ce_type"], headers["ce_orderversion"]) == ("order.snapshot.v1", "2")
    assert json.loads(snapshot.value or b"")["status"] == "processing"


def test_the_snapshot_of_a_deleted_order_is_null() -> None:
    """So that compaction removes it; the event carries nothing personal."""
    event, _, snapshot = records_of(given(*REJECTED).when(delete()))
    assert snapshot.value is None
    assert _headers(snapshot)["ce_orderversion"] == "3"
    assert set(json.loads(event.value or b"")["order"]) == {
        "id",
        "status",
        "version",
        "createdAt",
        "updatedAt",
    }


@pytest.mark.parametrize(
    ("happened", "message", "topic", "request_type", "since", "data"),
    [
        (
            (),
            create(storefront="nord"),
            "customers.requests",
            "customer.validate.v1",
            1,
            {"orderId": "order-1", "customerId": "customer-1", "storefrontId": "nord"},
        ),
        (
            PENDING,
            customer_valid(to="1:1"),
            "inventory.requests",
            "inventory.reserve.v1",
            1,
            {
                "orderId": "order-1",
                "storefrontId": "default",
                "products": [
                    {"productId": "apple", "quantity": 2},
                    {"productId": "pear", "quantity": 1},
                ],
            },
        ),
        (
            PROCESSING,
            cancel(),
            "inventory.requests",
            "inventory.release.v1",
            3,
            {"orderId": "order-1"},
        ),
        (
            PROCESSING,
            ask_for("shipped"),
            "inventory.requests",
            "inventory.fulfill.v1",
            3,
            {"orderId": "order-1"},
        ),
    ],
)
def test_a_request(  # noqa: PLR0913, PLR0917 - the columns of the table
    happened: tuple[str, ...],
    message: Message,
    topic: str,
    request_type: str,
    since: int,
    data: object,
) -> None:
    """Its id comes back as the correlation, on `orders.replies`, in the order's partition."""
    outcome = given(*happened).when(message)
    (request,) = [record for record in records_of(outcome) if record.topic.endswith(".requests")]
    headers = _headers(request)
    identity = f"order-1:{request_type}:{since}:1"
    assert (request.topic, headers["ce_type"]) == (topic, request_type)
    assert headers["ce_id"] == headers["kafka_correlationId"] == identity
    assert headers["kafka_replyTopic"] == "orders.replies"
    assert headers["kafka_replyPartition"] == "3"
    assert json.loads(request.value or b"") == data


def _correlations(*happened: str, message: Message) -> dict[str, tuple[str, str]]:
    outcome = given(*happened).when(message)
    found: dict[str, tuple[str, str]] = {}
    for record in records_of(outcome):
        headers = _headers(record)
        kind = headers["ce_type"].removesuffix(".v1").removeprefix("order.")
        found[kind] = (headers["ce_correlationid"], headers["ce_causationid"])
    return found


def test_outputs_of_a_reply_belong_to_the_command_that_it_is_about() -> None:
    """The create's correlation goes through its whole life; what caused them is the reply."""
    found = _correlations(*PENDING, message=reserved(to="1:1"))
    assert set(found) == {"processing", "result", "snapshot"}
    assert set(found.values()) == {("created-1", "reserved-9")}


def test_a_correlation_that_the_command_brought_is_used() -> None:
    """Instead of its id."""
    found = _correlations(message=create(correlation_id="cart-7"))
    assert set(found.values()) == {("cart-7", "create-9")}


def test_what_a_deadline_causes_names_the_deadline() -> None:
    """The release of an expired order still belongs to its create, as the expiry does."""
    asked_four_times = ("created", "silence", "silence", "silence", "silence")
    found = _correlations(*asked_four_times, message=deadline(of="1:5"))
    assert set(found) == {"expired", "inventory.release", "result", "snapshot"}
    assert set(found.values()) == {("created-1", "deadline-9")}


@pytest.mark.parametrize(
    ("happened", "message", "command"),
    [
        (("created",), deadline(of="1:1"), "created-1"),
        (("created", "shipping-updated"), deadline(of="1:1"), "created-1"),
        (("created", "cancel-requested", "cancel-refused"), deadline(of="3:1"), "created-1"),
        (
            ("created", "cancel-requested", "cancel-refused"),
            customer_valid(to="3:1"),
            "created-1",
        ),
        (("created", "expired"), deadline(of="2:1", request=RequestType.RELEASE), "created-1"),
        (
            ("created", "expired", "deleted"),
            deadline(of="2:1", request=RequestType.RELEASE),
            "created-1",
        ),
        (CANCELING, deadline(of="3:1", request=RequestType.RELEASE), "cancel-requested-3"),
        (SHIPPED, deadline(of="3:1", request=RequestType.FULFILL), "shipped-3"),
        (DELIVERED, deadline(of="3:1", request=RequestType.FULFILL), "shipped-3"),
        (REJECTED, reserved(to="1:1"), "created-1"),
        (CANCELING_UNDECIDED, release_refused(to="2:1"), "created-1"),
    ],
)
def test_a_request_belongs_to_the_command_it_is_asked_for(
    happened: tuple[str, ...], message: Message, command: str
) -> None:
    """Also when it is asked again, by a deadline or after a late grant."""
    outcome = given(*happened).when(message)
    (request,) = [record for record in records_of(outcome) if record.topic.endswith(".requests")]
    assert _headers(request)["ce_correlationid"] == command


def test_the_trace_is_that_of_the_message_that_caused_it() -> None:
    """Both headers together, or those of the command where it brings none."""
    create_traced = create(trace_parent="00-create", trace_state="c=1")
    pending = given().when(create_traced)
    assert {_headers(record)["traceparent"] for record in records_of(pending)} == {"00-create"}
    story = pending.afterwards()
    own = _headers(records_of(story.when(reserved(to="1:1", trace_parent="00-reply")))[0])
    assert own["traceparent"] == "00-reply"
    assert "tracestate" not in own
    without = _headers(records_of(story.when(reserved(to="1:1")))[0])
    assert (without["traceparent"], without["tracestate"]) == ("00-create", "c=1")


def test_a_result_names_what_decided_it() -> None:
    """The id is made of order, source and command id, so it is the same at every delivery."""
    headers = _headers(records_of(given(*PENDING).when(reserved(to="1:1")))[1])
    assert headers["ce_type"] == "order.result.v1"
    assert headers["ce_id"] == stable_id("result", "order-1", "/shop", "created-1")
    assert headers["ce_causationid"] == "reserved-9"


def test_copies_go_to_the_reply_address_with_the_correlation_as_it_came() -> None:
    """Under the name it came under; the record on `orders.results` carries none of it."""
    command = update_shipping(reply=SHOP)
    again = update_shipping(reply=DESK, offset=101)
    outcome = given(*PROCESSING).when(command, again)
    outgoing = encode_batch(outcome.batch, {}, 3)
    shop, desk = outgoing.copies
    result = next(record for record in outgoing.records if record.topic == "orders.results")
    assert (shop.topic, shop.partition, shop.key) == ("shop.replies", 2, b"order-1")
    assert (desk.topic, desk.partition) == ("desk.replies", None)
    assert shop.value == desk.value == result.value
    assert list(shop.headers) == [*result.headers, ("kafka_correlationId", b"\x00\x01")]
    assert list(desk.headers) == [*result.headers, ("correlation_id", b"two")]
    assert not {"kafka_correlationId", "correlation_id"} & set(dict(result.headers))


def test_an_order_put_into_a_remembered_result_gives_the_bytes_it_would_have_had() -> None:
    """It is the last field of a result."""
    outcome = given(*PROCESSING).when(update_shipping())
    answer = next(o.answer for o in outcome.batch.outputs if isinstance(o, ResultOutput))
    encoded = order_json(outcome.order)
    assert value_with_order(result_value(answer, None), encoded) == result_value(answer, encoded)


def test_the_largest_result_fits_into_a_record() -> None:
    """500 products with the longest names, all refused, with the longest text."""
    products = tuple(f"{number:03}" + "\x01" * 125 for number in range(500))
    command = create(*((name, 1_000_000) for name in products))
    no = refused(to="1:1", products=products, message="\x01" * 600)
    records = records_of(given().when(command).afterwards().when(no))
    assert max(len(record.value or b"") for record in records) < 1_500_000


def test_ids_are_stable_over_releases() -> None:
    """They are part of the contract: what was published before must be recognized."""
    assert stable_id("event", "order-1", "1") == "ff87ffb8-86b8-53fa-8f35-fed34197f2c2"
    assert request_id("o", RequestType.RELEASE, 3, 2) == "o:inventory.release.v1:3:2"


def test_nothing_is_escaped_that_need_not_be() -> None:
    """Texts in any language go out as UTF-8."""
    outcome = given(*PROCESSING).when(update_shipping("Zustelldienst Köln", "№ 1"))
    assert "Zustelldienst Köln" in (records_of(outcome)[0].value or b"").decode()
