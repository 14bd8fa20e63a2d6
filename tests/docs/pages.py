"""Reads the pages of the documentation: their sections, code blocks, tables and links."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
REPLACING: Final = "Put your own service in place of a simulated one"
"""The section of the README that wants one of the workers out of its way."""

_BLOCK: Final = re.compile(
    r"^(?:<!-- (?P<remark>[^\n]*?) -->\n)?```(?P<language>\w+)\n(?P<text>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
_HEADING: Final = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
_LINK: Final = re.compile(r"\]\(([^)\s]+)\)")
_UNTIL: Final = "until: "
_FILE: Final = "file: "


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of code.

    `until` is what it must print if it goes on until it is ended; `file` is where the page tells
    to save it; `is_run` is false where the page says that it is only checked.
    """

    language: str
    text: str
    until: str | None
    file: str | None
    is_run: bool

    @property
    def commands(self) -> list[str]:
        """Its lines, without their comments."""
        lines = (line.split("  #")[0].strip() for line in self.text.splitlines())
        return [line for line in lines if line]


def blocks(text: str) -> list[Block]:
    """All blocks of code of a page or a section, in order."""
    return [_block(found) for found in _BLOCK.finditer(text)]


def _block(found: re.Match[str]) -> Block:
    remark = found["remark"] or ""
    until, file = _after(_UNTIL, remark), _after(_FILE, remark)
    return Block(found["language"], found["text"], until, file, remark != "checked only")


def _after(word: str, remark: str) -> str | None:
    return remark.removeprefix(word) if remark.startswith(word) else None


def sections_of(text: str) -> dict[str, str]:
    """The text of a page by its headings of the second level."""
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return {"the beginning": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}


def sections_to_run(text: str) -> dict[str, str]:
    """Those of a page's sections that tell to run something."""
    return {
        title: part
        for title, part in sections_of(text).items()
        if any(block.is_run for block in blocks(part))
    }


def without_code(text: str) -> str:
    """A page without its blocks of code."""
    return _BLOCK.sub("", text)


def rows(text: str) -> list[list[str]]:
    """The cells of all tables' rows, but for the lines under the headings."""
    lines = (line for line in without_code(text).splitlines() if line.startswith("| "))
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def first_names(text: str, pattern: str) -> set[str]:
    """What stands in code in the first cells of tables' rows and matches the pattern."""
    return {
        name
        for row in rows(text)
        for name in re.findall(r"`([^`]+)`", row[0])
        if re.fullmatch(pattern, name)
    }


def links(text: str) -> list[str]:
    """The targets of all links and pictures."""
    return _LINK.findall(without_code(text))


def anchors(text: str) -> set[str]:
    """The names by which a page's headings can be linked to."""
    words = (re.sub(r"[^\w\- ]", "", title.lower()) for title in _HEADING.findall(text))
    return {title.strip().replace(" ", "-") for title in words}
