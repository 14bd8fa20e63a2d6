"""What must hold whenever nothing is in flight, checked on evidence alone: no code of the service.

Each check returns sentences for people, one for each thing that does not hold.
"""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from tests.journey.event_invariants import (
    documents_unlike_their_events,
    duplicates_that_differ,
    events_out_of_place,
    snapshots_unlike_their_documents,
    steps_off_the_table,
    version_of,
    versions_with_gaps,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tests.journey.evidence import Evidence, Record

    CommandKey = tuple[str, str, str]

RESERVATION_OF = {"processing": "reserved", "shipped": "fulfilled", "delivered": "fulfilled"}
UNFINISHED = {"pending", "canceling"}


def violations(evidence: Evidence, stocked: Mapping[str, int]) -> list[str]:
    """Everything that does not hold; `stocked` is how much there was of each product at first."""
    return [
        *commands_without_their_one_outcome(evidence),
        *results_that_nobody_asked_for(evidence),
        *versions_with_gaps(evidence),
        *duplicates_that_differ(evidence),
        *events_out_of_place(evidence),
        *steps_off_the_table(evidence),
        *documents_unlike_their_events(evidence),
        *snapshots_unlike_their_documents(evidence),
        *books_that_do_not_add_up(evidence, stocked),
        *reservations_unlike_their_orders(evidence),
        *what_is_stuck(evidence),
    ]


def commands_without_their_one_outcome(evidence: Evidence) -> Iterator[str]:
    """Every command has one result, told as often as it likes, or else one dead letter."""
    results = _results(evidence)
    dead = {
        (int(letter.headers["__dlq.errors.partition"]), int(letter.headers["__dlq.errors.offset"]))
        for letter in evidence.topics["dlq.orders.commands"]
    }
    for record in evidence.topics["orders.commands"]:
        is_dead = (record.partition, record.offset) in dead
        answers = results.get(_command_key(record), set())
        if len(answers) + is_dead != 1:
            yield (
                f"command {record.headers.get('ce_id')} of order {record.key} has {len(answers)} "
                f"different results and {'a' if is_dead else 'no'} dead letter"
            )


def results_that_nobody_asked_for(evidence: Evidence) -> Iterator[str]:
    """A result answers a command that is there."""
    known = {_command_key(record) for record in evidence.topics["orders.commands"]}
    for order_id, source, command_id in _results(evidence).keys() - known:
        yield f"order {order_id} has a result for command {command_id} of {source}: nobody sent it"


def _command_key(record: Record) -> CommandKey:
    headers = record.headers
    order_id = headers.get("ce_subject") or record.key
    return order_id, headers.get("ce_source", ""), headers.get("ce_id", "")


def _results(evidence: Evidence) -> dict[CommandKey, set[tuple[object, ...]]]:
    """The different results of each command, to the byte.

    Those of a deleted order without the order, which later ones leave out, and without the words
    of a service that said no, which may be personal and are erased with the order.
    """
    found: dict[CommandKey, set[tuple[object, ...]]] = defaultdict(set)
    for record in evidence.topics["orders.results"]:
        data = json.loads(record.value or b"")
        content: object = record.value
        if evidence.orders.get(record.key, {}).get("status") == "deleted":
            content = json.dumps({k: v for k, v in data.items() if k not in {"order", "message"}})
        key = (data.get("orderId", ""), data["command"]["source"], data["command"]["id"])
        found[key].add((record.partition, content, *record.headers.items()))
    return found


def books_that_do_not_add_up(evidence: Evidence, stocked: Mapping[str, int]) -> Iterator[str]:
    """Nothing below zero, nothing gained or lost, and what is held is what reservations hold."""
    held: Counter[str] = Counter()
    for reservation in evidence.reservations.values():
        if reservation["state"] == "reserved":
            held.update({line["productId"]: line["quantity"] for line in reservation["products"]})
    for product, books in evidence.stock.items():
        pieces = (books["available"], books["reserved"], books["fulfilled"])
        if min(pieces) < 0 or sum(pieces) != stocked[product] or pieces[1] != held[product]:
            yield (
                f"product {product}: {books}, of {stocked[product]} pieces; "
                f"reservations hold {held[product]}"
            )


def reservations_unlike_their_orders(evidence: Evidence) -> Iterator[str]:
    """Stock is reserved for orders in `processing`, gone for shipped ones, else not held."""
    for order_id in evidence.orders.keys() | evidence.reservations.keys():
        status = evidence.orders.get(order_id, {}).get("status")
        state = evidence.reservations.get(order_id, {}).get("state")
        wanted = RESERVATION_OF.get(status or "")
        if wanted not in {None, state} or (wanted is None and state == "reserved"):
            yield f"order {order_id} is {status}, and its reservation is {state}"


def what_is_stuck(evidence: Evidence) -> Iterator[str]:
    """No order waits for anybody, and no group has anything left to read."""
    for order_id, order in evidence.orders.items():
        if order["status"] in UNFINISHED or "waiting" in order:
            yield f"order {order_id} is {order['status']} and waits for {order.get('waiting')}"
    for position in evidence.positions:
        if position.committed != position.end:
            yield f"there is something left to read: {position}"


def wrong_dead_letters(evidence: Evidence, poison: Sequence[bytes]) -> Iterator[str]:
    """The dead letters are the unreadable values that were fed, and nothing else."""
    dead = (name for name in evidence.topics if name.startswith("dlq."))
    letters = [letter for name in dead for letter in evidence.topics[name]]
    for letter in letters:
        if letter.value not in poison:
            yield f"{letter.topic} holds {letter}, which is no poison"
    for value in set(poison) - {letter.value for letter in letters}:
        yield f"there is no dead letter for {value!r}"


def what_a_replay_changed(before: Evidence, after: Evidence) -> Iterator[str]:
    """Delivering old commands again leaves all orders, events and books as they were."""
    for name in ("orders", "stock", "reservations"):
        old, new = getattr(before, name), getattr(after, name)
        for key in old.keys() | new.keys():
            if old.get(key) != new.get(key):
                yield f"{name}: {old.get(key)} became {new.get(key)}"
    told = {(record.key, version_of(record)) for record in before.topics["orders.events"]}
    for record in after.topics["orders.events"]:
        if (record.key, version_of(record)) not in told:
            yield f"order {record.key} has a new event: {record}"
    results_before = _results(before)
    for key, results in _results(after).items():
        if results != results_before.get(key):
            yield f"command {key} has another result now"
