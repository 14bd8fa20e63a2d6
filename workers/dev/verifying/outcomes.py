"""Commands and what became of them (invariants 1, 2 and 13), and dead letters (14)."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final, TypeVar

from schemas.events import EventType
from schemas.topics import COMMANDS, REPLIES
from workers.dev.verifying.facts import Command, Result, at

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from workers.dev.verifying.bounds import Bounds
    from workers.dev.verifying.case import Case, CommandKey
    from workers.dev.verifying.facts import Document, Letter
    from workers.dev.verifying.report import Tally

Keyed = TypeVar("Keyed", Command, Result)

_DECIDED_BY: Final[Mapping[str, frozenset[str]]] = {
    EventType.CREATED: frozenset(
        {EventType.PROCESSING, EventType.REJECTED, EventType.EXPIRED, EventType.CANCELED}
    ),
    EventType.CANCEL_REQUESTED: frozenset({EventType.CANCELED, EventType.CANCEL_REFUSED}),
}
"""Changes whose commands are answered later, and the changes that decide them."""

_ANSWER_GONE: Final = "too old: their result may no longer be kept"
_COMMAND_GONE: Final = "results whose command is no longer kept"
_NOT_YET: Final = "not answered yet, which they may"
_RECORD_GONE: Final = "the record that the dead letter names is no longer kept"
_ACKNOWLEDGED_GONE: Final = "of the ledger, and no longer kept on the topic"


def check_outcomes(case: Case, bounds: Bounds, tally: Tally) -> None:
    """Every command has one result, told as often as it likes, or else a dead letter."""
    dead = {(letter.topic, letter.partition, letter.offset) for letter in case.letters}
    commands, results = _by_key(case.commands), _by_key(case.results)
    for key, records in commands.items():
        tally.checked(1, len(records))
        living = [r for r in records if (COMMANDS, r.partition, r.offset) not in dead]
        found = results.get(key, [])
        if found and not living:
            evidence = f"{_named(records[0])} has a dead letter and the result {found[0].place}"
            tally.violated(1, case.order_id, evidence)
            tally.violated(14, case.order_id, evidence)
        elif living and not found:
            _check_missing(living, case, bounds, tally)
        _check_same(found, case, tally)
    for key in results.keys() - commands.keys():
        _check_unasked(results[key], case, bounds, tally)
    _check_made_once(case, tally)


def _by_key(facts: Sequence[Keyed]) -> dict[CommandKey, list[Keyed]]:
    found: dict[CommandKey, list[Keyed]] = defaultdict(list)
    for fact in facts:
        found[fact.source, fact.id].append(fact)
    return found


def _named(command: Command) -> str:
    name = "the record" if command.fault else f"{command.type} {command.id} of {command.source}"
    return f"{name} at {command.place}"


def _check_missing(records: Sequence[Command], case: Case, bounds: Bounds, tally: Tally) -> None:
    """There is no result: is one owed by now, and would it still be there?"""
    command = records[0]
    if not all(bounds.is_handled(COMMANDS, r.partition, r.offset) for r in records):
        # What is not handled shows as lag; a system at rest has none.
        tally.unchecked(1, _NOT_YET, len(records))
    elif _may_wait(command, case.document, bounds):
        tally.unchecked(1, _NOT_YET, len(records))
    elif all(bounds.answer_may_be_gone(record.timestamp) for record in records):
        tally.unchecked(1, _ANSWER_GONE, len(records))
    else:
        fault = f" ({command.fault})" if command.fault else ""
        evidence = f"{_named(command)} has neither a result nor a dead letter{fault}"
        tally.violated(1, case.order_id, evidence)
        tally.violated(13, case.order_id, f"{evidence}, and is committed")


def _may_wait(command: Command, document: Document | None, bounds: Bounds) -> bool:
    """Whether the command's outcome is open, or was decided only a moment ago."""
    if document is None:
        return False
    for index, change in enumerate(document.history):
        if (change.source, change.id, change.topic) == (command.source, command.id, COMMANDS):
            deciding = _DECIDED_BY.get(change.type)
            later = document.history[index + 1 :] if deciding else [change]
            decided = [c for c in later if deciding is None or c.type in deciding]
            if not decided:
                return not bounds.is_settled
            return not bounds.is_done(decided[0].topic, document.lane, decided[0].offset)
    return False


def _check_same(found: Sequence[Result], case: Case, tally: Tally) -> None:
    """All results of one command are equal to the byte, but for what a deletion erases."""
    if not found:
        return
    tally.checked(2)
    first = found[0]
    for other in found[1:]:
        same = other.digest == first.digest
        if not same and not (case.is_deleted and other.digest_of_rest == first.digest_of_rest):
            evidence = (
                f"command {first.id} of {first.source} has different results: "
                f"{first.place} and {other.place}"
            )
            tally.violated(2, case.order_id, evidence)
            return


def _check_unasked(found: Sequence[Result], case: Case, bounds: Bounds, tally: Tally) -> None:
    """A result answers a command that is there."""
    _check_same(found, case, tally)
    if not bounds.is_whole(COMMANDS):
        tally.unchecked(1, _COMMAND_GONE, len(found))
        return
    result = found[0]
    evidence = (
        f"the result {result.place} is for command {result.id} of {result.source}: nobody sent it"
    )
    tally.violated(1, case.order_id, evidence)


def _check_made_once(case: Case, tally: Tally) -> None:
    """No command made two versions."""
    made: dict[CommandKey, int] = {}
    for change in case.document.history if case.document else ():
        if change.topic != COMMANDS:
            continue
        before = made.setdefault((change.source, change.id), change.version)
        if before != change.version:
            evidence = (
                f"command {change.id} of {change.source} made version {before} "
                f"and version {change.version}"
            )
            tally.violated(2, case.order_id, evidence)


def check_ledger(case: Case, bounds: Bounds, tally: Tally) -> None:
    """What Kafka acknowledged to the producer is on the topic; its outcome is checked there."""
    known = {(record.source, record.id) for record in case.commands}
    placed = {(r.partition, r.offset): (r.source, r.id) for r in case.commands}
    for entry in case.acknowledged:
        key, place = (entry.source, entry.id), (entry.partition, entry.offset)
        is_placed = entry.offset >= 0
        if placed.get(place) == key if is_placed else key in known:
            continue
        is_kept = bounds.is_kept(COMMANDS, *place) if is_placed else bounds.is_whole(COMMANDS)
        if not is_kept:
            tally.unchecked(1, _ACKNOWLEDGED_GONE)
            continue
        where = f" at {at(COMMANDS, *place)}" if is_placed else ""
        evidence = f"command {entry.id} of {entry.source} was acknowledged{where}: it is not there"
        tally.violated(1, case.order_id, evidence)


def check_dead_letters(case: Case, bounds: Bounds, tally: Tally) -> None:
    """A dead letter names a record that is equal to it and that led to nothing else."""
    if not case.letters:
        return
    digests = {
        **{(COMMANDS, r.partition, r.offset): r.digest for r in case.commands},
        **{(REPLIES, r.partition, r.offset): r.digest for r in case.replies},
        **{(r.topic, r.partition, r.offset): r.digest for r in case.requests},
    }
    causes = _causes(case.document)
    for letter in case.letters:
        tally.checked(14)
        _check_letter(letter, digests, causes, case, bounds, tally)


def _check_letter(  # noqa: PLR0913, PLR0917 - a letter, and all that may speak against it
    letter: Letter,
    digests: Mapping[tuple[str, int, int], int],
    causes: Mapping[tuple[str, int, int], int],
    case: Case,
    bounds: Bounds,
    tally: Tally,
) -> None:
    place = (letter.topic, letter.partition, letter.offset)
    digest = digests.get(place)
    if digest is None and not bounds.is_kept(*place):
        tally.unchecked(14, _RECORD_GONE)
    elif digest is None:
        evidence = f"{letter.place} names {at(*place)}, where no such record is"
        tally.violated(14, case.order_id, evidence)
    elif digest != letter.digest:
        evidence = f"{letter.place} is not equal to {at(*place)}, which it names"
        tally.violated(14, case.order_id, evidence)
    if place in causes:
        evidence = f"{letter.place}: {at(*place)} also made version {causes[place]}"
        tally.violated(14, case.order_id, evidence)


def _causes(document: Document | None) -> dict[tuple[str, int, int], int]:
    if document is None:
        return {}
    return {
        (change.topic, document.lane, change.offset): change.version for change in document.history
    }
