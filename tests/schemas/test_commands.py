"""The limits of every command, each row written out by hand."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.commands import COMMAND_MODELS, CommandType, example

CREATE = CommandType.CREATE
SHIPPING = CommandType.UPDATE_SHIPPING
STATUS = CommandType.UPDATE_STATUS
CANCEL = CommandType.CANCEL
DELETE = CommandType.DELETE

_LINE = {"productId": "p1", "quantity": 1}
REQUIRED: dict[CommandType, dict[str, Any]] = {
    CREATE: {"customerId": "c1", "products": [_LINE]},
    SHIPPING: {"company": "DHL", "trackingNumber": "A1"},
    STATUS: {"status": "shipped"},
    CANCEL: {},
    DELETE: {},
}
_SHIPPING = {"company": "DHL", "trackingNumber": "A1"}


def _products(*lines: dict[str, Any]) -> dict[str, Any]:
    return {"products": list(lines)}


def _validate(command: CommandType, data: object) -> Any:  # noqa: ANN401 - any command
    return COMMAND_MODELS[command].model_validate_json(json.dumps(data))


ACCEPTED: list[tuple[CommandType, dict[str, Any]]] = [
    (CREATE, {}),
    (CREATE, {"customerId": "x" * 128}),
    (CREATE, {"customerId": "𝄞" * 128}),
    (CREATE, {"customerId": " "}),
    (CREATE, _products({"productId": "x" * 128, "quantity": 1_000_000})),
    (CREATE, _products(*({"productId": f"p{n}", "quantity": 1} for n in range(500)))),
    (CREATE, {"shipping": _SHIPPING}),
    (CREATE, {"shipping": {"company": "x" * 128, "trackingNumber": "x" * 128}}),
    (CREATE, {"shipping": None}),
    (CREATE, {"storefrontId": "x" * 128}),
    (CREATE, {"storefrontId": None}),
    (SHIPPING, {"company": "x" * 128, "trackingNumber": "x" * 128}),
    (SHIPPING, {"expectedVersion": 1}),
    (SHIPPING, {"expectedVersion": None}),
    (STATUS, {"status": "processing"}),
    (STATUS, {"status": "shipped"}),
    (STATUS, {"status": "delivered"}),
    (STATUS, {"status": "canceled"}),
    (STATUS, {"reason": ""}),
    (STATUS, {"reason": "x" * 512}),
    (STATUS, {"reason": None, "expectedVersion": None}),
    (STATUS, {"expectedVersion": 1_000}),
    (CANCEL, {"reason": "x" * 512}),
    (CANCEL, {"reason": None}),
    (CANCEL, {"expectedVersion": 1}),
    (DELETE, {"expectedVersion": 1}),
    (DELETE, {"expectedVersion": None}),
]

REFUSED: list[tuple[CommandType, dict[str, Any], str]] = [
    (CREATE, {"customerId": ""}, "customerId"),
    (CREATE, {"customerId": "x" * 129}, "customerId"),
    (CREATE, {"customerId": None}, "customerId"),
    (CREATE, {"customerId": 12345}, "customerId"),
    (CREATE, {"products": []}, "products"),
    (CREATE, {"products": None}, "products"),
    (CREATE, {"products": {}}, "products"),
    (CREATE, _products(*({"productId": f"p{n}", "quantity": 1} for n in range(501))), "products"),
    (CREATE, _products(_LINE, _LINE), "products"),
    (CREATE, _products({"productId": "", "quantity": 1}), "products.0.productId"),
    (CREATE, _products({"productId": "x" * 129, "quantity": 1}), "products.0.productId"),
    (CREATE, _products({"productId": 1, "quantity": 1}), "products.0.productId"),
    (CREATE, _products({"productId": "p1", "quantity": 0}), "products.0.quantity"),
    (CREATE, _products({"productId": "p1", "quantity": -1}), "products.0.quantity"),
    (CREATE, _products({"productId": "p1", "quantity": 1_000_001}), "products.0.quantity"),
    (CREATE, _products({"productId": "p1", "quantity": 1.0}), "products.0.quantity"),
    (CREATE, _products({"productId": "p1", "quantity": 1.5}), "products.0.quantity"),
    (CREATE, _products({"productId": "p1", "quantity": "2"}), "products.0.quantity"),
    (CREATE, _products({"productId": "p1", "quantity": True}), "products.0.quantity"),
    (CREATE, _products({"productId": "p1", "quantity": 2**70}), "products.0.quantity"),
    (CREATE, _products({"productId": "p1", "quantity": None}), "products.0.quantity"),
    (CREATE, _products({"productId": "p1"}), "products.0.quantity"),
    (CREATE, _products({"productId": "p1", "quantity": 1, "price": 3}), "products.0.price"),
    (CREATE, {"shipping": {"company": "DHL"}}, "shipping.trackingNumber"),
    (CREATE, {"shipping": {**_SHIPPING, "company": ""}}, "shipping.company"),
    (CREATE, {"shipping": {**_SHIPPING, "company": "x" * 129}}, "shipping.company"),
    (CREATE, {"shipping": {**_SHIPPING, "trackingNumber": 7}}, "shipping.trackingNumber"),
    (CREATE, {"shipping": {**_SHIPPING, "weight": 7}}, "shipping.weight"),
    (CREATE, {"shipping": "DHL"}, "shipping"),
    (CREATE, {"storefrontId": ""}, "storefrontId"),
    (CREATE, {"storefrontId": "x" * 129}, "storefrontId"),
    (CREATE, {"expectedVersion": 1}, "expectedVersion"),
    (CREATE, {"note": "hurry"}, "note"),
    (SHIPPING, {"company": ""}, "company"),
    (SHIPPING, {"company": "x" * 129}, "company"),
    (SHIPPING, {"company": None}, "company"),
    (SHIPPING, {"trackingNumber": ""}, "trackingNumber"),
    (SHIPPING, {"trackingNumber": "x" * 129}, "trackingNumber"),
    (SHIPPING, {"expectedVersion": 0}, "expectedVersion"),
    (SHIPPING, {"expectedVersion": "1"}, "expectedVersion"),
    (SHIPPING, {"expectedVersion": True}, "expectedVersion"),
    (SHIPPING, {"reason": "x"}, "reason"),
    (STATUS, {"status": "pending"}, "status"),
    (STATUS, {"status": "rejected"}, "status"),
    (STATUS, {"status": "expired"}, "status"),
    (STATUS, {"status": "canceling"}, "status"),
    (STATUS, {"status": "deleted"}, "status"),
    (STATUS, {"status": "Shipped"}, "status"),
    (STATUS, {"status": None}, "status"),
    (STATUS, {"status": 1}, "status"),
    (STATUS, {"reason": "x" * 513}, "reason"),
    (STATUS, {"reason": 1}, "reason"),
    (STATUS, {"expectedVersion": 0}, "expectedVersion"),
    (STATUS, {"force": True}, "force"),
    (CANCEL, {"reason": "x" * 513}, "reason"),
    (CANCEL, {"status": "canceled"}, "status"),
    (CANCEL, {"expectedVersion": 1.0}, "expectedVersion"),
    (DELETE, {"expectedVersion": -1}, "expectedVersion"),
    (DELETE, {"reason": "x"}, "reason"),
]


def _row(row: tuple[Any, ...]) -> str:
    return f"{row[0].value}-{json.dumps(row[1])[:60]}"


@pytest.mark.parametrize("row", ACCEPTED, ids=_row)
def test_accepted(row: tuple[CommandType, dict[str, Any]]) -> None:
    """What lies within the limits is accepted."""
    command, changed = row
    _validate(command, {**REQUIRED[command], **changed})


@pytest.mark.parametrize("row", REFUSED, ids=_row)
def test_refused(row: tuple[CommandType, dict[str, Any], str]) -> None:
    """What breaks one limit is refused, at that place and for nothing else."""
    command, changed, path = row
    with pytest.raises(ValidationError) as refusal:
        _validate(command, {**REQUIRED[command], **changed})
    paths = [".".join(str(step) for step in found["loc"]) for found in refusal.value.errors()]
    assert paths == [path]


@pytest.mark.parametrize("command", list(CommandType))
def test_every_required_field_is_missed(command: CommandType) -> None:
    """Each field of the smallest command is required, and its absence is told by its wire name."""
    for name in REQUIRED[command]:
        data = {key: value for key, value in REQUIRED[command].items() if key != name}
        with pytest.raises(ValidationError) as refusal:
            _validate(command, data)
        assert [found["loc"] for found in refusal.value.errors()] == [(name,)]


@pytest.mark.parametrize("command", list(CommandType))
@pytest.mark.parametrize("data", [[], "text", 1, True])
def test_data_must_be_an_object(command: CommandType, data: object) -> None:
    """JSON that is no object is refused for every command."""
    with pytest.raises(ValidationError):
        _validate(command, data)


def test_null_stands_for_absent() -> None:
    """A field that is null and a field that is not there make the same command."""
    bare = _validate(CREATE, REQUIRED[CREATE])
    nulls = {**REQUIRED[CREATE], "shipping": None, "storefrontId": None}
    assert _validate(CREATE, nulls) == bare
    assert _validate(CANCEL, {"reason": None, "expectedVersion": None}) == _validate(CANCEL, {})


@pytest.mark.parametrize("command", list(CommandType))
def test_the_examples_are_valid(command: CommandType) -> None:
    """What the documentation shows is accepted, and survives a round trip."""
    found = _validate(command, example(command))
    assert json.loads(found.model_dump_json(exclude_none=True)) == example(command)


def test_a_product_twice_is_told_by_its_id() -> None:
    """The refusal of a doubled product carries which product it is."""
    with pytest.raises(ValidationError) as refusal:
        _validate(CREATE, {**REQUIRED[CREATE], **_products(_LINE, _LINE)})
    [found] = refusal.value.errors()
    assert found["ctx"] == {"product_id": "p1"}
