"""Whether the work that was measured was done, and done right: otherwise no figure counts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from schemas.results import Outcome
from schemas.status import Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from workers.dev.client import CommandToSend

_VERSIONS: Final = (1, 2)


class Pieces(NamedTuple):
    """What there is of a product."""

    available: int
    reserved: int
    fulfilled: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was left by the work on creates.

    `orders` and `reservations` are documents by order id; `outcomes` are outcome and status of
    every result by command id; `versions` those of an order's events, in their order.
    """

    orders: Mapping[str, Mapping[str, object]]
    reservations: Mapping[str, Mapping[str, object]]
    stock_before: Mapping[str, Pieces]
    stock_after: Mapping[str, Pieces]
    outcomes: Mapping[str, Sequence[tuple[str, str]]]
    versions: Mapping[str, Sequence[int]]


def faults(creates: Sequence[CommandToSend], evidence: Evidence) -> list[str]:
    """What is wrong, one sentence for each kind of fault; empty if every order is as it must be."""
    found = [
        _some("orders are not processing with what was ordered", _wrong_orders(creates, evidence)),
        _some("orders hold no stock", _wrong_reservations(creates, evidence)),
        _some("commands were not accepted exactly once", _wrong_results(creates, evidence)),
        _some("orders have other events than versions 1 and 2", _wrong_events(creates, evidence)),
        _some("products have other stock than they must", _wrong_stock(creates, evidence)),
    ]
    return [text for text in found if text]


def ordered_pieces(creates: Iterable[CommandToSend]) -> Counter[str]:
    """How many pieces of each product were ordered."""
    pieces: Counter[str] = Counter()
    for create in creates:
        for line in create.data["products"]:
            pieces[line["productId"]] += line["quantity"]
    return pieces


def _some(what: str, wrong: Sequence[str]) -> str:
    return f"{len(wrong)} {what}, such as {wrong[0]}" if wrong else ""


def _wrong_orders(creates: Sequence[CommandToSend], evidence: Evidence) -> list[str]:
    wanted = {"status": Status.PROCESSING.value}
    return [
        create.order_id
        for create in creates
        if not _has(evidence.orders, create, {**wanted, **create.data})
    ]


def _wrong_reservations(creates: Sequence[CommandToSend], evidence: Evidence) -> list[str]:
    return [
        create.order_id
        for create in creates
        if not _has(
            evidence.reservations,
            create,
            {"state": "reserved", "products": create.data["products"]},
        )
    ]


def _has(
    documents: Mapping[str, Mapping[str, object]],
    create: CommandToSend,
    wanted: Mapping[str, object],
) -> bool:
    document = documents.get(create.order_id, {})
    return all(document.get(name) == value for name, value in wanted.items())


def _wrong_results(creates: Sequence[CommandToSend], evidence: Evidence) -> list[str]:
    right = [(Outcome.ACCEPTED.value, Status.PROCESSING.value)]
    return [create.id for create in creates if list(evidence.outcomes.get(create.id, ())) != right]


def _wrong_events(creates: Sequence[CommandToSend], evidence: Evidence) -> list[str]:
    return [
        create.order_id
        for create in creates
        if tuple(evidence.versions.get(create.order_id, ())) != _VERSIONS
    ]


def _wrong_stock(creates: Sequence[CommandToSend], evidence: Evidence) -> list[str]:
    pieces = ordered_pieces(creates)
    wrong: list[str] = []
    for product, (available, reserved, fulfilled) in evidence.stock_before.items():
        count = pieces[product]
        must = Pieces(available - count, reserved + count, fulfilled)
        has = evidence.stock_after.get(product)
        if has != must:
            wrong.append(f"{product}: {_shown(has)} in place of {_shown(must)}")
    return wrong


def _shown(pieces: Pieces | None) -> str:
    if pieces is None:
        return "nothing"
    return f"{pieces.available} available, {pieces.reserved} reserved"
