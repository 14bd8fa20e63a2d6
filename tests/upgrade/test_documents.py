"""Every document that a release wrote is read today, and nothing of it gets lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from schemas.status import Status
from workers.inventory import documents as inventory
from workers.inventory.books import State
from workers.orders.documents import order_from_document, order_to_document
from workers.orders.evolve import at_version
from workers.orders.order import Purpose

if TYPE_CHECKING:
    from tests.upgrade.release import Release


def test_every_kind_of_document_is_kept(release: Release) -> None:
    """There is an order in every status, one that waits for each purpose, and each reservation."""
    orders = release.documents("orders")
    assert {document["status"] for document in orders} == {*Status}
    assert {document["waiting"]["purpose"] for document in orders if "waiting" in document} == {
        *Purpose
    }
    assert {document["state"] for document in release.documents("reservations")} == {*State}
    assert all(release.documents(name) for name in ("refusals", "customers", "stock"))


def test_orders_are_read_in_full(release: Release) -> None:
    """Read and written again, an order's document is what it was, to the last field."""
    for document in release.documents("orders"):
        assert order_to_document(order_from_document(document)) == document


def test_reservations_are_read_in_full(release: Release) -> None:
    """Read and written again, a reservation's document is what it was."""
    for document in release.documents("reservations"):
        found = inventory.from_document(document)
        assert inventory.to_document(document["_id"], found) == document


def test_every_version_of_an_order_can_be_told(release: Release) -> None:
    """The history of an order that lives has all that it takes to make each version again."""
    for document in release.documents("orders"):
        order = order_from_document(document)
        versions = [at_version(order, change.version).version for change in order.history]
        assert versions == list(range(1, order.version + 1))


@pytest.mark.parametrize("place", ["order", "history", "cause", "waiting", "shipping", "products"])
def test_fields_that_nobody_knows_do_no_harm(release: Release, place: str) -> None:
    """A document of a newer release is read as what is known of it."""
    for document in release.documents("orders"):
        assert order_from_document(_with_more(document, place)) == order_from_document(document)


def _with_more(document: dict[str, Any], place: str) -> dict[str, Any]:
    """The document with something unknown at one place, where it has that place."""
    more = {"addedLater": {"anything": [1, 2, 3]}}
    match place:
        case "order":
            return {**document, **more}
        case "history":
            return {**document, place: [{**entry, **more} for entry in document[place]]}
        case "cause":
            changed = [
                {**entry, "cause": {**entry["cause"], **more}} for entry in document["history"]
            ]
            return {**document, "history": changed}
        case "products":
            lines = document.get(place)
            return {**document, place: lines and [{**line, **more} for line in lines]}
        case _:
            return (
                {**document, place: {**document[place], **more}} if place in document else document
            )
