"""The ledger of a producer is read line by line, and what is wrong with it is told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from schemas.topics import COMMANDS, REPLIES
from workers.dev.verifying.ledger import read_ledger
from workers.dev.verifying.report import LedgerError
from workers.orders.encode import stable_id

if TYPE_CHECKING:
    from pathlib import Path


def written(path: Path, *lines: object) -> Path:
    """A ledger with these lines."""
    file = path / "ledger.jsonl"
    file.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return file


def test_a_command_goes_under_its_order(tmp_path: Path) -> None:
    """With its place, if that is known."""
    known = {"source": "/shop", "id": "c-1", "orderId": "o-1"}
    placed = {**known, "partition": 3, "offset": 17}
    first, second = read_ledger(written(tmp_path, known, placed))
    assert (first.name, first.is_poison) == ("o-1", None)
    assert first.command is not None
    assert tuple(first.command) == ("o-1", "/shop", "c-1", COMMANDS, -1, -1)
    assert second.place == (COMMANDS, 3, 17)


def test_a_create_that_names_no_order_goes_under_the_id_that_it_gets(tmp_path: Path) -> None:
    """Any other command without an order goes under its own name."""
    nameless = {"source": "/shop", "id": "c-1", "orderId": None}
    create, other = read_ledger(
        written(tmp_path, {**nameless, "type": "order.create.v1"}, nameless)
    )
    assert create.name == stable_id("order", "/shop", "c-1")
    assert other.name == "\n/shop\nc-1"


def test_poison_has_a_place_and_may_lie_on_any_topic(tmp_path: Path) -> None:
    """Nothing else needs to be known of it."""
    line = {"poison": True, "topic": REPLIES, "partition": 1, "offset": 2}
    (entry,) = read_ledger(written(tmp_path, line))
    assert (entry.command, entry.is_poison, entry.place) == (None, True, (REPLIES, 1, 2))


def test_empty_lines_are_passed_over(tmp_path: Path) -> None:
    """A file may end with one."""
    file = tmp_path / "ledger.jsonl"
    file.write_text("\n\n")
    assert list(read_ledger(file)) == []


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("no JSON", "line 1: the line: Invalid JSON"),
        ("[1]", "line 1: the line: Input should be an object"),
        ('{"source": "/shop", "id": "c-1"}', "needs its source, id and orderId"),
        ('{"source": 1, "id": "c-1", "orderId": "o-1"}', "source: Input should be a valid string"),
        ('{"poison": true}', "poison needs its partition and offset"),
        ('{"poison": true, "partition": "x"}', "partition: Input should be a valid integer"),
    ],
)
def test_a_line_that_is_none_is_told(tmp_path: Path, line: str, words: str) -> None:
    """With its number, and what is wrong with it."""
    file = tmp_path / "ledger.jsonl"
    file.write_text(line)
    with pytest.raises(LedgerError, match=words):
        list(read_ledger(file))


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    """By its name."""
    with pytest.raises(LedgerError, match="nowhere cannot be read: No such file"):
        list(read_ledger(tmp_path / "nowhere"))
