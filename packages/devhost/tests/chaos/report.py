"""The tables of a sweep, as Markdown: what came of each scenario under each fault, and an example of each failure."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from packages.devhost.tests.chaos.verdicts import RED, Run, Verdict

_LETTERS = {Verdict.STUCK: "s", Verdict.LOST: "l", Verdict.DOUBLED: "d", Verdict.DIED: "x"}
_HEAD = ("runs", "right", "stuck", "lost", "doubled", "died", "untrue 4xx", "5xx asked again", "bodies twice", "hasty")
_CELLS = "A cell: runs, then s stuck, l lost, d doubled, x host died, r refused with an untrue 4xx; `-`: not tried.\n"
_COLUMNS = (
    "`5xx asked again`: a caller was told an error, asked again, and it was granted; `bodies twice`: an activity ran "
    "again, and its result counted once; `hasty`: asked again before the time that Retry-After had named. "
    "None of these is a failure.\n"
)
_DULL = ('"event": "ready"', '"event": "invocation"', '"event": "request"')
_EXAMPLE_LINES = 12
_LINE = 600


def report(runs: Sequence[Run]) -> str:
    """All tables and examples."""
    red = [run for run in runs if run.is_red]
    parts = [
        _matrix(runs),
        _CELLS,
        _sums(runs, "fault", lambda run: run.fault),
        _sums(runs, "scenario", lambda run: run.scenario),
        _COLUMNS,
    ]
    if red:
        parts.append("## One example of each failure\n")
        parts += [_example(found) for found in _cells(red).values()]
    return "\n".join(parts)


def line(scenario: str, fault: str, runs: Sequence[Run]) -> str:
    """One line of progress."""
    return f"{scenario:14} {fault:18} {_cell(runs)}"


def _matrix(runs: Sequence[Run]) -> str:
    cells = _cells(runs)
    scenarios = list(dict.fromkeys(run.scenario for run in runs))
    faults = list(dict.fromkeys(run.fault for run in runs))
    rows = [[name, *(_cell(cells.get((name, fault), ())) for fault in faults)] for name in scenarios]
    return _table(["scenario", *faults], rows)


def _cells(runs: Iterable[Run]) -> dict[tuple[str, str], list[Run]]:
    cells: dict[tuple[str, str], list[Run]] = defaultdict(list)
    for run in runs:
        cells[run.scenario, run.fault].append(run)
    return cells


def _cell(runs: Sequence[Run]) -> str:
    if not runs:
        return "-"
    counts = [f"{letter}{n}" for kind, letter in _LETTERS.items() if (n := sum(run.verdict is kind for run in runs))]
    if denied := sum(bool(run.denied) for run in runs):
        counts.append(f"r{denied}")
    return " ".join([str(len(runs)), *counts])


def _sums(runs: Sequence[Run], title: str, key: Callable[[Run], str]) -> str:
    groups: dict[str, list[Run]] = defaultdict(list)
    for run in runs:
        groups[key(run)].append(run)
    groups["**all**"] = list(runs)
    return _table([title, *_HEAD], [[name, *map(str, _counts(found))] for name, found in groups.items()])


def _counts(runs: Sequence[Run]) -> list[int]:
    return [
        len(runs),
        *(sum(run.verdict is kind for run in runs) for kind in (Verdict.RIGHT, *RED)),
        sum(bool(run.denied) for run in runs),
        sum(bool(run.refused) for run in runs),
        sum(bool(run.repeated) for run in runs),
        sum(run.was_hasty for run in runs),
    ]


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(each)} |" for each in lines) + "\n"


def _example(runs: Sequence[Run]) -> str:
    """The first red run of a cell in full, the others by their call."""
    run = runs[0]
    parts = [f"### {run.scenario}, {run.fault}: {run.verdict.value}{' and untrue refusal' if run.denied else ''}\n"]
    parts.append(f"* call {run.at} of the {run.choice}: `{run.call}`")
    parts.append(f"* found: `{run.found}`{f'; {run.note}' if run.note else ''}")
    if run.after_restart:
        parts.append(f"* after a restart of the host: {run.after_restart}")
    parts += [f"* untrue refusal: {each}" for each in run.denied]
    parts += [f"* refused, asked again: {each}" for each in run.refused[:2]]
    for other in runs[1:]:
        what = "untrue refusal" if other.verdict is Verdict.RIGHT else other.verdict.value
        parts.append(
            f"* also {what} at call {other.at}: `{other.call}`, found `{other.found}` {other.note[:99]}".rstrip()
        )
    said = [each[:_LINE] for each in run.lines if not any(dull in each for dull in _DULL)]
    parts += ["", "```", *said[-_EXAMPLE_LINES:], "```", ""]
    return "\n".join(parts)
