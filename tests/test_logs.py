"""Logs: one JSON line for each event, whoever logs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parents[1]
_SCRIPT = """
import logging, sys, warnings
import structlog
from workers.logs import configure_logs

log = structlog.get_logger()
configure_logs(sys.argv[1], "orders")
log.debug("small")
log.info("batch", lane=3, text="two\\nlines")
try:
    raise ValueError("what\\nhappened")
except ValueError as error:
    log.error("failed", exc_info=error)
    logging.getLogger("library").exception("library failed")
logging.getLogger("library").warning("slow: %s", "broker")
logging.getLogger("library").info("chatter")
warnings.warn("old call", DeprecationWarning, stacklevel=1)
"""


def _lines(level: str) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", _SCRIPT, level],
        cwd=_ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    assert done.stdout == ""
    return [json.loads(line) for line in done.stderr.splitlines()]


def test_every_line_is_json_and_names_its_worker() -> None:
    """Events, exceptions, libraries' warnings and Python's are one JSON object a line each."""
    lines = _lines("info")
    events = [line["event"] for line in lines]
    assert events[:4] == ["batch", "failed", "library failed", "slow: broker"]
    assert "old call" in events[4]
    assert len(events) == 5
    assert {line["worker"] for line in lines} == {"orders"}
    assert [line["level"] for line in lines] == ["info", "error", "error", "warning", "warning"]
    assert all(line["at"].endswith("Z") for line in lines)


def test_exceptions_keep_their_trace_within_the_line() -> None:
    """A trace is part of its line, also one that a library logs."""
    own, library = [line for line in _lines("info") if "failed" in line["event"]]
    assert "ValueError: what\nhappened" in own["exception"]
    assert "ValueError: what\nhappened" in library["exception"]


def test_the_level_is_the_lowest_that_is_logged() -> None:
    """At `error` there are errors only; at `debug` the libraries still do not chatter."""
    assert [line["event"] for line in _lines("error")] == ["failed", "library failed"]
    events = [line["event"] for line in _lines("debug")]
    assert "small" in events
    assert "chatter" not in events
