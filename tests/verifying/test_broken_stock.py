"""Stock, replies and waits that are broken on purpose are found."""

from __future__ import annotations

import pytest

from schemas.topics import COMMANDS
from tests.verifying.breaking import (
    Broken,
    another_cause,
    assert_is_found,
    hide_request,
    hold,
    move,
    rewrite,
    store,
)

WAITING = {"purpose": "release", "since": 2, "attempt": 1, "dueAt": 1}

BROKEN = {
    "less than nothing": Broken(move(available=-1, fulfilled=8), 9, None, "-1 available"),
    "pieces that are lost": Broken(move(available=3), 9, None, "are 7, and 8 were stocked"),
    "pieces that nobody holds": Broken(
        move(available=3, reserved=2),
        9,
        None,
        "2 are reserved, and reservations hold 1",
    ),
    "a product that is gone": Broken(
        lambda f: f.stock.__delitem__("pear"),
        9,
        None,
        "product pear: 3 were stocked, it has no books",
    ),
    "stock that is held for nobody": Broken(
        lambda f: f.reservations.update(x={**f.reservations["kept"], "_id": "x"}),
        10,
        "x",
        "there is no such order, and its reservation is reserved",
    ),
    "stock that is not held": Broken(
        hold("kept", "released"), 10, "kept", "its reservation is released"
    ),
    "stock that was not asked for": Broken(
        lambda f: f.reservations.__delitem__("gone"),
        10,
        "gone",
        "the order is shipped, and it has no reservation",
    ),
    "other stock than was ordered": Broken(
        lambda f: f.reservations["gone"].update(products=[{"productId": "pear", "quantity": 1}]),
        10,
        "gone",
        "{'apple': 1} were ordered, and {'pear': 1} are fulfilled",
    ),
    "a change by a reply that is not there": Broken(
        rewrite("kept", 2, offset=10_000),
        11,
        "kept",
        "orders.replies[3]@10000 is no such one about it",
    ),
    "a change by a reply about another order": Broken(
        lambda f: rewrite("kept", 2, **another_cause(f, "gone", 2))(f),
        11,
        "kept",
        "is no such one about it",
    ),
    "a change by the reply to another question": Broken(
        lambda f: rewrite("dropped", 4, **another_cause(f, "dropped", 2))(f),
        11,
        "dropped",
        "version 4 (order.canceled.v1) was made by inventory.reserved.v1 at orders.replies[3]@",
    ),
    "a change by a command that only a reply can make": Broken(
        rewrite("kept", 2, topic=COMMANDS),
        11,
        "kept",
        "and not by a reply",
    ),
    "a reply that made two versions": Broken(
        lambda f: rewrite("dropped", 4, id=f.orders["dropped"]["history"][1]["cause"]["id"])(f),
        11,
        "dropped",
        "made version 2 and version 4",
    ),
    "stock that was granted too late": Broken(
        hold("late", "reserved"),
        11,
        "late",
        "was not given back",
    ),
    "a change by a reply to what nobody asked": Broken(
        hide_request, 11, "kept", "which nobody asked"
    ),
    "an order that waits": Broken(store("late", waiting=WAITING), 12, "late", "expired and waits"),
    "an order that nobody will ask for": Broken(
        store("kept", status="pending"),
        12,
        "kept",
        "pending, and will never be asked for again",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_found(name: str) -> None:
    """In books (9), reservations (10), replies (11) and waits (12)."""
    assert_is_found(BROKEN[name])
