"""The dashboard and the alerts, as far as they can be judged without a worker."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.docs.pages import ROOT, anchors
from tests.monitoring.expressions import (
    ALERTS,
    DASHBOARD,
    FOLDER,
    alerts,
    expressions,
    panels,
    used_by,
)
from workers.settings import Settings

RUNBOOK = ROOT / "docs" / "operations.md"
PANEL_WIDTH = 24


@pytest.mark.parametrize(("place", "expression"), list(expressions()))
def test_every_expression_can_be_read(place: str, expression: str) -> None:
    """Dashboard and alerts are in PromQL, and each expression uses a metric."""
    assert used_by(expression).labels, place


def test_what_is_no_promql_is_noticed() -> None:
    """The parser that the other tests trust refuses what is wrong."""
    with pytest.raises(ValueError, match="parenthesis"):
        used_by("sum by worker (up")


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: str(rule["alert"]))
def test_every_alert_has_its_section_in_the_runbook(rule: dict[str, dict[str, str]]) -> None:
    """An alert says how urgent it is and what is wrong, and links to what is to be done."""
    path, _, anchor = rule["annotations"]["runbook"].partition("#")
    assert ROOT / path == RUNBOOK
    assert anchor == str(rule["alert"]).lower()
    assert anchor in anchors(RUNBOOK.read_text())
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert rule["annotations"]["summary"].endswith(".")


def test_every_section_of_the_runbook_is_that_of_an_alert() -> None:
    """The runbook explains no alert that is not there."""
    told = {anchor for anchor in anchors(RUNBOOK.read_text()) if anchor.startswith("oms")}
    assert told == {str(rule["alert"]).lower() for rule in alerts()}


def test_the_dashboard_has_the_shape_that_grafana_reads() -> None:
    """Each panel has a place of its own on the page, a unit, a meaning and a data source."""
    whole = json.loads(DASHBOARD.read_text())
    assert whole["uid"] == "oms"
    assert [found["name"] for found in whole["templating"]["list"]] == ["datasource"]
    taken: set[tuple[int, int]] = set()
    for panel in whole["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= PANEL_WIDTH
        cells = {
            (place["x"] + right, place["y"] + down)
            for right in range(place["w"])
            for down in range(place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells
    for panel in panels():
        assert panel["description"]
        assert panel["fieldConfig"]["defaults"]["unit"]
        assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        letters = [target["refId"] for target in panel["targets"]]
        assert letters == sorted(set(letters))
    numbers = [panel["id"] for panel in whole["panels"]]
    assert len(numbers) == len(set(numbers))


def test_the_compose_file_runs_what_the_folder_has() -> None:
    """Prometheus asks the workers at their port, and both programs find their files."""
    compose = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]
    config = yaml.safe_load((FOLDER / "prometheus.yml").read_text())
    [job] = config["scrape_configs"]
    [found] = job["dns_sd_configs"]
    for worker in found["names"]:
        environment = compose[worker]["environment"]
        assert int(environment["OMS_METRICS_PORT"]) == found["port"]
        assert environment["OMS_METRICS_ADDRESS"] == "0.0.0.0"  # noqa: S104 - inside a container
    assert config["rule_files"] == [ALERTS.name]
    for name in ("prometheus", "grafana"):
        assert compose[name]["profiles"] == ["monitoring"]
        mounted = [volume.split(":")[0] for volume in compose[name]["volumes"]]
        assert all((ROOT / path).is_dir() for path in mounted if path.startswith("."))


def test_no_port_for_metrics_is_open_unless_it_is_asked_for() -> None:
    """By default there is no port; where there is one, this machine alone can read it."""
    fields = Settings.model_fields
    assert fields["metrics_port"].default == 0
    assert fields["metrics_address"].default == "127.0.0.1"


def test_prometheus_itself_takes_the_alerts() -> None:
    """Prometheus's own tool finds nothing wrong, and the alerts fire when they should."""
    tool = shutil.which("promtool")
    if tool is None:
        pytest.skip("promtool is not installed (it is in Debian's package prometheus)")
    for arguments in (
        ("check", "rules", str(ALERTS)),
        ("check", "config", str(FOLDER / "prometheus.yml")),
        ("test", "rules", str(Path(__file__).with_name("alerts_test.yml"))),
    ):
        done = subprocess.run(
            [tool, *arguments], capture_output=True, check=False, encoding="utf-8"
        )
        assert done.returncode == 0, done.stdout + done.stderr
