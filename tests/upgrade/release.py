"""What a release wrote, kept as files: documents and messages, to be read by every later one.

One folder for each release, `release-<version>`. A folder is written once, by `write_release`,
and never again: what it holds is in somebody's topics and collections.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bson import json_util

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

FOLDER = Path(__file__).parent
RELEASES = sorted(FOLDER.glob("release-*"))
_EXACT = json_util.JSONOptions(json_mode=json_util.JSONMode.CANONICAL, tz_aware=True)


@dataclass(frozen=True, slots=True)
class KeptRecord:
    """A record of a topic, as it was read; it is an `InboundRecord`."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]


@dataclass(frozen=True, slots=True)
class Release:
    """What one release wrote."""

    folder: Path

    def records(self, topic: str) -> list[KeptRecord]:
        """All records of a topic, partition by partition, in order."""
        lines = (self.folder / f"{topic}.jsonl").read_text(encoding="utf-8").splitlines()
        return [_record(topic, json.loads(line)) for line in lines]

    def documents(self, collection: str) -> list[dict[str, Any]]:
        """All documents of a collection."""
        lines = (self.folder / f"{collection}.documents.jsonl").read_text(encoding="utf-8")
        return [json_util.loads(line, json_options=_EXACT) for line in lines.splitlines()]

    def schemas(self) -> dict[str, dict[str, Any]]:
        """The published JSON Schemas of all messages, by their type."""
        files = (self.folder / "schemas").glob("*.json")
        return {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in files}

    def committed(self, topic: str) -> dict[int, int]:
        """What the orders worker had acknowledged of a topic, by partition."""
        found = json.loads((self.folder / "committed.json").read_text(encoding="utf-8"))
        return {int(partition): offset for partition, offset in found[topic].items()}


def record_line(record: KeptRecord) -> str:
    """One record as a line of a file."""
    return json.dumps(
        {
            "partition": record.partition,
            "offset": record.offset,
            "timestamp": record.timestamp,
            "key": _text(record.key),
            "value": _text(record.value),
            "headers": [[name, _text(value)] for name, value in record.headers],
        },
        ensure_ascii=False,
    )


def document_lines(documents: Iterable[dict[str, Any]]) -> str:
    """Documents as lines of a file, with the types that MongoDB gave them."""
    lines = (json_util.dumps(document, json_options=_EXACT) for document in documents)
    return "".join(f"{line}\n" for line in lines)


def _record(topic: str, line: dict[str, Any]) -> KeptRecord:
    return KeptRecord(
        topic,
        line["partition"],
        line["offset"],
        line["timestamp"],
        _bytes(line["key"]),
        _bytes(line["value"]),
        [(name, _bytes(value) or b"") for name, value in line["headers"]],
    )


def _text(value: bytes | None) -> str | dict[str, str] | None:
    """Text where it is text, so that people can read it."""
    if value is None:
        return None
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"base64": base64.b64encode(value).decode()}


def _bytes(value: str | dict[str, str] | None) -> bytes | None:
    if isinstance(value, dict):
        return base64.b64decode(value["base64"])
    return None if value is None else value.encode()
