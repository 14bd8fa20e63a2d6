"""What the pages say is what the code says: settings, topics, types, codes, statuses and links."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pytest

from schemas import limits
from schemas.commands import CommandType
from schemas.events import SNAPSHOT_TYPE, EventType
from schemas.replies import ReplyType
from schemas.requests import RequestType
from schemas.results import RESULT_TYPE, Code
from schemas.status import COMMANDS_MAY_ASK, Status
from schemas.topics import TOPICS
from tests.docs.pages import PAGES, ROOT, anchors, first_names, links, rows, sections_of
from workers.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

README: Final = (ROOT / "README.md").read_text()
CONTRACT: Final = (ROOT / "docs" / "contract.md").read_text()
PARTS: Final = sections_of(CONTRACT)
DAY: Final = 24 * 60 * 60 * 1000


def as_names(values: Iterable[str]) -> set[str]:
    """The values of an enumeration as plain texts."""
    return {str(value) for value in values}


def test_the_table_of_settings_is_that_of_the_code() -> None:
    """The README lists every setting with its default and meaning, and no other."""
    told = [row for row in rows(README) if row[0].startswith("`OMS_")]
    fields = Settings.model_fields.items()
    assert told == [
        [f"`OMS_{name.upper()}`", f"`{field.default}`".replace("``", ""), str(field.description)]
        for name, field in fields
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_setting_that_is_named_exists(page: Path) -> None:
    """A page names no setting that is not there."""
    named = set(re.findall(r"\bOMS_[A-Z_]*[A-Z]\b", page.read_text()))
    assert named - {"OMS_SIMULATOR"} <= {f"OMS_{name.upper()}" for name in Settings.model_fields}


def test_the_table_of_topics_is_that_of_the_code() -> None:
    """The contract lists every topic, and says how long it is kept."""
    assert first_names(PARTS["Topics"], r"[\w.]+") == {topic.name for topic in TOPICS}
    kept = {
        name: row[3] for row in rows(PARTS["Topics"]) for name in re.findall(r"`([\w.]+)`", row[0])
    }
    for topic in TOPICS:
        days = topic.retention_ms // DAY
        words = f"{days} days" if topic.retention_ms > 0 else "ever"
        assert kept[topic.name] == words + (", compacted" if topic.compacted else "")


@pytest.mark.parametrize(
    ("part", "types"),
    [
        ("Commands", CommandType),
        ("Events", EventType),
        ("Requests and replies", RequestType),
    ],
)
def test_the_tables_of_types_are_those_of_the_code(part: str, types: type[CommandType]) -> None:
    """Each table of messages lists all types of its kind and no other."""
    assert first_names(PARTS[part], r"\w+\.[\w-]+\.v\d+") == as_names(types)


def test_every_type_that_is_named_exists() -> None:
    """The pages name no type of message that is not there, and the contract names all."""
    types = {*CommandType, *EventType, *RequestType, *ReplyType, SNAPSHOT_TYPE, RESULT_TYPE}
    for page in PAGES:
        named = set(re.findall(r"\b(?:order|customer|inventory)\.[\w-]+\.v\d+\b", page.read_text()))
        assert named <= as_names(types), page.name
    assert all(name in CONTRACT for name in types)


def test_the_table_of_codes_is_that_of_the_code() -> None:
    """The contract explains every code of a result and no other."""
    assert first_names(PARTS["Results"], r"[A-Z_]+") == as_names(Code)


def test_the_table_of_statuses_is_that_of_the_code() -> None:
    """The contract says for every status what commands may ask for."""
    part = PARTS["The order and its statuses"]
    told = {
        row[0].strip("`"): set(re.findall(r"`(\w+)`", row[1]))
        for row in rows(part)
        if row[0].startswith("`")
    }
    assert told == {str(status): as_names(asked) for status, asked in COMMANDS_MAY_ASK.items()}
    assert told.keys() == as_names(Status)


@pytest.mark.parametrize(
    "limit",
    [
        limits.MAX_VALUE_BYTES,
        limits.MAX_HEADER_BYTES,
        limits.MAX_ALL_HEADERS_BYTES,
        limits.MAX_NAME_LENGTH,
        limits.MAX_REASON_LENGTH,
        limits.MAX_PRODUCTS,
        limits.MAX_QUANTITY,
        limits.MAX_JSON_DEPTH,
        limits.MAX_ORDER_VERSION,
    ],
)
def test_every_limit_is_told(limit: int) -> None:
    """The contract's table of limits has each limit of the code."""
    told = [int(number) for row in rows(PARTS["The envelope"]) for number in _numbers(row[0])]
    assert limit in told


def _numbers(text: str) -> list[str]:
    return [number.replace(",", "") for number in re.findall(r"^[\d,]+", text)]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """Every link of a page leads to a file of the project, and to a heading that it has."""
    for link in links(page.read_text()):
        if link.startswith("https://"):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert target.is_relative_to(ROOT), link
        assert not anchor or anchor in anchors(target.read_text()), link
