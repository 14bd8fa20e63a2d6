"""From documents to facts, each under the name of its order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from workers.dev.verifying.facts import Change, Document, Reservation

if TYPE_CHECKING:
    from collections.abc import Mapping

_TOLD: Final = ("customerId", "storefrontId", "products", "shipping", "reason")

PROJECTION: Final[Mapping[str, int]] = {
    **dict.fromkeys((*_TOLD, "lane", "status", "version", "createdAt", "updatedAt"), 1),
    "waiting.dueAt": 1,
    **{f"history.{name}": 1 for name in ("version", "type")},
    **{f"history.cause.{name}": 1 for name in ("source", "id", "topic", "offset")},
}
"""What is read of an order's document."""


def document_fact(document: Mapping[str, Any]) -> tuple[str, Document]:
    """The fact that an order's document stands for."""
    told = {name: document[name] for name in _TOLD if name in document}
    told |= {name: int(document[name]) for name in ("createdAt", "updatedAt")}
    told |= {"id": document["_id"], "status": document["status"], "version": document["version"]}
    waiting = document.get("waiting")
    return document["_id"], Document(
        document["lane"],
        document["status"],
        document["version"],
        None if waiting is None else int(waiting["dueAt"]),
        told,
        tuple(_change(entry) for entry in document["history"]),
    )


def _change(entry: Mapping[str, Any]) -> Change:
    cause = entry["cause"]
    return Change(
        entry["version"],
        entry["type"],
        cause["source"],
        cause["id"],
        cause["topic"],
        int(cause["offset"]),
    )


def reservation_fact(document: Mapping[str, Any]) -> tuple[str, Reservation]:
    """The fact that a reservation stands for."""
    lines = tuple((line["productId"], int(line["quantity"])) for line in document["products"])
    return document["_id"], Reservation(document["state"], lines)
