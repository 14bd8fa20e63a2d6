"""`oms config`: every setting, where it comes from and what it means."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from pydantic import SecretStr
from rich.markup import escape
from rich.table import Table

from workers.cli.addresses import HIDDEN, hidden_secrets
from workers.cli.failures import read_settings
from workers.cli.output import Json, print_json, stdout

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from workers.settings import Settings


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting as it is shown: passwords hidden."""

    name: str
    value: str | float
    default: str | float
    given: bool
    description: str


def config(json: Json = False) -> None:
    """Show all settings: their environment variable, value, default and meaning."""
    found = list(settings_shown(read_settings(), os.environ))
    if json:
        print_json([asdict(setting) for setting in found])
        return
    table = Table("setting", "value", "default", "meaning")
    for setting in found:
        value = escape(str(setting.value))
        table.add_row(
            setting.name,
            f"[bold]{value}[/bold]" if setting.given else value,
            escape(str(setting.default)),
            escape(setting.description),
        )
    stdout().print(table)


def settings_shown(settings: Settings, environment: Mapping[str, str]) -> Iterator[Setting]:
    """All settings, in the order in which they are declared."""
    prefix = settings.model_config.get("env_prefix", "")
    given = {name.upper() for name in environment}
    for field, about in type(settings).model_fields.items():
        name = f"{prefix}{field}".upper()
        yield Setting(
            name,
            _shown(getattr(settings, field)),
            _shown(about.default),
            name in given,
            about.description or "",
        )


def _shown(value: str | float | SecretStr) -> str | float:
    if isinstance(value, SecretStr):
        return HIDDEN if value.get_secret_value() else ""
    return hidden_secrets(value) if isinstance(value, str) else value
