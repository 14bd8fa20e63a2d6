"""Replies come from services that may say more than we know: what we need is checked."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from schemas.replies import REPLY_MODELS, ReplyType, StockRefused

_WITH_CODE = {ReplyType.CUSTOMER_INVALID, ReplyType.REFUSED}


@pytest.mark.parametrize("reply", list(ReplyType))
def test_unknown_fields_are_ignored(reply: ReplyType) -> None:
    """A newer service may add fields to any reply without breaking us."""
    data = {"code": "SOME_CODE"} if reply in _WITH_CODE else {}
    model = REPLY_MODELS[reply]
    plain = model.model_validate_json(json.dumps(data))
    assert model.model_validate_json(json.dumps({**data, "added": {"later": [1]}})) == plain


@pytest.mark.parametrize("reply", [reply for reply in ReplyType if reply not in _WITH_CODE])
def test_data_may_be_empty_where_none_is_listed(reply: ReplyType) -> None:
    """A reply that says all with its type needs no data."""
    REPLY_MODELS[reply].model_validate_json("{}")


@pytest.mark.parametrize("reply", sorted(_WITH_CODE))
@pytest.mark.parametrize(
    "data", [{}, {"code": None}, {"code": ""}, {"code": 7}, {"code": "x" * 129}]
)
def test_a_no_needs_a_code(reply: ReplyType, data: dict[str, Any]) -> None:
    """A refusal without a usable code cannot be passed on to the client."""
    with pytest.raises(ValidationError):
        REPLY_MODELS[reply].model_validate_json(json.dumps(data))


def test_further_codes_pass() -> None:
    """Codes are the services' own: any name is accepted."""
    for reply in _WITH_CODE:
        REPLY_MODELS[reply].model_validate_json('{"code": "UNDER_AGE", "message": "not yet 18"}')


@pytest.mark.parametrize(
    "products", [[{"productId": "p1"}, {"productId": "p2", "missing": 3}], ["p1", "p2"], [], None]
)
def test_refused_products_come_as_objects_or_as_ids(products: list[Any] | None) -> None:
    """Both ways of listing products are read; a list is not required."""
    data = {"code": "OUT_OF_STOCK", "products": products}
    found = StockRefused.model_validate_json(json.dumps(data))
    assert (found.products is None) == (products is None)
    assert len(found.products or ()) == len(products or ())
