"""The arithmetic of the benchmark, and that every figure reaches the reader."""

from __future__ import annotations

from xml.etree.ElementTree import fromstring

import pytest

from tests.bench.figures_made_up import figures, growth, variant
from workers.dev.bench.as_json import as_json
from workers.dev.bench.figures import BenchFigures, Spent, by_kind, percentile
from workers.dev.bench.plot import plot
from workers.dev.bench.tables import tables


@pytest.mark.parametrize(
    ("percent", "expected"), [(50.0, 50.0), (95.0, 95.0), (99.0, 99.0), (100.0, 100.0)]
)
def test_a_percentile_is_one_of_the_values(percent: float, expected: float) -> None:
    """Of 1 to 100, in whatever order, p50 is 50 and p99 is 99."""
    values = [float(number) for number in range(100, 0, -1)]
    assert percentile(values, percent) == expected


def test_a_percentile_of_one_value_is_that_value() -> None:
    """With a single measurement every percentile is that one."""
    assert [percentile([7.0], percent) for percent in (0.0, 50.0, 99.0, 100.0)] == [7.0] * 4


def test_processes_of_one_kind_count_together() -> None:
    """Two orders workers are one figure."""
    assert by_kind({"orders worker": 1.0, "orders-2 worker": 2.0, "kafka": 4.0}) == {
        "orders": 3.0,
        "kafka": 4.0,
    }


def test_processor_time_is_divided_among_the_orders() -> None:
    """Half a second for 1,000 orders is 500 µs for each."""
    spent = Spent(1_000, {"orders worker": 0.5, "mongodb": 0.25})
    assert spent.microseconds == {"orders": 500.0, "mongodb": 250.0}
    assert spent.all_microseconds == 750.0


def test_ratios_compare_with_the_floor() -> None:
    """A service that takes twice as long at three times the cost is told to do so."""
    floor, service = as_json(figures())["variants"]
    assert floor["toFloor"]["ordersPerSecond"] == 1.0
    assert service["toFloor"]["ordersPerSecond"] == 0.5
    assert service["toFloor"]["cpuMicrosecondsAll"] == pytest.approx(3.0)
    assert service["toFloor"]["latencies"]["50"]["p99"] == 2.0


def test_without_the_floor_there_are_figures_and_no_ratios() -> None:
    """A run of the service alone says what it measured."""
    alone = BenchFigures({}, (variant("service", 4.0, 0.3),))
    assert as_json(alone)["variants"][0]["toFloor"] is None
    cells = [cell for table in tables(alone) for row in table.rows for cell in row]
    assert "250" in cells
    assert not any("×" in cell for cell in cells)


def test_tables_show_figures_with_their_ratios() -> None:
    """Rates, costs and latencies come with how many times the floor's they are."""
    cells = {row[0]: row[1:] for table in tables(figures()) for row in table.rows}
    assert cells["orders/s"] == ("500", "250 (0.50×)")
    assert cells["µs of CPU/order, orders"] == ("200", "600 (3.00×)")
    assert cells["idle, orders, % of a core"] == ("2.0", "2.0 (1.00×)")
    assert cells["peak memory, orders, MB"] == ("246", "246 (1.00×)")
    assert cells["50 orders/s, p99, ms"] == ("198", "396 (2.00×)")
    assert cells["1,000,000"][-1] == "5,500 (1.10×)"
    assert cells["1, at once"] == ("1,000 (1.50×)", "667")
    assert cells["100 changes/s"] == ("667 (0.67×)", "1,000")


def test_what_was_not_measured_is_a_dash() -> None:
    """A kind of process that only one variant has, leaves a dash in the others' columns."""
    floor, service = figures().variants
    fewer = BenchFigures({}, (floor, variant("faust", 4.0, 0.1)))
    assert service.at(300.0) is None
    assert all(len(row) == 3 for table in tables(fewer) for row in table.rows)


def test_the_plot_is_xml_that_shows_each_figure() -> None:
    """Whoever opens the picture reads the rates, costs, latencies and growth in it."""
    root = fromstring(plot(figures()))  # noqa: S314 - our own picture
    texts = [element.text or "" for element in root.iter() if element.tag.endswith("text")]
    for shown in (
        "250 (0.50×) orders/s",
        "1,500 (3.00×) µs/order",
        "200 · 380 · 396 · 400 ms (p50 2.00×, p99 2.00×)",
        "5,500 (1.10×) µs/order",
        "Changes of one order cost 1.50× those of many",
    ):
        assert shown in texts


def test_bars_of_the_plot_stay_on_the_page() -> None:
    """Nothing is drawn beyond the picture's edge."""
    root = fromstring(plot(figures()))  # noqa: S314 - our own picture
    page = float(root.attrib["width"])
    bars = [element for element in root.iter() if element.tag.endswith("rect")]
    assert len(bars) > 10
    assert all(float(bar.attrib["x"]) + float(bar.attrib["width"]) <= page for bar in bars)


def test_faults_are_told_with_whose_work_they_are_in() -> None:
    """A fault of one variant, or of growth, makes the whole run unverified."""
    assert as_json(figures())["verified"] is True
    wrong = BenchFigures({}, (variant("floor", 1.0, 0.1, "3 orders"),), growth("lost"))
    assert wrong.faults == ["floor: 3 orders", "growth: lost"]
    assert as_json(wrong)["verified"] is False
