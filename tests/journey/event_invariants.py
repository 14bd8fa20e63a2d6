"""What must hold of events, snapshots and documents: one order, told in one way, step by step.

Each check returns sentences for people, one for each thing that does not hold.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.journey.evidence import Evidence, Record

    Document = dict[str, Any]

EDGES: Mapping[str, set[tuple[str | None, str]]] = {
    "created": {(None, "pending")},
    "processing": {("pending", "processing")},
    "rejected": {("pending", "rejected")},
    "expired": {("pending", "expired")},
    "shipping-updated": {(name, name) for name in ("pending", "processing", "shipped")},
    "shipped": {("processing", "shipped")},
    "delivered": {("processing", "delivered"), ("shipped", "delivered")},
    "cancel-requested": {("pending", "canceling"), ("processing", "canceling")},
    "cancel-refused": {("canceling", "pending"), ("canceling", "processing")},
    "canceled": {("canceling", "canceled")},
    "deleted": {(s, "deleted") for s in ("delivered", "rejected", "expired", "canceled")},
}
"""For each event, the statuses that it may lead from and to."""

_COMPARED = ("customerId", "storefrontId", "products", "shipping", "status", "version", "reason")


def histories(evidence: Evidence) -> dict[str, list[Record]]:
    """Each order's events by version, each version once."""
    found: dict[str, dict[int, Record]] = defaultdict(dict)
    for record in evidence.topics["orders.events"]:
        found[record.key].setdefault(version_of(record), record)
    return {
        order_id: [versions[number] for number in sorted(versions)]
        for order_id, versions in found.items()
    }


def version_of(record: Record) -> int:
    """The order's version that an event or a snapshot tells."""
    return int(record.headers["ce_orderversion"])


def _kind(record: Record) -> str:
    return record.headers["ce_type"].removeprefix("order.").removesuffix(".v1")


def versions_with_gaps(evidence: Evidence) -> Iterator[str]:
    """An order's events are 1 to n, and n is the version of its document; neither is alone."""
    found = histories(evidence)
    for order_id in found.keys() | evidence.orders.keys():
        told = [version_of(record) for record in found.get(order_id, [])]
        stored = evidence.orders.get(order_id, {"history": [], "version": 0})
        kept = [entry["version"] for entry in stored["history"]]
        wanted = list(range(1, stored["version"] + 1))
        if not told == kept == wanted:
            yield f"order {order_id}: events {told}, history {kept}, version {stored['version']}"


def duplicates_that_differ(evidence: Evidence) -> Iterator[str]:
    """Whatever is told twice, of one order and version, is equal to the byte."""
    for topic in ("orders.events", "orders.snapshots"):
        found: dict[tuple[str, int], set[tuple[object, ...]]] = defaultdict(set)
        for record in evidence.topics[topic]:
            content = (record.value, *record.headers.items())
            found[record.key, version_of(record)].add(content)
        for (order_id, version), contents in found.items():
            if len(contents) != 1:
                yield f"{topic} tells version {version} of order {order_id} in different ways"


def events_out_of_place(evidence: Evidence) -> Iterator[str]:
    """All in the order's lane, and none before the one before it."""
    highest: Counter[str] = Counter()
    for record in evidence.topics["orders.events"]:
        version = version_of(record)
        if version > highest[record.key] + 1:
            yield f"order {record.key}: version {version} came before {version - 1}"
        highest[record.key] = max(version, highest[record.key])
    for topic in ("orders.events", "orders.snapshots"):
        for record in evidence.topics[topic]:
            lane = evidence.orders.get(record.key, {}).get("lane")
            if record.partition != lane:
                yield f"{topic} {record.partition}: order {record.key} lives in lane {lane}"


def steps_off_the_table(evidence: Evidence) -> Iterator[str]:
    """Each event leads from the status that the one before led to, along an edge of the table."""
    for order_id, history in histories(evidence).items():
        status = None
        for record in history:
            data = json.loads(record.value or b"")
            step = (data.get("previousStatus"), data["order"]["status"])
            if step not in EDGES[_kind(record)] or step[0] != status:
                yield f"order {order_id}: {_kind(record)} leads from {status} by {step}"
            status = step[1]


def documents_unlike_their_events(evidence: Evidence) -> Iterator[str]:
    """The newest event's order is the document, and only shipping is changed on the way."""
    for order_id, history in histories(evidence).items():
        orders = [json.loads(record.value or b"")["order"] for record in history]
        stored = evidence.orders.get(order_id)
        if stored is not None and not _is_told_by(orders[-1], stored):
            yield f"order {order_id} is stored as {stored}, and told as {orders[-1]}"
        for record, (before, after) in zip(history[1:], pairwise(orders), strict=True):
            fixed = ["id", "createdAt"]
            if _kind(record) != "deleted":
                fixed += ["customerId", "storefrontId", "products"]
                fixed += [] if _kind(record) == "shipping-updated" else ["shipping"]
            if any(before.get(name) != after.get(name) for name in fixed):
                yield f"order {order_id}: {_kind(record)} changes {before} to {after}"


def _is_told_by(told: Document, stored: Document) -> bool:
    times = [told["createdAt"], told["updatedAt"]]
    return (
        told["id"] == stored["_id"]
        and all(told.get(name) == stored.get(name) for name in _COMPARED)
        and [_milliseconds(time) for time in times] == [stored["createdAt"], stored["updatedAt"]]
    )


def _milliseconds(time: str) -> int:
    return round(datetime.fromisoformat(time).timestamp() * 1000)


def snapshots_unlike_their_documents(evidence: Evidence) -> Iterator[str]:
    """The newest snapshot is the newest event's order; that of a deleted order is null."""
    newest: dict[str, Record] = {}
    for record in evidence.topics["orders.snapshots"]:
        if record.key not in newest or version_of(record) >= version_of(newest[record.key]):
            newest[record.key] = record
    for order_id, history in histories(evidence).items():
        order = json.loads(history[-1].value or b"")["order"]
        wanted = None if order["status"] == "deleted" else order
        found = newest.get(order_id)
        if found is None or json.loads(found.value or b"null") != wanted:
            yield f"order {order_id}: the newest snapshot is {found}, not {wanted}"
