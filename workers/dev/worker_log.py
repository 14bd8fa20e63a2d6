"""Reads a worker's log as it grows: whether it is ready, and what people should see of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

_SHOWN_LEVELS = {"warning", "error", "critical"}
_NOT_SHOWN = {"event", "level", "at", "worker", "exception", "stack", "logger"}
_LONGEST = 200


@dataclass(slots=True)
class LogReader:
    """Hands out each complete line of a growing file once."""

    path: Path
    _offset: int = 0

    def new_lines(self) -> list[str]:
        """The lines that were completed since the last call."""
        if not self.path.exists():
            return []
        with self.path.open("rb") as log:
            log.seek(self._offset)
            complete, newline, _rest = log.read().rpartition(b"\n")
        self._offset += len(complete) + len(newline)
        return complete.decode(errors="replace").splitlines()


def record(line: str) -> dict[str, Any]:
    """The JSON object in a log line; an empty one if it is something else."""
    try:
        content = json.loads(line)
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}


def is_ready(entry: dict[str, Any]) -> bool:
    """Whether the worker says that it has joined and works."""
    return entry.get("event") == "ready"


def shown(entry: dict[str, Any]) -> str | None:
    """One short line for the terminal; None for what is not worth one."""
    if entry.get("level") not in _SHOWN_LEVELS:
        return None
    details = [f"{name}={value}" for name, value in entry.items() if name not in _NOT_SHOWN]
    text = " ".join([f"{entry['level']}: {entry.get('event')}", *details])
    return " ".join(text.split())[:_LONGEST]
