"""What a record says, for people: its envelope in one place and its data in a few words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

from schemas import headers as names
from schemas.results import RESULT_TYPE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from workers.stream.ports import InboundRecord


@dataclass(frozen=True, slots=True)
class Told:
    """A record as it is shown; `data` is None where there is none or it is not JSON."""

    topic: str
    partition: int
    offset: int
    order_id: str | None
    type: str
    id: str | None
    time: str | None
    version: int | None
    correlation_id: str | None
    data: Any


def told(record: InboundRecord) -> Told:
    """What a record says; nothing is refused, a foreign record has the type `unknown`."""
    texts = {name: value.decode(errors="replace") for name, value in record.headers if value}
    key = None if record.key is None else record.key.decode(errors="replace")
    version = texts.get(names.ORDER_VERSION, "")
    return Told(
        record.topic,
        record.partition,
        record.offset,
        texts.get(names.SUBJECT, key),
        texts.get(names.TYPE, "unknown"),
        texts.get(names.ID),
        texts.get(names.TIME),
        int(version) if version.isdecimal() else None,
        texts.get(names.CORRELATION_ID),
        _json(record.value),
    )


def _json(value: bytes | None) -> Any:  # noqa: ANN401 - whatever JSON can say
    try:
        return None if value is None else orjson.loads(value)
    except orjson.JSONDecodeError:
        return None


def in_words(told: Told) -> str:
    """The data in a few words: what changed, what is asked for, what was answered."""
    if not isinstance(told.data, dict):
        return ""
    if told.type == RESULT_TYPE:
        return ", ".join(_result(told.data))
    if isinstance(told.data.get("order"), dict):
        return ", ".join(_event(told.data))
    return ", ".join(_plain(told.data))


def _result(data: Mapping[str, Any]) -> Iterator[str]:
    yield str(data.get("outcome"))
    if "code" in data:
        yield str(data["code"])
    if "status" in data:
        yield f"the order is {data['status']}, version {data.get('version')}"


def _event(data: Mapping[str, Any]) -> Iterator[str]:
    order = data["order"]
    before, now = data.get("previousStatus"), order.get("status")
    yield str(now) if before in {None, now} else f"{before} → {now}"
    if before is None:
        yield from _plain(_only(order, "customerId", "products", "shipping"))
    elif before == now:
        yield from _plain(_only(order, "shipping"))
    if data.get("reason"):
        yield str(data["reason"])


def _only(data: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: data[name] for name in names if name in data}


def _plain(data: Mapping[str, Any]) -> Iterator[str]:
    if "customerId" in data:
        yield f"customer {data['customerId']}"
    if isinstance(data.get("products"), list):
        yield " ".join(map(_product, data["products"]))
    shipping = data.get("shipping", data if "trackingNumber" in data else None)
    if isinstance(shipping, dict):
        yield f"{shipping.get('company')} {shipping.get('trackingNumber')}"
    yield from (str(data[name]) for name in ("status", "code", "message", "reason") if name in data)


def _product(product: object) -> str:
    if not isinstance(product, dict):
        return str(product)
    pieces = f"×{product['quantity']}" if "quantity" in product else ""
    return f"{product.get('productId')}{pieces}"
