"""A picture of `oms demo`, taken from a real run of it."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from typing import Final

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

_COLUMNS: Final = 140
_FONT_FACE: Final = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)
_REMARK: Final = re.compile(r"<!--.*?-->\s*", re.DOTALL)
_FONT: Final = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"


def demo_picture() -> str:
    """Run the demo and draw what it prints about its first order.

    Raises:
        CalledProcessError: an order did not end as it should.
    """
    return terminal_picture(first_story(_run_demo()), "oms demo")


def _run_demo() -> str:
    """What the demo prints on a terminal, with its colours."""
    looks = {"FORCE_COLOR": "1", "TERM": "xterm-256color", "COLUMNS": str(_COLUMNS)}
    done = subprocess.run(
        [sys.executable, "-m", "workers", "demo"],
        env={**os.environ, **looks},
        stdout=subprocess.PIPE,
        check=True,
        encoding="utf-8",
    )
    return done.stdout


def first_story(printed: str) -> str:
    """The first order's lines: stories are apart by an empty line."""
    return printed.strip("\n").split("\n\n", maxsplit=1)[0]


def terminal_picture(printed: str, title: str) -> str:
    """A terminal window that shows this text with its colours, as SVG without foreign fonts."""
    words = Text.from_ansi(printed)
    width = max(len(line) for line in words.plain.splitlines())
    console = Console(record=True, width=width, file=io.StringIO(), legacy_windows=False)
    console.print(words, soft_wrap=True)
    drawn = console.export_svg(title=title, theme=MONOKAI, unique_id="demo")
    own = _REMARK.sub("", _FONT_FACE.sub("", drawn)).replace("Fira Code, monospace", _FONT)
    return "\n".join(line.rstrip() for line in own.splitlines()) + "\n"
