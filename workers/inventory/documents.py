"""Reservations as MongoDB documents, and back."""

from __future__ import annotations

from typing import Any

from workers.inventory.books import Line, Refusal, Reservation, State

Document = dict[str, Any]


def to_document(order_id: str, reservation: Reservation) -> Document:
    """The document of a reservation."""
    document: Document = {
        "_id": order_id,
        "products": [
            {"productId": line.product_id, "quantity": line.quantity} for line in reservation.lines
        ],
        "state": reservation.state.value,
    }
    if reservation.refusal is not None:
        document["refusal"] = {
            "code": reservation.refusal.code,
            "products": list(reservation.refusal.product_ids),
        }
    return document


def from_document(document: Document) -> Reservation:
    """The reservation that a document holds."""
    lines = tuple(Line(line["productId"], line["quantity"]) for line in document["products"])
    return Reservation(State(document["state"]), lines, _refusal(document.get("refusal")))


def _refusal(document: Document | None) -> Refusal | None:
    return None if document is None else Refusal(document["code"], tuple(document["products"]))
