"""How data leaves the command line: JSON for programs, tables and colours for people."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer
from rich.console import Console

if TYPE_CHECKING:
    from collections.abc import Callable

Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]


def print_json(data: Any) -> None:  # noqa: ANN401 - whatever JSON can say
    """Print one indented JSON document."""
    write_line(orjson.dumps(data, option=orjson.OPT_INDENT_2))


def print_json_line(data: Any) -> None:  # noqa: ANN401 - whatever JSON can say
    """Print one JSON document on one line, at once."""
    write_line(orjson.dumps(data))


def write_line(line: bytes) -> None:
    """Write bytes as they are, and a line end, to standard output at once."""
    write_bytes(line + b"\n")


def write_bytes(content: bytes) -> None:
    """Write bytes as they are to standard output at once."""
    sys.stdout.flush()
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()


def stdout() -> Console:
    """The console for results; long lines are not broken where nobody looks."""
    return _console(Console)


def stderr() -> Console:
    """The console for progress and remarks."""
    return _console(lambda **options: Console(stderr=True, **options))


def _console(make: Callable[..., Console]) -> Console:
    console = make(highlight=False)
    return console if console.is_terminal else make(highlight=False, width=200)
