"""The check of the measured work: right work passes, and every kind of wrong work is found."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

from workers.dev.bench.checks import Evidence, Pieces, faults, ordered_pieces
from workers.dev.bench.load import OrderSource

CREATES = OrderSource(Random(7)).creates(50)  # noqa: S311 - nothing secret depends on it
FIRST = CREATES[0]


def right() -> Evidence:
    """What is left when all orders were handled as they must be."""
    pieces = ordered_pieces(CREATES)
    before = {f"p{number}": Pieces(1_000, 10, 3) for number in range(100)}
    after = {name: Pieces(1_000 - pieces[name], 10 + pieces[name], 3) for name in before}
    return Evidence(
        orders={one.order_id: {"status": "processing", **one.data} for one in CREATES},
        reservations={
            one.order_id: {"state": "reserved", "products": one.data["products"]} for one in CREATES
        },
        stock_before=before,
        stock_after=after,
        outcomes={one.id: [("accepted", "processing")] for one in CREATES},
        versions={one.order_id: [1, 2] for one in CREATES},
    )


def with_entry(name: str, key: str, value: object) -> Evidence:
    """The same, but for one entry of one of its tables."""
    changed: dict[str, Any] = {name: {**getattr(right(), name), key: value}}
    return replace(right(), **changed)


def test_right_work_passes() -> None:
    """Orders in processing with exact stock have no faults."""
    assert faults(CREATES, right()) == []


def test_wrong_stock_is_found() -> None:
    """One piece too few is a fault, and the sentence says of which product and how many."""
    has = right().stock_after["p5"]
    [fault] = faults(CREATES, with_entry("stock_after", "p5", has._replace(available=1)))
    assert fault.startswith("1 products have other stock than they must, such as p5: 1 available")


def test_stock_that_was_reserved_twice_is_found() -> None:
    """Pieces that are reserved and still available do not add up."""
    has = right().stock_after["p5"]
    assert faults(CREATES, with_entry("stock_after", "p5", has._replace(reserved=99)))


def test_a_product_that_has_gone_is_found() -> None:
    """A product without a stock document is a fault."""
    less = {name: has for name, has in right().stock_after.items() if name != "p5"}
    assert faults(CREATES, replace(right(), stock_after=less))


def test_an_order_that_is_not_processing_is_found() -> None:
    """An order that stays pending is a fault."""
    document = {"status": "pending", **FIRST.data}
    [fault] = faults(CREATES, with_entry("orders", FIRST.order_id, document))
    assert FIRST.order_id in fault


def test_an_order_that_is_missing_or_of_another_customer_is_found() -> None:
    """The document must be there, and hold what was ordered."""
    assert faults(CREATES, with_entry("orders", FIRST.order_id, {}))
    other = {"status": "processing", **FIRST.data, "customerId": "somebody"}
    assert faults(CREATES, with_entry("orders", FIRST.order_id, other))


def test_a_reservation_that_is_not_held_is_found() -> None:
    """Released stock, or stock of other products, is not the order's."""
    released = {"state": "released", "products": FIRST.data["products"]}
    assert faults(CREATES, with_entry("reservations", FIRST.order_id, released))
    other = {"state": "reserved", "products": []}
    assert faults(CREATES, with_entry("reservations", FIRST.order_id, other))


def test_a_result_that_is_missing_repeated_or_rejected_is_found() -> None:
    """Each command has one result, and it is accepted."""
    accepted = ("accepted", "processing")
    for outcomes in ([], [accepted, accepted], [("rejected", "rejected")]):
        assert faults(CREATES, with_entry("outcomes", FIRST.id, outcomes))


def test_events_that_are_missing_repeated_or_out_of_order_are_found() -> None:
    """Each order has version 1, then version 2."""
    for versions in ([1], [1, 2, 2], [2, 1]):
        assert faults(CREATES, with_entry("versions", FIRST.order_id, versions))
