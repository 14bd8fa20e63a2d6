"""The expressions of the dashboard and of the alerts, and which metrics and labels they use."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import promql_parser
import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER: Final = Path(__file__).parents[2] / "monitoring"
ALERTS: Final = FOLDER / "alerts.yml"
DASHBOARD: Final = FOLDER / "grafana" / "dashboards" / "oms.json"
_INTERVAL: Final = "$__rate_interval"


@dataclass(slots=True)
class Used:
    """What an expression uses: for each metric, the labels that it must have."""

    labels: dict[str, set[str]] = field(default_factory=dict)


def alerts() -> list[dict[str, Any]]:
    """All alerts."""
    groups = yaml.safe_load(ALERTS.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    """All panels of the dashboard, without the headings between them."""
    found: list[dict[str, Any]] = json.loads(DASHBOARD.read_text())["panels"]
    return [panel for panel in found if panel["type"] != "row"]


def expressions() -> Iterator[tuple[str, str]]:
    """Where each expression is, and itself; Grafana's interval is five minutes."""
    for rule in alerts():
        yield rule["alert"], rule["expr"]
    for panel in panels():
        for target in panel["targets"]:
            place = f"{panel['title']} {target['refId']}"
            yield place, target["expr"].replace(_INTERVAL, "5m")


def used_by(expression: str) -> Used:
    """The metrics of an expression, with the labels that it selects or groups by.

    Raises:
        ValueError: it is no PromQL.
    """
    used = Used()
    whole = promql_parser.parse(expression)
    promql_parser.walk(whole, lambda part: _note_selected(part, used))
    promql_parser.walk(whole, lambda part: _note_grouped(part, used))
    return used


def _note_selected(part: object, used: Used) -> bool:
    if isinstance(part, promql_parser.VectorSelector) and part.name is not None:
        names = {matcher.name for matcher in part.matchers.matchers}
        used.labels.setdefault(part.name, set()).update(names)
    return True


def _note_grouped(part: object, used: Used) -> bool:
    """A label that is grouped by must be on every metric that goes in."""
    if isinstance(part, promql_parser.AggregateExpr) and part.modifier is not None:
        inside = Used()
        promql_parser.walk(part.expr, lambda within: _note_selected(within, inside))
        for name in inside.labels:
            used.labels[name].update(part.modifier.labels)
    return True
