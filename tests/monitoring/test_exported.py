"""What dashboard, alerts and documentation name is what running workers export."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import pytest

from tests.docs.pages import ROOT, rows, sections_of
from tests.monitoring.conftest import CUSTOMER, NAMES, ORDER, REASON, TRACKING
from tests.monitoring.expressions import expressions, used_by

if TYPE_CHECKING:
    from tests.monitoring.conftest import Measured

pytestmark = [pytest.mark.stack, pytest.mark.slow]

FROM_PROMETHEUS = {"instance", "job"}
"""Labels that Prometheus adds to everything that it reads."""


@pytest.fixture(name="exported", scope="module")
def read_exported(measured: Measured) -> dict[str, set[str]]:
    """The labels of every sample that any worker exports, by its name."""
    found: dict[str, set[str]] = defaultdict(set)
    for family in measured.families():
        for sample in family.samples:
            found[sample.name] |= sample.labels.keys()
    return {**found, "up": set()}


@pytest.mark.parametrize(("place", "expression"), list(expressions()))
def test_every_metric_and_label_that_is_used_is_exported(
    exported: dict[str, set[str]], place: str, expression: str
) -> None:
    """Dashboard and alerts ask for nothing that no worker tells."""
    for name, labels in used_by(expression).labels.items():
        assert name in exported, f"{place} uses {name}"
        assert labels <= exported[name] | FROM_PROMETHEUS, f"{place} uses labels of {name}"


def test_the_table_of_metrics_is_what_is_exported(measured: Measured) -> None:
    """The documentation lists every metric of the service with its labels, and no other."""
    told = {
        row[0].strip("`"): {label.strip("` ") for label in row[1].split(",") if label.strip()}
        for row in rows(sections_of((ROOT / "docs" / "operations.md").read_text())["Metrics"])
        if row[0].startswith("`oms_")
    }
    found: dict[str, set[str]] = defaultdict(set)
    for family in measured.families():
        if family.name.startswith("oms_"):
            name = f"{family.name}_total" if family.type == "counter" else family.name
            for sample in family.samples:
                found[name] |= sample.labels.keys() - {"worker", "le"}
    assert told == found


@pytest.mark.parametrize("worker", NAMES)
def test_metrics_tell_no_personal_data_and_do_not_grow_with_orders(
    measured: Measured, worker: str
) -> None:
    """No customer, shipping, reason, order id or made-up type becomes a label."""
    told = measured.text(worker)
    for secret in (CUSTOMER, REASON, TRACKING, ORDER, "12345", "98765", "order.of.nobody"):
        assert secret not in told


def test_every_series_names_its_worker(measured: Measured) -> None:
    """Whoever collects the metrics of all workers can tell them apart."""
    for family in measured.families():
        assert all(sample.labels["worker"] in NAMES for sample in family.samples), family.name
