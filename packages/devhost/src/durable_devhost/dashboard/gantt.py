"""A timeline as a picture in SVG. Pure; every bar is in the table beside it too, for those who do not see it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from durable_devhost.dashboard.markup import Markup, tag
from durable_devhost.dashboard.sources import StatusChange
from durable_devhost.dashboard.timeline import Bar

MOST_BARS = 200
"""How many bars one picture has; a longer history goes on in the table alone."""

_WIDTH = 1000
_NAMES = 300
_ROW = 26
_TOP = 30
_LEAST = 4.0
_TICKS = 4
_LONGEST_NAME = 38
_LONGEST_STATUS = 300
_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def gantt(bars: Sequence[Bar], now: datetime, statuses: Sequence[StatusChange] = ()) -> Markup:
    """Draw the bars; what is open reaches to `now`. Custom statuses are one more row, above."""
    shown = bars[:MOST_BARS]
    first = min((bar.start for bar in shown), default=now)
    last = max([bar.end or max(now, bar.start) for bar in shown], default=now)
    span = max(last - first, timedelta(milliseconds=1))
    above = 1 if statuses else 0
    height = _TOP + _ROW * (above + len(shown)) + 8
    ticks = [_tick(step, first, span, height) for step in range(_TICKS + 1)]
    rows = [_row(above + index, bar, first, span, last) for index, bar in enumerate(shown)]
    return tag(
        "svg",
        *ticks,
        _statuses(statuses, first, span) if statuses else None,
        *rows,
        viewBox=f"0 0 {_WIDTH} {height}",
        class_="gantt",
        role="img",
        aria_label=f"{len(shown)} bars over {duration(span)}; the table below has the same in words",
    )


def duration(span: timedelta) -> str:
    """How long something took, in its largest two units: `2 h 5 min`, `340 ms`."""
    seconds = span.total_seconds()
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.2f}".rstrip("0").rstrip(".") + " s"
    left, parts = round(seconds), list[str]()
    for size, name in _UNITS:
        if left >= size and len(parts) < 2:
            parts.append(f"{left // size} {name}")
            left %= size
    return " ".join(parts)


def _x(when: datetime, first: datetime, span: timedelta) -> float:
    return _NAMES + (_WIDTH - _NAMES - 10) * ((when - first) / span)


def _statuses(statuses: Sequence[StatusChange], first: datetime, span: timedelta) -> Markup:
    """A row of one bar for each custom status, from its change to the next one; what was before `first` is left out."""
    last, drawn = first + span, list[Markup]()
    ends = [each.at for each in statuses[1:]] + [last]
    for number, (status, end) in enumerate(zip(statuses, ends, strict=True)):
        start, end = max(status.at, first), min(end, last)
        if status.text is None or start > last or end < first:
            continue
        x = _x(start, first, span)
        width = max(_x(max(end, start), first, span) - x, _LEAST)
        text = status.text if len(status.text) <= _LONGEST_STATUS else f"{status.text[: _LONGEST_STATUS - 1]}…"
        bar = tag(
            "rect",
            tag("title", f"{text}, from {status.at:%Y-%m-%d %H:%M:%S}"),
            x=round(min(x, _WIDTH - 10 - width), 1), y=_TOP + 4, width=round(width, 1), height=_ROW - 8,
            class_=f"bar custom {'even' if number % 2 else 'odd'}",
        )  # fmt: skip
        drawn.append(bar)
    return tag("g", tag("text", "custom status", x=4, y=_TOP + 17), *drawn)


def _tick(step: int, first: datetime, span: timedelta, height: int) -> Markup:
    x = round(_x(first + span * step / _TICKS, first, span), 1)
    anchor = "start" if step == 0 else "end" if step == _TICKS else "middle"
    label = "0" if step == 0 else duration(span * step / _TICKS)
    line = tag("line", x1=x, x2=x, y1=_TOP - 6, y2=height, class_="tick")
    return tag("g", line, tag("text", label, x=x, y=_TOP - 12, text_anchor=anchor))


def _row(index: int, bar: Bar, first: datetime, span: timedelta, last: datetime) -> Markup:
    y = _TOP + _ROW * index
    left, right = _x(bar.start, first, span), _x(bar.end or last, first, span)
    width = max(right - left, _LEAST)
    name = bar.name if bar.attempt == 1 else f"{bar.name} · try {bar.attempt}"
    short = name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"
    drawn = tag(
        "rect",
        x=round(min(left, _WIDTH - 10 - width), 1), y=y + 4, width=round(width, 1), height=_ROW - 8, rx=3,
        class_=f"bar {bar.kind} {bar.state}".replace("not waited for", "cancelled"),
    )  # fmt: skip
    title = tag("title", f"{bar.kind} {name}, {bar.state}, {duration((bar.end or last) - bar.start)}")
    return tag("g", title, tag("text", short, x=4, y=y + 17), drawn)
