"""Versions that are broken on purpose are found: as told, as stored and as shown."""

from __future__ import annotations

import pytest

from schemas.topics import EVENTS, SNAPSHOTS
from tests.verifying.breaking import (
    Broken,
    assert_is_found,
    forget_order,
    forget_version,
    label,
    lose,
    lose_all,
    store,
    swap,
    tell_again,
    tell_elsewhere,
    tell_otherwise,
)

OTHER_SHIPPING = {"company": "DHL", "trackingNumber": "1"}

BROKEN = {
    "an event is missing": Broken(lose(EVENTS, "there", 1), 3, "there", "the versions 1, 3, 4"),
    "the newest event is missing": Broken(
        lose(EVENTS, "there", 3), 3, "there", "end with version 3"
    ),
    "a gap in the history": Broken(
        lambda f: f.orders["there"]["history"].pop(1),
        3,
        "there",
        "its history 1, 3, 4",
    ),
    "an event told in two ways": Broken(
        tell_again(EVENTS, "there", 1, time="2026-01-01T00:00:00.000Z"),
        4,
        "there",
        "version 2 is told by orders.events[3]@",
    ),
    "two ids for one version": Broken(
        tell_again(EVENTS, "there", 1, id="another"),
        4,
        "there",
        "they differ",
    ),
    "one id for two versions": Broken(
        lambda f: label(
            EVENTS,
            "there",
            1,
            id=dict(f.topics[EVENTS][f.on(EVENTS, "there")[0]].headers)["ce_id"].decode(),
        )(f),
        4,
        "there",
        "have the same event id",
    ),
    "a snapshot told in two ways": Broken(
        tell_again(SNAPSHOTS, "there", 1, time="2026-01-01T00:00:00.000Z"),
        4,
        "there",
        "orders.snapshots[3]@",
    ),
    "an event without a version": Broken(
        label(EVENTS, "there", 1, orderversion="one"),
        4,
        "there",
        "cannot be read",
    ),
    "an event that comes too early": Broken(
        swap(EVENTS, "kept"), 5, "kept", "tells version 2, before 1"
    ),
    "an event in another lane": Broken(
        tell_elsewhere(EVENTS, "kept"),
        5,
        "kept",
        "orders.events[7]@21 is about version 1; the order lives in lane 3",
    ),
    "a snapshot in another lane": Broken(
        tell_elsewhere(SNAPSHOTS, "kept"),
        5,
        "kept",
        "orders.snapshots[7]@",
    ),
    "a step that is not in the table": Broken(
        tell_otherwise(
            EVENTS, "gone", 2, '"previousStatus":"processing"', '"previousStatus":"pending"'
        ),
        6,
        "gone",
        "order.shipped.v1 leads from pending to shipped",
    ),
    "an event of another type": Broken(
        label(EVENTS, "gone", 2, type="order.deleted.v1"),
        6,
        "gone",
        "order.deleted.v1 leads from processing to shipped",
    ),
    "an event that is no JSON": Broken(
        tell_otherwise(EVENTS, "gone", 2, "{", "["),
        6,
        "gone",
        "cannot be read",
    ),
    "a document that was not told": Broken(
        store("there", shipping=OTHER_SHIPPING),
        7,
        "there",
        "and the document tell different shipping",
    ),
    "a document of another time": Broken(
        lambda f: f.orders["kept"].update(updatedAt=f.orders["kept"]["updatedAt"] + 1),
        7,
        "kept",
        "different updatedAt (",
    ),
    "a history that was told otherwise": Broken(
        lambda f: f.orders["gone"]["history"][2].update(type="order.delivered.v1"),
        7,
        "gone",
        "the document's history has order.delivered.v1",
    ),
    "an event that changes what it is not about": Broken(
        tell_otherwise(EVENTS, "gone", 2, "customer-1", "customer-2"),
        7,
        "gone",
        "order.shipped.v1 changes customerId",
    ),
    "personal data after a deletion": Broken(
        store("erased", reason="ann's birthday"),
        7,
        "erased",
        "is deleted, and keeps reason",
    ),
    "an old snapshot": Broken(lose(SNAPSHOTS, "gone", -1), 7, "gone", "is of version 2, not 3"),
    "no snapshot": Broken(
        lose_all(SNAPSHOTS, "blocked"),
        7,
        "blocked",
        "version 2 of the order has no snapshot",
    ),
    "a snapshot of something else": Broken(
        tell_otherwise(SNAPSHOTS, "gone", -1, "customer-1", "customer-2"),
        7,
        "gone",
        "shows another order than the event of version 3",
    ),
    "a snapshot of a deleted order": Broken(
        lose(SNAPSHOTS, "erased", -1),
        7,
        "erased",
        "is of version 3, not 4",
    ),
    "an event without its version": Broken(
        forget_version("gone"),
        8,
        "gone",
        "tells version 3 of the order, and its document has version 2",
    ),
    "an event without its document": Broken(forget_order("kept"), 8, "kept", "it has no document"),
    "a version without its event": Broken(
        lose(EVENTS, "gone", 2),
        8,
        "gone",
        "version 3 (order.shipped.v1) is stored, and has no event",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_broken_is_found(name: str) -> None:
    """In versions (3, 4, 5, 8) and in what they say (6, 7)."""
    assert_is_found(BROKEN[name])
