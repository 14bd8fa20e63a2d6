"""Runs `oms` in this process, with an environment of its own, and keeps what it printed."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr
from typer.testing import CliRunner

from workers.__main__ import application

if TYPE_CHECKING:
    from workers.settings import Settings


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended and what it printed."""

    exit_code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:  # noqa: ANN401 - whatever JSON can say
        """What it printed on standard output, read as JSON."""
        return json.loads(self.stdout)

    @property
    def lines(self) -> list[Any]:
        """What it printed on standard output, read as JSON lines."""
        return [json.loads(line) for line in self.stdout.splitlines()]


@dataclass(frozen=True, slots=True)
class CommandLine:
    """`oms` with these variables in its environment."""

    environment: dict[str, str]

    @classmethod
    def with_settings(cls, settings: Settings) -> CommandLine:
        """`oms` with all of these settings."""
        return cls(environment_of(settings))

    def where(self, **more: str) -> CommandLine:
        """The same with more variables in its environment."""
        return CommandLine({**self.environment, **more})

    def __call__(self, *arguments: str, given: bytes | None = None) -> Ended:
        """Run `oms ARGUMENTS`; `given` is its standard input."""
        ended = CliRunner().invoke(
            application([arguments[0]]), arguments, input=given, env=self.environment
        )
        if ended.exception is not None and not isinstance(ended.exception, SystemExit):
            raise ended.exception
        return Ended(ended.exit_code, ended.stdout, ended.stderr)


def environment_of(settings: Settings) -> dict[str, str]:
    """The environment variables that make these settings, secrets among them."""
    return {
        f"OMS_{name.upper()}": value.get_secret_value()
        if isinstance(value, SecretStr)
        else str(value)
        for name, value in settings.model_dump().items()
    }
