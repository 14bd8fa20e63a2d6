"""Which dead letters there are, which are open, and which are meant."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.orders.records import Record, as_read, command_record
from workers.operating.choosing import Choice, ChoiceError, moment, place_named, topic_named
from workers.operating.letters import Letters, letter_of, why_not_again
from workers.stream.writing.dead_letters import Place, Settled, dead_letter, mark

if TYPE_CHECKING:
    from collections.abc import Iterable

    from workers.operating.letters import Letter

NOW = 1_700_000_000_000
FIRST = command_record("order-1", "create", {"customerId": "c"}, offset=7)
SECOND = command_record("order-2", "cancel", offset=8)


def letter(record: Record, offset: int, error: Exception | None = None) -> Record:
    """The dead letter of a record, as it lies on its topic."""
    return as_read(dead_letter(record, error or KeyError("stock")), offset=offset)


def settled(record: Record, offset: int, how: Settled, reason: str = "") -> Record:
    """A mark about the dead letter of a record."""
    place = Place(record.topic, record.partition, record.offset)
    return as_read(mark(place, how, reason), offset=offset, timestamp=NOW)


def folded(records: Iterable[Record], choice: Choice = Choice()) -> list[Letter]:  # noqa: B008 - it is frozen
    """The letters that these records come to."""
    letters = Letters(choice.fits)
    for record in records:
        letters.take(record)
    return list(letters.all())


def test_a_letter_tells_what_it_is_of() -> None:
    """Place, order, type and error are those of the record that could not be handled."""
    found = letter_of(letter(FIRST, 3))
    assert found.place == ("orders.commands", 3, 7)
    assert found.lies_at == ("dlq.orders.commands", 3, 3)
    assert (found.order_id, found.type) == ("order-1", "order.create.v1")
    assert (found.exception, found.message) == ("KeyError", "'stock'")
    assert found.value_bytes == len(FIRST.value or b"")
    assert str(found.place) == "orders.commands:3:7"


def test_a_letter_without_a_mark_is_open() -> None:
    """Letters are there in the order in which they lie, all of them open."""
    found = folded([letter(FIRST, 0), letter(SECOND, 1)])
    assert [one.order_id for one in found] == ["order-1", "order-2"]
    assert [one.settlement for one in found] == [None, None]


@pytest.mark.parametrize("how", list(Settled))
def test_a_mark_settles_the_letter_that_it_names_and_no_other(how: Settled) -> None:
    """How, when and why it was settled is kept."""
    found = folded([letter(FIRST, 0), letter(SECOND, 1), settled(FIRST, 2, how, "because")])
    settlement = found[0].settlement
    assert settlement is not None
    assert (settlement.settled, settlement.at, settlement.reason) == (how, NOW, "because")
    assert found[1].settlement is None


def test_a_record_that_died_twice_is_one_letter() -> None:
    """A worker that was killed may have written it again: one mark settles both."""
    twice = [letter(FIRST, 0), letter(FIRST, 1)]
    [found] = folded(twice)
    assert (found.copies, found.lies_at.offset) == (2, 0)
    [found] = folded([*twice, settled(FIRST, 2, Settled.REPLAYED)])
    assert found.settlement is not None


def test_a_letter_behind_its_mark_is_open_again() -> None:
    """What was written after the mark was not looked at by whoever set it."""
    [found] = folded([letter(FIRST, 0), settled(FIRST, 1, Settled.DISCARDED), letter(FIRST, 2)])
    assert found.settlement is None
    assert found.lies_at.offset == 2


def test_what_is_neither_letter_nor_mark_is_counted() -> None:
    """A stranger's record on a dead letter topic hides nothing and breaks nothing."""
    letters = Letters(Choice().fits)
    stranger = replace(FIRST, topic="dlq.orders.commands")
    elsewhere = replace(letter(FIRST, 0), topic="dlq.orders.replies")
    for record in (stranger, elsewhere, letter(FIRST, 1)):
        letters.take(record)
    assert letters.strange == 2
    assert len(list(letters.all())) == 1


def test_a_record_that_looks_like_a_mark_is_a_letter() -> None:
    """Poison with the headers of a mark is still a dead letter: those that say why come last."""
    place = Place("orders.commands", 3, 7)
    poison = as_read(mark(place, Settled.DISCARDED)._replace(topic="orders.commands"), offset=9)
    found = folded([letter(FIRST, 0), letter(poison, 1)])
    assert [one.settlement for one in found] == [None, None]


LETTERS = (
    letter(FIRST, 0, ValueError("not JSON: line 1")),
    letter(replace(SECOND, timestamp=NOW - 60_000), 1),
    letter(replace(SECOND, topic="orders.replies", partition=5), 0),
)


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        (Choice(), [7, 8, 8]),
        (Choice(topic="orders.replies"), [7, 8, 8]),  # whole topics are left out unread
        (Choice(partition=5), [8]),
        (Choice(error="valueerror"), [7]),
        (Choice(error="NOT JSON"), [7]),
        (Choice(since=NOW), [7, 8]),
        (Choice(until=NOW), [8]),
        (Choice(order="order-1"), [7]),
        (Choice(text="customerid"), [7]),
        (Choice(text="nowhere"), []),
        (Choice(places=frozenset({Place("orders.commands", 3, 8)})), [8]),
        (Choice(order="order-2", until=NOW), [8]),
    ],
)
def test_each_option_chooses(choice: Choice, expected: list[int]) -> None:
    """Only the letters that fit everything that is given are meant."""
    assert [found.place.offset for found in folded(LETTERS, choice)] == expected


@pytest.mark.parametrize(
    ("choice", "topics"),
    [
        (
            Choice(),
            {
                "dlq.orders.commands",
                "dlq.orders.replies",
                "dlq.customers.requests",
                "dlq.inventory.requests",
            },
        ),
        (Choice(topic="orders.replies"), {"dlq.orders.replies"}),
        (Choice(places=frozenset({Place("orders.commands", 1, 2)})), {"dlq.orders.commands"}),
    ],
)
def test_only_the_topics_that_are_meant_are_read(choice: Choice, topics: set[str]) -> None:
    """A topic or a name leaves the other topics out."""
    assert set(choice.topics) == topics


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("30s", NOW - 30_000),
        ("5m", NOW - 300_000),
        ("2h", NOW - 7_200_000),
        ("7d", NOW - 604_800_000),
        ("2023-11-14", 1_699_920_000_000),
        ("2023-11-14T22:13:20Z", NOW),
        ("2023-11-14T23:13:20+01:00", NOW),
    ],
)
def test_times_from_now_and_of_the_calendar(text: str, expected: int) -> None:
    """A span is that long ago; a time without a zone is UTC."""
    assert moment(text, NOW) == expected


@pytest.mark.parametrize("text", ["", "soon", "1y", "2026-13-01"])
def test_what_is_no_time(text: str) -> None:
    """What cannot be understood is told with what can."""
    with pytest.raises(ChoiceError, match="give 30m"):
        moment(text, NOW)


def test_names_of_topics_and_letters() -> None:
    """Both names of a topic mean the same; what names nothing is told with what would."""
    assert topic_named("dlq.orders.commands") == topic_named("orders.commands")
    assert place_named("dlq.orders.replies:3:17") == ("orders.replies", 3, 17)
    with pytest.raises(ChoiceError, match="these have: "):
        topic_named("orders.events")
    for bad in ("17", "orders.commands:x:1", "orders.events:1:1", "orders.commands:1"):
        with pytest.raises(ChoiceError):
            place_named(bad)


def test_what_is_too_large_cannot_go_back() -> None:
    """A value over the limit would be a dead letter again; the broker would not take the rest."""
    assert why_not_again(letter_of(letter(FIRST, 0))) is None
    large = replace(FIRST, value=b"x" * 1_000_001)
    assert "limit is 1,000,000" in str(why_not_again(letter_of(letter(large, 0))))
    heads = replace(FIRST, headers=[(f"h{n}", b"x" * 1000) for n in range(2_200)])
    assert "of which orders.commands takes" in str(why_not_again(letter_of(letter(heads, 0))))
    huge = replace(FIRST, value=bytes(1 << 24))
    assert "too many for a dead letter" in str(why_not_again(letter_of(letter(huge, 0))))
