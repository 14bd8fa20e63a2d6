"""The reports of the chaos rig that are kept: together they try every fault often enough."""

from __future__ import annotations

import re
from collections import Counter
from typing import Final

from tests.docs.pages import ROOT, rows, sections_of
from workers.dev.chaos.faults import FAULTS
from workers.dev.chaos.report import ENOUGH
from workers.dev.verifying.report import INVARIANTS

REPORTS: Final = sorted((ROOT / "docs").glob("chaos-report*.md"))
TRIED_OTHERWISE: Final = {"mongo-away"}
"""It takes twenty minutes; docs/reliability.md tells of it."""


def test_every_fault_was_tried_often_enough() -> None:
    """Each fault of the rig has at least as many injections as count as tried, over all reports."""
    made: Counter[str] = Counter()
    for report in REPORTS:
        for row in rows(sections_of(report.read_text())["Faults"]):
            if name := re.fullmatch(r"`([a-z-]+)`", row[0]):
                made[name[1]] += int(row[1].replace(",", ""))
    assert {name: made[name] for name in FAULTS if made[name] < ENOUGH}.keys() == TRIED_OTHERWISE


def test_every_invariant_was_checked_and_held() -> None:
    """No report tells of a violation; each invariant was checked of something in one of them."""
    checked: set[int] = set()
    for report in REPORTS:
        text = report.read_text()
        assert "nothing lost, nothing doubled, nothing stuck" in text
        found = [row for row in rows(sections_of(text)["Invariants"]) if row[0].isdigit()]
        assert [int(row[0]) for row in found] == list(INVARIANTS)
        assert {row[3] for row in found} == {"0"}
        checked |= {int(row[0]) for row in found if not row[2].startswith("0 ")}
    assert checked == set(INVARIANTS)
