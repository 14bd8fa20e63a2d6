"""Dead letters on the screen: a table of many, one in full, and both as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson
from rich.markup import escape
from rich.table import Table

from workers.cli.output import stdout
from workers.stream.times import rfc3339
from workers.stream.writing.dead_letters import as_it_was

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.operating.letters import Letter
    from workers.stream.ports import InboundRecord

_STATE_COLOURS: Final = {"open": "red", "replayed": "green", "discarded": "dim"}
_LONGEST_CELL: Final = 48


def state_of(letter: Letter) -> str:
    """`open`, `replayed` or `discarded`."""
    return "open" if letter.settlement is None else letter.settlement.settled.value


def print_letters(letters: Sequence[Letter]) -> None:
    """A line for each letter."""
    if not letters:
        stdout().print("No dead letters")
        return
    table = Table("letter", "time", "order", "type", "error", "bytes", "state")
    for letter in letters:
        state = state_of(letter)
        table.add_row(
            escape(str(letter.place)),
            rfc3339(letter.time),
            escape(_short(letter.order_id or "")),
            escape(_short(letter.type or "")),
            escape(_short(f"{letter.exception}: {letter.message}")),
            f"{letter.value_bytes:,}",
            f"[{_STATE_COLOURS[state]}]{state}[/{_STATE_COLOURS[state]}]",
        )
    stdout().print(table)


def letter_as_json(letter: Letter) -> dict[str, Any]:
    """A letter without its value."""
    settlement = letter.settlement
    return {
        "letter": str(letter.place),
        "topic": letter.place.topic,
        "partition": letter.place.partition,
        "offset": letter.place.offset,
        "deadLetter": letter.lies_at._asdict(),
        "copies": letter.copies,
        "time": rfc3339(letter.time),
        "key": letter.key,
        "orderId": letter.order_id,
        "type": letter.type,
        "exception": letter.exception,
        "message": letter.message,
        "valueBytes": letter.value_bytes,
        "omittedBytes": letter.omitted_bytes,
        "state": state_of(letter),
        "settledAt": None if settlement is None else rfc3339(settlement.at),
        "reason": settlement.reason if settlement else None,
    }


def print_letter(letter: Letter, record: InboundRecord, most: int) -> None:
    """All of one letter, of its value the first `most` bytes."""
    console = stdout()
    facts = Table.grid(padding=(0, 2))
    for name, value in _facts(letter):
        facts.add_row(name, escape(value))
    console.print(facts)
    table = Table("header", "value")
    for name, raw in as_it_was(record).headers:
        table.add_row(escape(name), escape(_header(raw)))
    console.print(table)
    console.print(value_in_words(record.value, most), markup=False, soft_wrap=True)


def letter_in_full(letter: Letter, record: InboundRecord, most: int) -> dict[str, Any]:
    """All of one letter for programs, of its value the first `most` bytes as text."""
    headers = [{"name": n, "value": _header(raw)} for n, raw in as_it_was(record).headers]
    value = None if record.value is None else _text(record.value[:most])
    is_whole = len(record.value or b"") <= most
    return {**letter_as_json(letter), "headers": headers, "value": value, "valueIsWhole": is_whole}


def value_in_words(value: bytes | None, most: int) -> str:
    """The value, indented if it is JSON; of a long one its beginning, and how much is left out."""
    if value is None:
        return "no value (null)"
    if len(value) > most:
        return f"{_text(value[:most])}…\n({len(value) - most:,} bytes more: see --bytes)"
    try:
        return orjson.dumps(orjson.loads(value), option=orjson.OPT_INDENT_2).decode()
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        return _text(value)


def _facts(letter: Letter) -> list[tuple[str, str]]:
    facts = [
        ("letter", str(letter.place)),
        ("error", f"{letter.exception}: {letter.message}"),
        ("lies at", f"{letter.lies_at}" + (f", {letter.copies} times" * (letter.copies > 1))),
        ("time", rfc3339(letter.time)),
        ("key", "none (null)" if letter.key is None else letter.key),
        ("state", state_of(letter)),
    ]
    if letter.omitted_bytes:
        facts.append(("left out", f"{letter.omitted_bytes:,} bytes, too many for a dead letter"))
    if letter.settlement is not None:
        facts.append(("settled", rfc3339(letter.settlement.at)))
        facts.append(("reason", letter.settlement.reason or "none given"))
    return facts


def _header(raw: bytes | None) -> str:
    return "none (null)" if raw is None else _text(raw)


def _text(raw: bytes) -> str:
    return raw.decode(errors="backslashreplace")


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_CELL else f"{line[: _LONGEST_CELL - 1]}…"
