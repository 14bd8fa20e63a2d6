"""Replies and what they changed (invariant 11): only an answer to a question of ours may."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from schemas.events import EventType
from schemas.replies import ReplyType
from schemas.requests import RequestType
from schemas.topics import CUSTOMER_REQUESTS, INVENTORY_REQUESTS, REPLIES
from workers.dev.verifying.facts import at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workers.dev.verifying.bounds import Bounds
    from workers.dev.verifying.case import Case
    from workers.dev.verifying.facts import Change, Reply
    from workers.dev.verifying.report import Tally

_MAY_CAUSE: Final[Mapping[str, frozenset[tuple[str, str]]]] = {
    EventType.PROCESSING: frozenset({(ReplyType.RESERVED, RequestType.RESERVE)}),
    EventType.REJECTED: frozenset(
        {
            (ReplyType.CUSTOMER_INVALID, RequestType.VALIDATE),
            (ReplyType.REFUSED, RequestType.RESERVE),
        }
    ),
    EventType.EXPIRED: frozenset({(ReplyType.DEADLINE, RequestType.VALIDATE)}),
    EventType.CANCELED: frozenset({(ReplyType.RELEASED, RequestType.RELEASE)}),
    EventType.CANCEL_REFUSED: frozenset({(ReplyType.RELEASE_REFUSED, RequestType.RELEASE)}),
}
"""For each change that a reply may make: the types of that reply, and of what it answers."""

_REPLY_GONE: Final = "the reply that made the change is no longer kept"
_REQUEST_GONE: Final = "the request that was answered is no longer kept"
_PARTS: Final = 4


def check_replies(case: Case, bounds: Bounds, tally: Tally) -> None:
    """Each change by a reply has a fit one, to a request that was sent, and one of its own."""
    tally.checked(11, len(case.replies))
    document = case.document
    if document is None:
        return
    made: dict[tuple[str, str], int] = {}
    by_place = {(reply.partition, reply.offset): reply for reply in case.replies}
    for change in document.history:
        if change.topic != REPLIES:
            _check_command(change, case, tally)
            continue
        before = made.setdefault((change.source, change.id), change.version)
        if before != change.version:
            evidence = f"reply {change.id} made version {before} and version {change.version}"
            tally.violated(11, case.order_id, evidence)
        place = (document.lane, change.offset)
        reply = by_place.get(place)
        if reply is None and not bounds.is_kept(REPLIES, *place):
            tally.unchecked(11, _REPLY_GONE)
        elif reply is None or reply.id != change.id:
            where = at(REPLIES, *place)
            evidence = f"{_made(change)} by reply {change.id}, and {where} is no such one about it"
            tally.violated(11, case.order_id, evidence)
        else:
            _check_cause(change, reply, case, bounds, tally)


def _check_command(change: Change, case: Case, tally: Tally) -> None:
    if change.type in _MAY_CAUSE:
        evidence = f"{_made(change)} by a message of {change.topic}, and not by a reply"
        tally.violated(11, case.order_id, evidence)


def _made(change: Change) -> str:
    return f"version {change.version} ({change.type}) was made"


def _check_cause(change: Change, reply: Reply, case: Case, bounds: Bounds, tally: Tally) -> None:
    """The reply is of a type that can make this change, and answers what was asked."""
    parts = reply.correlation.rsplit(":", _PARTS - 1)
    order_id, request_type = (parts[0], parts[1]) if len(parts) == _PARTS else ("", "")
    if order_id != case.order_id or (reply.type, request_type) not in _MAY_CAUSE.get(
        change.type, frozenset()
    ):
        evidence = f"{_made(change)} by {reply.type} at {reply.place}, to {reply.correlation!r}"
        tally.violated(11, case.order_id, evidence)
        return
    if reply.type == ReplyType.DEADLINE:
        return
    topic = CUSTOMER_REQUESTS if request_type == RequestType.VALIDATE else INVENTORY_REQUESTS
    if any(request.id == reply.correlation for request in case.requests):
        return
    if not bounds.is_kept(topic, reply.partition, 0):
        tally.unchecked(11, _REQUEST_GONE)
        return
    evidence = f"{_made(change)} by {reply.place}, to {reply.correlation!r}, which nobody asked"
    tally.violated(11, case.order_id, evidence)
