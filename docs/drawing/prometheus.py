"""A real Prometheus that reads the workers of this machine, and answers what a dashboard asks."""

from __future__ import annotations

import json
import shutil
import subprocess
import urllib.parse
import urllib.request
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from workers.dev.ports import free_ports

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

INTERVAL: Final = "$__rate_interval"
"""What Grafana puts the length of a few readings in for."""

_READ_EVERY: Final = "1s"
_END_SECONDS: Final = 10


class PrometheusMissingError(Exception):
    """The program is not installed; it is in Debian's package `prometheus`."""


class Series(NamedTuple):
    """One line of a chart: its labels, and points of seconds since 1970 and a value."""

    labels: Mapping[str, str]
    points: Sequence[tuple[float, float]]


class Prometheus:
    """Where it answers; expressions are those of the dashboard, `INTERVAL` and all."""

    def __init__(self, address: str) -> None:
        """Ask at this address, a host and a port."""
        self._address = address

    def now(self, expression: str, interval: str) -> list[Series]:
        """What an expression comes to now.

        Raises:
            OSError: it does not answer, or refuses the expression.
        """
        found = self._ask("query", query=expression.replace(INTERVAL, interval))
        return [Series(one["metric"], [_point(one["value"])]) for one in found]

    def between(self, expression: str, interval: str, begin: float, end: float) -> list[Series]:
        """What an expression came to in each second between two times, in seconds since 1970.

        Raises:
            OSError: it does not answer, or refuses the expression.
        """
        query = expression.replace(INTERVAL, interval)
        found = self._ask("query_range", query=query, start=f"{begin}", end=f"{end}", step="1")
        return [Series(one["metric"], list(map(_point, one["values"]))) for one in found]

    def _ask(self, what: str, **parameters: str) -> list[Any]:
        query = urllib.parse.urlencode(parameters)
        address = f"http://{self._address}/api/v1/{what}?{query}"
        with urllib.request.urlopen(address) as answer:
            found: list[Any] = json.load(answer)["data"]["result"]
        return found


def _point(raw: tuple[float, str]) -> tuple[float, float]:
    return float(raw[0]), float(raw[1])


@contextmanager
def running_prometheus(ports: Sequence[int], folder: Path) -> Iterator[Prometheus]:
    """Have it read these ports of this machine each second, until the end of the block.

    Raises:
        PrometheusMissingError: it is not installed.
    """
    program = shutil.which("prometheus")
    if program is None:
        raise PrometheusMissingError("prometheus is not installed")
    targets = [f"127.0.0.1:{port}" for port in ports]
    job = {"job_name": "oms", "static_configs": [{"targets": targets}]}
    config = folder / "prometheus.yml"
    config.write_text(
        json.dumps({"global": {"scrape_interval": _READ_EVERY}, "scrape_configs": [job]})
    )
    [port] = free_ports(1)
    address = f"127.0.0.1:{port}"
    options = {
        "config.file": config,
        "storage.tsdb.path": folder / "data",
        "web.listen-address": address,
        "log.level": "error",
    }
    command = [program, *(f"--{name}={value}" for name, value in options.items())]
    with subprocess.Popen(command) as process:  # noqa: S603 - all of it is ours
        try:
            yield Prometheus(address)
        finally:
            process.terminate()
            process.wait(_END_SECONDS)
