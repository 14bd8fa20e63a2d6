"""Writes the commands that give everybody their least rights into `docs/security.md`.

Run it after a change of `workers/security/rights.py`: `python -m docs.rights`.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from workers.security.rights import EVERYBODY, Rights

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from workers.security.rights import Operation

PAGE: Final = Path(__file__).parent / "security.md"
DATABASE: Final = "oms"

_BEGIN: Final = "<!-- written by docs/rights.py -->\n"
_END: Final = "<!-- until here -->"
_WRITTEN: Final = re.compile(f"(?<={_BEGIN}).*?(?={_END})", re.DOTALL)
_ADD: Final = "kafka-acls.sh $KAFKA --add --allow-principal User:"


def kafka_commands(rights: Rights) -> Iterator[str]:
    """One command for each operation, and another for names that only begin so."""
    for option, wanted in (("--topic", rights.topics), ("--group", rights.groups)):
        for operation, names in wanted.items():
            whole = [name for name in names if not name.endswith("*")]
            beginnings = [name.removesuffix("*") for name in names if name.endswith("*")]
            yield from _commands(rights.user, operation, option, whole, "")
            yield from _commands(
                rights.user, operation, option, beginnings, " --resource-pattern-type prefixed"
            )


def _commands(
    user: str, operation: Operation, option: str, names: Sequence[str], pattern: str
) -> Iterator[str]:
    if names:
        listed = "".join(f" \\\n  {option} {name}" for name in names)
        yield f"{_ADD}{user} --operation {operation}{pattern}{listed}"


def mongo_commands(rights: Rights) -> Iterator[str]:
    """A role with the user's name, and the user itself."""
    if not rights.collections:
        return
    privileges = ",\n  ".join(
        json.dumps({"resource": {"db": DATABASE, "collection": name}, "actions": list(actions)})
        for name, actions in rights.collections.items()
    )
    yield (
        f'db.getSiblingDB("{DATABASE}").runCommand({{createRole: "{rights.user}", roles: [], '
        f"privileges: [\n  {privileges}\n]}})"
    )
    yield (
        f'db.getSiblingDB("admin").runCommand({{createUser: "{rights.user}", '
        f'pwd: passwordPrompt(), roles: [{{role: "{rights.user}", db: "{DATABASE}"}}]}})'
    )


def section(rights: Rights) -> str:
    """A heading, and the commands for one user."""
    parts = [f"### {rights.user}\n\n{rights.purpose[0].upper()}{rights.purpose[1:]}.\n"]
    for language, commands in (("sh", kafka_commands(rights)), ("js", mongo_commands(rights))):
        if text := "\n".join(commands):
            parts.append(f"```{language}\n{text}\n```\n")
    return "\n".join(parts)


def written(page: str) -> str:
    """The page with the commands as they are today."""
    sections = "\n".join(section(rights) for rights in EVERYBODY)
    return _WRITTEN.sub(lambda _found: f"\n{sections}\n", page)


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text()))
