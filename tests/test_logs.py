"""Logs: one JSON line for each event, whoever logs it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

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


def _lines(level: str, script: str = _SCRIPT) -> list[dict[str, Any]]:
    done = subprocess.run(
        [sys.executable, "-W", "always", "-c", script, level],
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
    for line in (own, library):
        assert line["exception"].startswith("Traceback")
        assert 'File "<string>", line 11' in line["exception"]


_PRIVATE = "Gertrude-Example-4711"
_TELLING = f"""
import asyncio, logging, sys
import structlog
from pydantic import BaseModel
from pymongo.errors import BulkWriteError
from workers.database import away_when_unreachable
from workers.logs import configure_logs, words_of
from workers.stream.json_text import UnreadableError
from workers.stream.ports import OutsideAwayError

class Customer(BaseModel):
    id: int

def refused_by_the_driver():
    document = dict(q=1, customerId="{_PRIVATE}")
    entry = dict(code=121, errmsg="Document failed validation: {_PRIVATE}", op=document)
    with away_when_unreachable():
        raise BulkWriteError(dict(writeErrors=[entry]))

def unforeseen():
    raise KeyError("{_PRIVATE}")

def caused():
    try:
        unforeseen()
    except KeyError as error:
        raise ValueError("no such customer: {_PRIVATE}") from error

def while_handling():
    try:
        unforeseen()
    except KeyError:
        raise RuntimeError("and another about {_PRIVATE}")

log = structlog.get_logger()
configure_logs(sys.argv[1], "orders")
for fail in (
    lambda: Customer(id="{_PRIVATE}"), refused_by_the_driver, unforeseen, caused, while_handling,
):
    try:
        fail()
    except Exception as error:
        log.error("failed", exc_info=error, error=words_of(error))
        log.debug("failed", exc_info=True)
        logging.getLogger("library").exception("it was %r, that is: %s", error, error)
        logging.getLogger("library").warning("as a flag", exc_info=True)

async def nobody_asks():
    async def fails():
        raise ValueError("{_PRIVATE} again")
    task = asyncio.create_task(fails())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    del task

asyncio.run(nobody_asks())
log.error("told", error=words_of(OutsideAwayError("MongoDB does not answer: db:27017")))
log.error("told", error=words_of(UnreadableError("not JSON")))
"""


@pytest.mark.parametrize("level", ["debug", "error"])
def test_errors_are_logged_without_what_they_quote(level: str) -> None:
    """No words of drivers, libraries or Python's own errors reach a line: kinds and places do."""
    lines = _lines(level, _TELLING)
    assert _PRIVATE not in json.dumps(lines)
    told = json.dumps(lines)
    for kind in ("ValidationError", "OutsideRefusesError", "BulkWriteError", "KeyError"):
        assert kind in told
    assert "in unforeseen" in told
    assert "BulkWriteError, code 121" in told
    assert any(line["event"].startswith("Task exception was never") for line in lines)


def test_errors_of_this_project_keep_their_words() -> None:
    """What the service itself says of an error names nobody, and helps."""
    told = [line["error"] for line in _lines("error", _TELLING) if line["event"] == "told"]
    assert told == [
        "OutsideAwayError: MongoDB does not answer: db:27017",
        "UnreadableError: not JSON",
    ]


def test_the_level_is_the_lowest_that_is_logged() -> None:
    """At `error` there are errors only; at `debug` the libraries still do not chatter."""
    assert [line["event"] for line in _lines("error")] == ["failed", "library failed"]
    events = [line["event"] for line in _lines("debug")]
    assert "small" in events
    assert "chatter" not in events
