"""The figures as a table in Markdown and as a picture."""

import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from packages.devhost.bench.workloads import Workload

_MARKS = ("<!-- bench: {} -->", "<!-- end of bench: {} -->")


@dataclass
class Cell:
    """What one contender took for one workload, round by round, or why it has no figure."""

    figures: list[float] = field(default_factory=list)
    missing: str = ""
    """Stands in the table then."""

    @property
    def median(self) -> float | None:
        """The middle of the rounds."""
        return statistics.median(self.figures) if self.figures else None


Figures = Mapping[str, Mapping[str, Cell]]
"""By workload's title, then by contender's name."""


def table(workloads: Sequence[Workload], names: Sequence[str], figures: Figures) -> str:
    """Return rows of workloads, columns of contenders; each figure with its ratio to the first contender's."""
    lines = [f"| | {' | '.join(names)} |", f"| --- |{' --- |' * len(names)}"]
    for workload in workloads:
        cells = figures[workload.title]
        first = cells[names[0]].median
        texts = [_text(workload, cells[name], first, name == names[0]) for name in names]
        lines.append(f"| {workload.title}, {workload.unit} | {' | '.join(texts)} |")
    return "\n".join(lines)


def picture(workloads: Sequence[Workload], names: Sequence[str], figures: Figures) -> str:
    """Return an SVG: how many times as fast as the first contender each one is; 1 is as fast as it."""
    import pygal
    from pygal.style import Style

    # pygal leaves a finder of its plug-ins behind that Python 3.12 warns about at every later import.
    sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__ != "pygal"]
    grey = "#7d878f"
    style = Style(
        background="transparent", plot_background="transparent", foreground=grey, foreground_strong=grey,
        foreground_subtle=grey, colors=("#1a6b43", "#7d878f", "#b37400", "#a4262c", "#5b4a8a", "#2f6f9f", "#704214"),
    )  # fmt: skip
    shown = [each for each in workloads if sum(cell.median is not None for cell in figures[each.title].values()) > 1]
    chart = pygal.HorizontalBar(
        style=style, js=[], width=900, height=160 + 26 * len(shown) * len(names), legend_at_bottom=True,
        logarithmic=True, title=f"Times as fast as {names[0]}, on a logarithmic scale: longer is faster",
    )  # fmt: skip
    chart.x_labels = [each.title for each in shown]
    for name in names:
        chart.add(
            name,
            [_speed(each, figures[each.title][names[0]].median, figures[each.title][name].median) for each in shown],
        )
    return str(chart.render(is_unicode=True, pretty_print=True))


def write_between(path: Path, part: str, text: str) -> None:
    """Replace what stands between the two marks of a part in a document; raises ValueError if it has none."""
    first, last = (mark.format(part) for mark in _MARKS)
    before, found, rest = path.read_text().partition(first)
    _, ended, after = rest.partition(last)
    if not found or not ended:
        raise ValueError(f"{path} has no part {first} … {last}")
    path.write_text(f"{before}{first}\n\n{text.strip()}\n\n{last}{after}")


def _text(workload: Workload, cell: Cell, first: float | None, is_first: bool) -> str:
    median = cell.median
    if median is None:
        return cell.missing
    ratio = "" if is_first or not first else f" ({median / first:.2f} x)"
    better = "**" if not is_first and (_speed(workload, first, median) or 0) > 1 else ""
    return f"{better}{_number(median)}{better}{ratio}"


def _speed(workload: Workload, first: float | None, median: float | None) -> float | None:
    if not first or not median:
        return None
    return round(first / median if workload.better == "less" else median / first, 3)


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
