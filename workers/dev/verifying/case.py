"""All facts about one order, side by side: what the rules are asked about."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from workers.dev.verifying.facts import (
    Acknowledged,
    Command,
    Document,
    Event,
    Letter,
    Reply,
    Request,
    Reservation,
    Result,
    Snapshot,
    Unreadable,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from workers.dev.verifying.facts import Fact

_LISTS: Final[Mapping[type, str]] = {
    Command: "commands",
    Result: "results",
    Event: "events",
    Snapshot: "snapshots",
    Reply: "replies",
    Request: "requests",
    Letter: "letters",
    Unreadable: "unreadable",
    Acknowledged: "acknowledged",
}
"""Where the facts of each kind are gathered."""

CommandKey = tuple[str, str]
"""Source and id, within an order."""


@dataclass(slots=True)
class Case:
    """What is known of one order, or of a record that names none; topics in order of offsets."""

    name: str
    commands: list[Command] = field(default_factory=list)
    results: list[Result] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    snapshots: list[Snapshot] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)
    unreadable: list[Unreadable] = field(default_factory=list)
    acknowledged: list[Acknowledged] = field(default_factory=list)
    document: Document | None = None
    reservation: Reservation | None = None

    @property
    def order_id(self) -> str:
        """The order; empty for a record that names none."""
        return "" if self.name.startswith("\n") else self.name

    def add(self, fact: Fact) -> None:
        """Take one more fact."""
        if isinstance(fact, Document):
            self.document = fact
        elif isinstance(fact, Reservation):
            self.reservation = fact
        else:
            getattr(self, _LISTS[type(fact)]).append(fact)

    def first_events(self) -> Mapping[int, Event]:
        """The first event of each version, by version, in the order of versions."""
        found: dict[int, Event] = {}
        for event in self.events:
            found.setdefault(event.version, event)
        return dict(sorted(found.items()))

    @property
    def is_deleted(self) -> bool:
        """Whether a deletion was stored or told."""
        stored = self.document is not None and self.document.status == "deleted"
        return stored or any(event.type == "order.deleted.v1" for event in self.events)
