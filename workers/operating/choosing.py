"""Which dead letters are meant: by name, or by what they are about."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from schemas.topics import CONSUMED, dead_letter_topic
from workers.stream.writing.dead_letters import Place

if TYPE_CHECKING:
    from workers.operating.letters import Letter
    from workers.stream.ports import InboundRecord

_AGO: Final = re.compile(r"(\d{1,6})([smhd])")
_SECONDS: Final = {"s": 1, "m": 60, "h": 60 * 60, "d": 24 * 60 * 60}
_PLACE: Final = re.compile(r"(?:dlq\.)?([\w.]+):(\d{1,10}):(\d{1,18})")


class ChoiceError(Exception):
    """What was given names no dead letter, topic or time; the text says what would."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The letters that fit all of what is given.

    `since` and `until` are times of records, in milliseconds since 1970; `error` is part of the
    kind of error or of its message, `text` part of the value, in whatever case.
    """

    places: frozenset[Place] = frozenset()
    topic: str | None = None
    partition: int | None = None
    error: str | None = None
    since: int | None = None
    until: int | None = None
    order: str | None = None
    text: str | None = None

    @property
    def topics(self) -> list[str]:
        """The dead letter topics that have to be read."""
        named = {place.topic for place in self.places} or set(CONSUMED)
        return [dead_letter_topic(t) for t in CONSUMED if t in named and self.topic in {None, t}]

    @property
    def is_of_everything(self) -> bool:
        """Whether it leaves nothing out."""
        return self == Choice()

    def fits(self, letter: Letter, record: InboundRecord) -> bool:
        """Whether the letter, which this record is, is meant."""
        return (
            (not self.places or letter.place in self.places)
            and self.partition in {None, letter.place.partition}
            and self.order in {None, letter.order_id, letter.key}
            and (self.since is None or letter.time >= self.since)
            and (self.until is None or letter.time < self.until)
            and _has(f"{letter.exception} {letter.message}", self.error)
            and _has((record.value or b"").decode(errors="replace"), self.text)
        )


def _has(text: str, part: str | None) -> bool:
    return part is None or part.lower() in text.lower()


def topic_named(text: str) -> str:
    """The topic whose dead letters are meant, from its own name or that of its dead letters.

    Raises:
        ChoiceError: no worker reads such a topic.
    """
    name = text.removeprefix("dlq.")
    if name not in CONSUMED:
        message = f"{text} has no dead letters; these have: {', '.join(CONSUMED)}"
        raise ChoiceError(message)
    return name


def place_named(text: str) -> Place:
    """The record `topic:partition:offset`.

    Raises:
        ChoiceError: it is not in that form, or no worker reads such a topic.
    """
    found = _PLACE.fullmatch(text)
    if found is None:
        message = f"{text!r} names no dead letter: it should be as oms dlq list shows it, "
        raise ChoiceError(message + "such as orders.commands:3:17")
    return Place(topic_named(found[1]), int(found[2]), int(found[3]))


def moment(text: str, now: int) -> int:
    """Milliseconds since 1970 of `30m` ago (s, m, h, d), or of an ISO 8601 time, UTC by default.

    Raises:
        ChoiceError: it is neither.
    """
    ago = _AGO.fullmatch(text)
    if ago is not None:
        return now - int(ago[1]) * _SECONDS[ago[2]] * 1000
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        message = f"{text!r} is no time: give 30m, 2h or 7d, or 2026-01-31T12:00:00Z"
        raise ChoiceError(message) from error
    aware = found if found.tzinfo else found.replace(tzinfo=UTC)
    return round(aware.timestamp() * 1000)
