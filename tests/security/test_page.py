"""The page on security tells the rights that were tested, in commands that can be run."""

from __future__ import annotations

import json
import re
import shlex
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import pytest

from docs.rights import DATABASE, PAGE, written
from tests.docs.pages import blocks
from tests.security.granting import privileges
from workers.security.rights import EVERYBODY, Rights

if TYPE_CHECKING:
    from collections.abc import Iterator
TEXT: Final = PAGE.read_text()


def test_the_page_has_the_rights_of_today() -> None:
    """After a change of the rights: python -m docs.rights."""
    assert written(TEXT) == TEXT


def given(user: str) -> Iterator[tuple[str, str, str]]:
    """What the page's commands give a user: of what kind, to do what, on what."""
    for block in blocks(TEXT):
        for line in block.text.replace("\\\n", " ").splitlines():
            words = shlex.split(line)
            if f"User:{user}" not in words:
                continue
            operation = words[words.index("--operation") + 1]
            end = "*" if "prefixed" in words else ""
            for option, name in pairwise(words):
                if option in {"--topic", "--group"}:
                    yield option.removeprefix("--"), operation, name + end


@pytest.mark.parametrize("rights", EVERYBODY, ids=lambda rights: rights.user)
def test_the_commands_for_kafka_give_what_was_tested(rights: Rights) -> None:
    """No right more, and no right fewer."""
    wanted = {
        (kind, str(operation), name)
        for kind, found in (("topic", rights.topics), ("group", rights.groups))
        for operation, names in found.items()
        for name in names
    }
    assert set(given(rights.user)) == wanted


@pytest.mark.parametrize(
    "rights", [found for found in EVERYBODY if found.collections], ids=lambda rights: rights.user
)
def test_the_commands_for_mongodb_give_what_was_tested(rights: Rights) -> None:
    """The role's privileges are those that the tests have given."""
    found = re.search(
        rf'createRole: "{rights.user}".*?privileges: (\[.*?\n\])\}}\)', TEXT, re.DOTALL
    )
    assert found is not None
    told: list[dict[str, Any]] = json.loads(found[1])
    assert told == privileges(DATABASE, rights.collections)
