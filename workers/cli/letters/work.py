"""Finds the dead letters that are meant, asks before anything is done, does it and tells."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from workers.cli.failures import FAILED, FailedError, run, wrong_usage
from workers.cli.letters.words import (
    letter_as_json,
    letter_in_full,
    print_letter,
    print_letters,
    state_of,
)
from workers.cli.output import print_json, stderr, stdout, write_bytes
from workers.cli.progress import ShownProgress
from workers.operating.letters import why_not_again
from workers.stream.json_text import UnreadableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from workers.operating.choosing import Choice
    from workers.operating.letters import Letter, Letters
    from workers.settings import Settings
    from workers.stream.ports import InboundRecord


@dataclass(frozen=True, slots=True)
class How:
    """What the options say: whether settled letters are meant, and how it is done and told."""

    settled: bool
    dry_run: bool
    yes: bool
    json: bool


def list_letters(choice: Choice, settled: bool, json: bool) -> None:
    """Print the letters that are meant."""
    letters = [letter for letter in _found(choice) if settled or letter.settlement is None]
    if json:
        print_json([letter_as_json(letter) for letter in letters])
    else:
        print_letters(letters)


def show_letter(choice: Choice, most: int, raw: bool, json: bool) -> None:
    """Print all of the one letter that is named."""
    [letter] = _found(choice)
    record = run(lambda settings: _record(settings, letter))
    if raw:
        write_bytes(record.value or b"")
    elif json:
        print_json(letter_in_full(letter, record, most))
    else:
        print_letter(letter, record, most)


def replay_letters(choice: Choice, how: How) -> None:
    """Send the records of the letters that are meant again, but for those that cannot be."""
    letters = _meant(choice, how)
    left = {letter.place: why for letter in letters if (why := why_not_again(letter)) is not None}
    chosen = [letter for letter in letters if letter.place not in left]
    _warn_of_the_unreadable(chosen)
    _begin(chosen, "Replay", how)
    if chosen and not how.dry_run:
        run(lambda settings: _replay(settings, chosen))
    if how.json:
        reasons = [{"letter": str(place), "reason": why} for place, why in left.items()]
        _print_done("replayed", chosen, how, {"left": reasons})
    else:
        _tell("replayed", chosen, how)
        for place, why in left.items():
            stderr().print(f"{place} cannot be replayed: {why}", markup=False, soft_wrap=True)
    if left:
        raise typer.Exit(FAILED)


def _warn_of_the_unreadable(letters: Sequence[Letter]) -> None:
    """What could not be read is not read the next time either, unless by a newer release."""
    unreadable = [letter for letter in letters if letter.exception == UnreadableError.__name__]
    if unreadable:
        remark = f"{_counted(unreadable)} could not be read, and may well die again: see --value"
        stderr().print(remark, style="yellow", markup=False, soft_wrap=True)


def replay_one(choice: Choice, name: str, how: How) -> None:
    """Send the record of one letter again with the value that a file has."""
    value = _value(name)
    letters = _meant(choice, how)
    if len(letters) != 1:
        wrong_usage(f"--value is for one letter, and {len(letters)} are meant.")
    _begin(letters, "Replay, with another value,", how)
    if not how.dry_run:
        run(lambda settings: _replay_corrected(settings, letters[0], value))
    _done("replayed", letters, how)


def discard_letters(choice: Choice, reason: str, how: How) -> None:
    """Give the letters up that are meant."""
    letters = _meant(choice, how)
    _begin(letters, "Discard", how)
    if letters and not how.dry_run:
        run(lambda settings: _discard(settings, letters, reason))
    _done("discarded", letters, how)


def _value(name: str) -> bytes:
    try:
        return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        wrong_usage(f"{name} cannot be read: {error.strerror}.")


def _found(choice: Choice) -> list[Letter]:
    """The letters that are meant, open and settled; every one that is named is there."""
    found = run(lambda settings: _read(settings, choice))
    if found.strange:
        remark = f"{found.strange} records there are no dead letters: somebody else wrote them"
        stderr().print(remark, style="yellow", markup=False)
    letters = list(found.all())
    missing = choice.places - {letter.place for letter in letters}
    if missing:
        names = ", ".join(sorted(map(str, missing)))
        typer.echo(f"There is no dead letter {names}. See: oms dlq list --settled", err=True)
        raise typer.Exit(FAILED)
    return letters


def _meant(choice: Choice, how: How) -> list[Letter]:
    letters = _found(choice)
    if how.settled:
        return letters
    for letter in letters:
        if letter.settlement is not None and choice.places:
            stderr().print(f"{letter.place} is {state_of(letter)} already", markup=False)
    return [letter for letter in letters if letter.settlement is None]


def _begin(letters: Sequence[Letter], verb: str, how: How) -> None:
    """Show what is meant, and go on only if that is wanted."""
    if not how.json:
        print_letters(letters)
    if letters and not how.dry_run and not how.yes:
        typer.confirm(f"{verb} {_counted(letters)}?", abort=True, err=True)


def _done(what: str, letters: Sequence[Letter], how: How) -> None:
    if how.json:
        _print_done(what, letters, how, {})
    else:
        _tell(what, letters, how)


def _print_done(
    what: str, letters: Sequence[Letter], how: How, more: dict[str, list[dict[str, str]]]
) -> None:
    names = [str(letter.place) for letter in letters]
    print_json({what: names, "dryRun": how.dry_run, **more})


def _tell(what: str, letters: Sequence[Letter], how: How) -> None:
    would = "would be " if how.dry_run else ""
    stdout().print(f"{_counted(letters)} {would}{what}")


def _counted(letters: Sequence[Letter]) -> str:
    return "1 record" if len(letters) == 1 else f"{len(letters)} records"


async def _read(settings: Settings, choice: Choice) -> Letters:
    from workers.cli.kafka import await_kafka  # noqa: PLC0415 - --help needs no driver
    from workers.operating.reading import read_letters  # noqa: PLC0415 - --help needs no driver

    await await_kafka(settings)
    with ShownProgress() as progress:
        return await read_letters(settings, choice, progress)


async def _record(settings: Settings, letter: Letter) -> InboundRecord:
    from workers.operating.reading import hand_over  # noqa: PLC0415 - --help needs no driver

    found: list[InboundRecord] = []

    async def take(records: Sequence[InboundRecord]) -> None:
        found.extend(records)

    await hand_over(settings, [letter], take)
    if not found:
        message = f"The dead letter {letter.place} is no longer kept."
        raise FailedError(message)
    return found[0]


async def _replay(settings: Settings, letters: Sequence[Letter]) -> None:
    from workers.operating.settling import replay  # noqa: PLC0415 - --help needs no driver

    with ShownProgress() as progress:
        await replay(settings, letters, progress)


async def _replay_corrected(settings: Settings, letter: Letter, value: bytes) -> None:
    from workers.operating.settling import (  # noqa: PLC0415 - --help needs no driver
        CorrectionError,
        replay_corrected,
    )

    try:
        await replay_corrected(settings, letter, value)
    except CorrectionError as error:
        message = f"{letter.place}: {error}."
        raise FailedError(message) from error


async def _discard(settings: Settings, letters: Sequence[Letter], reason: str) -> None:
    from workers.operating.settling import discard  # noqa: PLC0415 - --help needs no driver

    with ShownProgress() as progress:
        await discard(settings, letters, reason, progress)
