"""Settings that can be used, but do not go with each other or with how long topics are kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from schemas.topics import COMMANDS, TOPICS
from workers.cli.checks.finding import Finding, warn

if TYPE_CHECKING:
    from workers.settings import Settings

_DAY: Final = 24 * 60 * 60 * 1000
_KEPT_DAYS: Final = next(topic.retention_ms for topic in TOPICS if topic.name == COMMANDS) // _DAY


def check_settings(settings: Settings) -> list[Finding]:
    """A warning for each; nothing if all is well."""
    if settings.refusals_keep_days > _KEPT_DAYS:
        return []
    found = (
        f"OMS_REFUSALS_KEEP_DAYS is {settings.refusals_keep_days}, commands are kept for "
        f"{_KEPT_DAYS} days: an old one that is replayed might get another answer"
    )
    return [warn("settings", found, f"export OMS_REFUSALS_KEEP_DAYS={2 * _KEPT_DAYS}")]
