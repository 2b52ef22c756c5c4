"""Charts of the reports as SVG. Each stands beside a table with the same figures, for whoever does not see it."""

import re
import sys
from typing import Any

from approvals.reports import OUTCOMES, Report
from approvals.visible import one_line

_COLOURS = ("#1a6b43", "#a4262c", "#7d878f", "#b37400", "#5b4a8a")
_GREY = "#7d878f"
"""Readable on a light ground and on a dark one: a picture does not know which it is on."""

_MOST_STAGES = 12
"""In a chart; the table has all."""


def outcomes_chart(report: Report) -> str:
    """Return how many proposals ended each month, by outcome."""
    pygal, style = _library()
    chart = pygal.StackedBar(style=style, js=[], width=820, height=300, legend_at_bottom=True, x_label_rotation=35)
    chart.uuid = "outcomes"
    chart.x_labels = [each.month for each in report.months]
    for outcome in OUTCOMES:
        chart.add(outcome, [dict(each.outcomes)[outcome] for each in report.months])
    return _text(chart)


def stages_chart(report: Report) -> str:
    """Return how long stages take: the median and the 90th percentile, in hours."""
    pygal, style = _library()
    shown = report.stages[:_MOST_STAGES]
    height = 120 + 44 * len(shown)
    chart = pygal.HorizontalBar(style=style, js=[], width=820, height=height, legend_at_bottom=True)
    chart.uuid = "stages"
    chart.x_labels = [one_line(each.stage)[:40] for each in shown]
    chart.add("median, hours", [round(each.median, 1) for each in shown])
    chart.add("90th percentile, hours", [round(each.percentile_90, 1) for each in shown])
    return _text(chart)


def style_of(svg: str) -> str:
    """Return the text of a chart's style element, which its headers must allow."""
    found = re.search(r"<style[^>]*>(.*?)</style>", svg, re.DOTALL)
    return found[1] if found else ""


def _library() -> tuple[Any, Any]:
    """Import pygal where a chart is drawn, and not when the app starts."""
    import pygal
    from pygal.style import Style

    # With it pygal finds plug-ins of its own, in a way that Python 3.12 has given up; it would slow every later import.
    sys.meta_path[:] = [finder for finder in sys.meta_path if type(finder).__module__ != "pygal"]

    fonts = "Segoe UI, Helvetica, Arial, sans-serif"
    return pygal, Style(
        background="transparent",
        plot_background="transparent",
        foreground=_GREY,
        foreground_strong=_GREY,
        foreground_subtle=_GREY,
        colors=_COLOURS,
        font_family=fonts,
        label_font_size=12,
        major_label_font_size=12,
        legend_font_size=13,
        transition="none",
    )


def _text(chart: Any) -> str:
    """Return the picture without the script in which pygal keeps its settings; no page of ours runs any."""
    rendered: str = chart.render(is_unicode=True, disable_xml_declaration=True)
    return re.sub(r"<script\b.*?</script>", "", rendered, flags=re.DOTALL)
