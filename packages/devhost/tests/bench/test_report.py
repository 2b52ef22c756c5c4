"""The table of the benchmark."""

from pathlib import Path

import pytest

from packages.devhost.bench.report import Cell, picture, table, write_between
from packages.devhost.bench.workloads import Workload

LESS = Workload("one chain", "ms", "less", lambda *_: 0)
MORE = Workload("200 at once", "a second", "more", lambda *_: 0)
NAMES = ["devhost", "another"]


def figures(first: list[float], second: list[float]) -> dict[str, Cell]:
    """Cells of both contenders."""
    return {"devhost": Cell(first), "another": Cell(second)}


def test_a_cell_shows_the_median_of_its_rounds() -> None:
    """One slow round does not count, nor does one fast one."""
    text = table([LESS], NAMES, {"one chain": figures([30, 10, 20], [40])})
    assert text.splitlines()[-1] == "| one chain, ms | 20.0 | 40.0 (2.00 x) |"


@pytest.mark.parametrize(("workload", "bold"), [(LESS, [1.0, 2.0]), (MORE, [2.0, 1.0])])
def test_what_is_better_than_the_first_is_bold(workload: Workload, bold: list[float]) -> None:
    """More is better for what is counted in a second, less for times."""
    better, worse = ([figure] for figure in bold)
    assert "**" in table([workload], NAMES, {workload.title: figures(worse, better)})
    assert "**" not in table([workload], NAMES, {workload.title: figures(better, worse)})


def test_a_contender_without_a_figure_says_why() -> None:
    """It has no number that could be mistaken for one."""
    cells = {"devhost": Cell([1.0]), "another": Cell(missing="all lost")}
    assert table([LESS], NAMES, {"one chain": cells}).endswith("| 1.00 | all lost |")


def test_the_picture_leaves_out_what_only_one_has_measured() -> None:
    """There is nothing to compare."""
    alone = {"devhost": Cell([1.0]), "another": Cell(missing="-")}
    drawn = picture([LESS, MORE], NAMES, {"one chain": alone, "200 at once": figures([1], [2])})
    assert "200 at once" in drawn
    assert "one chain" not in drawn


def test_a_part_of_a_document_is_replaced_and_the_rest_is_kept(tmp_path: Path) -> None:
    """What people wrote around it stays."""
    document = tmp_path / "performance.md"
    document.write_text("Before\n<!-- bench: engines -->\nold\n<!-- end of bench: engines -->\nAfter\n")
    write_between(document, "engines", "new")
    kept = "Before\n<!-- bench: engines -->\n\nnew\n\n<!-- end of bench: engines -->\nAfter\n"
    assert document.read_text() == kept


def test_a_document_without_the_part_is_left_alone(tmp_path: Path) -> None:
    """A wrong path must not cost a document."""
    document = tmp_path / "performance.md"
    document.write_text("Nothing")
    with pytest.raises(ValueError, match="has no part"):
        write_between(document, "engines", "new")
    assert document.read_text() == "Nothing"
