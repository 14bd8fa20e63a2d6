"""What events say: allowed steps, and the order that they make (invariants 6 and 7)."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workers.dev.verifying.bounds import Bounds
    from workers.dev.verifying.case import Case
    from workers.dev.verifying.facts import Event, Snapshot
    from workers.dev.verifying.report import Tally

Told = dict[str, Any]

EDGES: Final[Mapping[str, frozenset[tuple[str | None, str]]]] = {
    "order.created.v1": frozenset({(None, "pending")}),
    "order.processing.v1": frozenset({("pending", "processing")}),
    "order.rejected.v1": frozenset({("pending", "rejected")}),
    "order.expired.v1": frozenset({("pending", "expired")}),
    "order.shipping-updated.v1": frozenset(
        (status, status) for status in ("pending", "processing", "shipped")
    ),
    "order.shipped.v1": frozenset({("processing", "shipped")}),
    "order.delivered.v1": frozenset({("processing", "delivered"), ("shipped", "delivered")}),
    "order.cancel-requested.v1": frozenset({("pending", "canceling"), ("processing", "canceling")}),
    "order.cancel-refused.v1": frozenset({("canceling", "pending"), ("canceling", "processing")}),
    "order.canceled.v1": frozenset({("canceling", "canceled")}),
    "order.deleted.v1": frozenset(
        (status, "deleted") for status in ("delivered", "rejected", "expired", "canceled")
    ),
}
"""For each event, the statuses that it may lead from and to.

Written out, and not taken from the tables that the decisions read: those are on trial here.
"""

_DELETED: Final = "order.deleted.v1"
_SHIPPING_UPDATED: Final = "order.shipping-updated.v1"
_NEVER_CHANGES: Final = ("id", "createdAt")
_CHANGES_WITH_DELETION: Final = ("customerId", "storefrontId", "products")
_PERSONAL: Final = ("customerId", "storefrontId", "products", "shipping", "reason")
_COMPARED: Final = (
    *("id", "status", "version", "createdAt", "updatedAt"),
    *_PERSONAL,
)
_DOCUMENT_GONE: Final = "the document of a deleted order is gone"


def check_steps(case: Case, bounds: Bounds, tally: Tally) -> None:
    """Every step is allowed, and all steps together make what is stored and shown."""
    first = case.first_events()
    told: dict[int, Told] = {}
    tally.checked(6, len(first))
    for version, event in first.items():
        data = _data(event, tally)
        if data is not None:
            _check_step(event, data, told.get(version - 1), tally)
            told[version] = data["order"]
    if case.events or case.document is not None:
        tally.checked(7)
        _check_document(case, first, told, tally)
        _check_snapshot(case, first, told, bounds, tally)


def _data(event: Event, tally: Tally) -> Told | None:
    try:
        data: Told = orjson.loads(event.value)
        if data["order"]["version"] == event.version:
            return data
        fault = f"its order has version {data['order']['version']}, its header {event.version}"
    except (KeyError, TypeError, ValueError) as error:
        fault = f"{type(error).__name__}: {error}"
    tally.violated(6, event.order_id, f"{event.place} cannot be read: {fault}")
    return None


def _check_step(event: Event, data: Told, before: Told | None, tally: Tally) -> None:
    """The event leads along an edge of the table, from where the one before led to."""
    order = data["order"]
    step = (data.get("previousStatus"), order.get("status"))
    if step not in EDGES.get(event.type, frozenset()):
        evidence = f"{event.place}: {event.type} leads from {step[0]} to {step[1]}"
        tally.violated(6, event.order_id, evidence)
    if before is None:
        return
    if before["status"] != step[0]:
        evidence = (
            f"{event.place}: {event.type} leads from {step[0]}, and it was {before['status']}"
        )
        tally.violated(6, event.order_id, evidence)
    changed = _different(before, order, _kept_by(event.type))
    if changed:
        tally.violated(7, event.order_id, f"{event.place}: {event.type} changes {changed}")


def _kept_by(event_type: str) -> Sequence[str]:
    """The fields that such an event leaves as they are."""
    if event_type == _DELETED:
        return _NEVER_CHANGES
    if event_type == _SHIPPING_UPDATED:
        return (*_NEVER_CHANGES, *_CHANGES_WITH_DELETION)
    return (*_NEVER_CHANGES, *_CHANGES_WITH_DELETION, "shipping")


def _different(one: Told, other: Told, fields: Sequence[str]) -> str:
    """The fields in which two differ, in words; personal ones without their content."""
    if one == other:
        return ""
    different = [name for name in fields if one.get(name) != other.get(name)]
    return ", ".join(
        name if name in _PERSONAL else f"{name} ({one.get(name)} and {other.get(name)})"
        for name in different
    )


def _check_document(
    case: Case, events: Mapping[int, Event], told: Mapping[int, Told], tally: Tally
) -> None:
    document = case.document
    if document is None:
        if case.is_deleted:
            tally.unchecked(7, _DOCUMENT_GONE)
        return
    for change in document.history:
        event = events.get(change.version)
        if event is not None and event.type != change.type:
            evidence = f"{event.place} is {event.type}; the document's history has {change.type}"
            tally.violated(7, case.order_id, evidence)
    newest = told.get(document.version)
    if newest is None:
        return
    stored = {**document.told, **_times(document.told)}
    different = _different({**newest, **_times(newest)}, stored, _COMPARED)
    if different:
        place = events[document.version].place
        evidence = f"{place} and the document tell different {different}"
        tally.violated(7, case.order_id, evidence)
    left = [name for name in _PERSONAL if name in stored]
    if document.status == "deleted" and left:
        tally.violated(7, case.order_id, f"the order is deleted, and keeps {', '.join(left)}")


def _times(told: Told) -> dict[str, object]:
    return {name: _milliseconds(told.get(name)) for name in ("createdAt", "updatedAt")}


def _milliseconds(time: object) -> object:
    if isinstance(time, str):
        return round(datetime.fromisoformat(time).timestamp() * 1000)
    return time


def _check_snapshot(
    case: Case,
    events: Mapping[int, Event],
    told: Mapping[int, Told],
    bounds: Bounds,
    tally: Tally,
) -> None:
    """The newest snapshot is the newest event's order; that of a deleted order is null."""
    newest = _newest(case.snapshots)
    wanted = _version_shown(case, bounds)
    if newest is None:
        # The null value of a deleted order is itself forgotten by compaction.
        if wanted and not case.is_deleted:
            tally.violated(7, case.order_id, f"version {wanted} of the order has no snapshot")
        return
    if newest.version < wanted:
        evidence = (
            f"the newest snapshot, {newest.place}, is of version {newest.version}, not {wanted}"
        )
        tally.violated(7, case.order_id, evidence)
    order = told.get(newest.version)
    if order is not None and not _shows(newest, order, events[newest.version]):
        evidence = f"{newest.place} shows another order than the event of version {newest.version}"
        tally.violated(7, case.order_id, evidence)


def _shows(snapshot: Snapshot, order: Told, event: Event) -> bool:
    """Whether the snapshot shows the order of the event."""
    if snapshot.value is None or order["status"] == "deleted":
        return snapshot.value is None and order["status"] == "deleted"
    if b'"order":%b' % snapshot.value in event.value:
        return True  # as the service writes it: nothing needs to be parsed
    try:
        return bool(orjson.loads(snapshot.value) == order)
    except ValueError:
        return False


def _newest(snapshots: Sequence[Snapshot]) -> Snapshot | None:
    return max(snapshots, key=lambda snapshot: (snapshot.version, snapshot.offset), default=None)


def _version_shown(case: Case, bounds: Bounds) -> int:
    """The version that the newest snapshot must have reached; 0 if none must be there."""
    document = case.document
    if document is None:
        stored = (e.version for e in case.events if bounds.must_be_stored(e.partition, e.offset))
        return max(stored, default=0)
    done = (
        change.version
        for change in document.history
        if bounds.is_done(change.topic, document.lane, change.offset)
    )
    return max(done, default=0)
