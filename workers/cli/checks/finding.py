"""What a check found, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """How bad it is: `warn` does not keep the service from working."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check; `remedy` is empty where nothing is to be done."""

    check: str
    state: State
    found: str
    remedy: str = ""


def ok(check: str, found: str) -> Finding:
    """All is well."""
    return Finding(check, State.OK, found)


def warn(check: str, found: str, remedy: str) -> Finding:
    """It works, but not as it should."""
    return Finding(check, State.WARN, found, remedy)


def fail(check: str, found: str, remedy: str) -> Finding:
    """The service cannot work."""
    return Finding(check, State.FAIL, found, remedy)
