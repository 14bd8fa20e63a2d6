"""The versions of an order, as told and as stored (invariants 3, 4, 5 and 8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from schemas.topics import EVENTS, RESULTS, SNAPSHOTS

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from workers.dev.verifying.bounds import Bounds
    from workers.dev.verifying.case import Case
    from workers.dev.verifying.facts import Document, Event, Snapshot
    from workers.dev.verifying.report import Tally

_EVENTS_GONE: Final = "their events are no longer kept"
_DOCUMENT_GONE: Final = "the document of a deleted order is gone"
_FAULTS_UNDER: Final = {EVENTS: 4, SNAPSHOTS: 7, RESULTS: 1}


def check_sequences(case: Case, bounds: Bounds, tally: Tally) -> None:
    """Everything about which versions there are, where they are told, and how often."""
    _check_readable(case, tally)
    if not case.events and case.document is None:
        return
    told = case.first_events()
    _check_gaps(case, tuple(told), bounds, tally)
    _check_one_telling(case.events, case, tally)
    _check_one_telling(case.snapshots, case, tally)
    _check_ids(case, tally)
    _check_places(case, tally)
    _check_order(case, bounds, tally)
    _check_ghosts(case, bounds, tally)
    _check_zombies(case, told, bounds, tally)


def _check_readable(case: Case, tally: Tally) -> None:
    for record in case.unreadable:
        place = f"{record.topic}[{record.partition}]@{record.offset}"
        evidence = f"{place} cannot be read: {record.fault}"
        tally.violated(_FAULTS_UNDER.get(record.topic, 14), case.order_id, evidence)


def _check_gaps(case: Case, told: Sequence[int], bounds: Bounds, tally: Tally) -> None:
    """Told are 1 to n, stored are 1 to n, and n is the document's version."""
    tally.checked(3)
    first = _first_kept(case, told, bounds, tally)
    if list(told) != list(range(first, first + len(told))):
        tally.violated(3, case.order_id, f"the events tell the versions {_words(told)}")
    document = case.document
    if document is None:
        return
    kept = [change.version for change in document.history]
    if kept != list(range(1, document.version + 1)):
        evidence = f"the document has version {document.version}, its history {_words(kept)}"
        tally.violated(3, case.order_id, evidence)
    highest = told[-1] if told else 0
    if highest < document.version and told and _is_told(document, bounds):
        evidence = f"the events end with version {highest}, the document has {document.version}"
        tally.violated(3, case.order_id, evidence)


def _first_kept(case: Case, told: Sequence[int], bounds: Bounds, tally: Tally) -> int:
    """The version that the events must begin with: 1, unless older ones are no longer kept."""
    lane = case.document.lane if case.document else case.events[0].partition
    if bounds.is_kept(EVENTS, lane, 0) or (told and told[0] == 1):
        return 1
    tally.unchecked(3, _EVENTS_GONE)
    return told[0] if told else 1


def _words(versions: Sequence[int]) -> str:
    most = 20
    shown = ", ".join(map(str, versions[:most])) or "none"
    return f"{shown}, …" if len(versions) > most else shown


def _is_told(document: Document, bounds: Bounds) -> bool:
    """Whether all versions must have been told by now."""
    return all(
        bounds.is_done(change.topic, document.lane, change.offset) for change in document.history
    )


def _check_one_telling(facts: Sequence[Event | Snapshot], case: Case, tally: Tally) -> None:
    """Whatever is told twice, of one version, is equal to the byte."""
    tally.checked(4, len(facts))
    if len(facts) <= 1:
        return
    first: dict[int, Event | Snapshot] = {}
    for fact in facts:
        other = first.setdefault(fact.version, fact)
        if other.digest != fact.digest:
            evidence = (
                f"version {fact.version} is told by {other.place} and {fact.place}: they differ"
            )
            tally.violated(4, case.order_id, evidence)


def _check_ids(case: Case, tally: Tally) -> None:
    """Each version has an event id of its own."""
    versions: dict[str, int] = {}
    for event in case.events:
        version = versions.setdefault(event.id, event.version)
        if version != event.version:
            evidence = f"versions {version} and {event.version} have the same event id {event.id}"
            tally.violated(4, case.order_id, evidence)


def _check_places(case: Case, tally: Tally) -> None:
    """All that is told is in the order's lane."""
    told: list[Event | Snapshot] = [*case.events, *case.snapshots]
    lane = case.document.lane if case.document else told[0].partition
    for fact in told:
        if fact.partition != lane:
            evidence = (
                f"{fact.place} is about version {fact.version}; the order lives in lane {lane}"
            )
            tally.violated(5, case.order_id, evidence)


def _check_order(case: Case, bounds: Bounds, tally: Tally) -> None:
    """No version comes before the one before it."""
    tally.checked(5, len(case.events))
    highest: dict[int, int] = {}
    for event in case.events:
        before = highest.get(event.partition)
        if before is None:
            is_first = bounds.is_kept(EVENTS, event.partition, 0)
            before = 0 if is_first else event.version - 1
        if event.version > before + 1:
            evidence = f"{event.place} tells version {event.version}, before {event.version - 1}"
            tally.violated(5, case.order_id, evidence)
        highest[event.partition] = max(before, event.version)


def _check_ghosts(case: Case, bounds: Bounds, tally: Tally) -> None:
    """Every event has its version in the document."""
    stored = [
        event for event in case.events if bounds.must_be_stored(event.partition, event.offset)
    ]
    if case.document is None and stored and case.is_deleted:
        tally.unchecked(8, _DOCUMENT_GONE)
        return
    version = case.document.version if case.document else 0
    for event in stored:
        if event.version > version:
            has = f"its document has version {version}" if case.document else "it has no document"
            evidence = f"{event.place} tells version {event.version} of the order, and {has}"
            tally.violated(8, case.order_id, evidence)


def _check_zombies(case: Case, told: Collection[int], bounds: Bounds, tally: Tally) -> None:
    """Every version of the document has its event."""
    document = case.document
    if document is None:
        return
    tally.checked(8, len(document.history))
    is_whole = bounds.is_kept(EVENTS, document.lane, 0)
    for change in document.history:
        if change.version in told:
            continue
        if not is_whole and change.version < min(told, default=document.version + 1):
            tally.unchecked(8, _EVENTS_GONE)
        elif bounds.is_done(change.topic, document.lane, change.offset):
            evidence = f"version {change.version} ({change.type}) is stored, and has no event"
            tally.violated(8, case.order_id, evidence)
