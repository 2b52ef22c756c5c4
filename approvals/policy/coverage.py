"""Whether the conditions of a policy cover every proposal, and whether two of them overlap by mistake.

The costs are divided where any condition begins or ends. All amounts between two such cuts meet the same stages. So it
is enough to try each interval with each department and each summary of the checks to cover every possible proposal.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from itertools import combinations, groupby, pairwise
from typing import NamedTuple, get_args

from approvals.currencies import exact
from approvals.findings import CLEAN, Check
from approvals.names import key
from approvals.policy.stages import UNKNOWN, Condition, FindingWord

ALWAYS = Condition.model_construct()  # without a check, for which a validator would be built when the app starts
"""The condition of a stage without a condition."""

_SUMS: tuple[FindingWord, ...] = ("passed", "warnings", "objections")
"""The summaries of checks that could be carried out. If they could not, every condition on findings holds."""
_CHECKS = frozenset[str](get_args(Check))

FORESEEN: tuple[tuple[str, ...], ...] = (
    (UNKNOWN,),
    CLEAN,
    *((total, check) for total in ("warnings", "objections") for check in sorted(_CHECKS)),
)
"""Findings that together include every stage that findings can include, and leave out every stage that they can."""


class AmountLimit(NamedTuple):
    """A point between two amounts: right before an amount, or right after it."""

    at: Decimal
    after: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """The costs between two cuts."""

    low: AmountLimit
    high: AmountLimit

    def __str__(self) -> str:
        """Return the interval in mathematical notation: `(1000, 2000]` is above 1000 and up to 2000."""
        end = "∞)" if self.high == _END else f"{self.high.at.normalize():f}{']' if self.high.after else ')'}"
        return f"{'(' if self.low.after else '['}{self.low.at.normalize():f}, {end}"

    def holds_amounts(self, decimals: int) -> bool:
        """Say whether the interval contains an amount of a currency with so many decimals."""
        return _first(self.low, decimals) < _first(self.high, decimals)


_BEGIN, _END = AmountLimit(Decimal(0), after=False), AmountLimit(Decimal("Infinity"), after=False)
ANY_COST = Band(low=_BEGIN, high=_END)


def _first(cut: AmountLimit, decimals: int) -> Decimal:
    """Return the first amount after a cut, in the smallest unit of the currency."""
    if cut == _END:
        return cut.at
    units = cut.at.scaleb(decimals)
    if cut.after:
        return units.to_integral_value(rounding=ROUND_FLOOR) + 1
    return units.to_integral_value(rounding=ROUND_CEILING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Proposals that no stage covers."""

    costs: Band
    departments: tuple[str, ...]
    """Empty if the gap is the same for all departments."""
    findings: tuple[str, ...]
    """Summaries of the checks; empty if the gap is the same for all."""

    def __str__(self) -> str:
        """Return the gap in words."""
        costs = "any cost" if self.costs == ANY_COST else f"a cost in {self.costs}"
        where = f" of the department {' or '.join(self.departments)}" if self.departments else ""
        checks = f" where the checks say {' or '.join(self.findings)}" if self.findings else ""
        return f"{costs}{where}{checks}"


def find_gaps(conditions: Sequence[Condition], departments: Sequence[str], decimals: int) -> tuple[Gap, ...]:
    """Return the proposals that no condition covers, each gap in its full width.

    `departments` lists all departments, or none; conditions name only these. `decimals` are those of the currency.
    """
    if ALWAYS in conditions:
        return ()
    missing = dict[tuple[Band, tuple[str, ...]], list[str]]()
    for department in departments or ("",):
        for band, findings in _missing(conditions, department, decimals):
            missing.setdefault((band, findings), []).append(department)
    return tuple(
        Gap(costs=band, departments=() if len(where) == len(departments or ("",)) else tuple(where), findings=findings)
        for (band, findings), where in missing.items()
    )


def _missing(conditions: Sequence[Condition], department: str, decimals: int) -> Iterator[tuple[Band, tuple[str, ...]]]:
    """Yield the costs that no stage covers for a department, each with the summaries of the checks if not for all."""
    here = [
        (band_of(each), each)
        for each in conditions
        if not each.departments or key(department) in map(key, each.departments)
    ]

    def unmet(piece: Band) -> tuple[str, ...]:
        return _unmet([each for band, each in here if band.low <= piece.low and piece.high <= band.high])

    cuts = {_BEGIN, _END} | {cut for band, _ in here for cut in (band.low, band.high)}
    pieces = (Band(low=low, high=high) for low, high in pairwise(sorted(cuts)))
    for sums, run in groupby((piece for piece in pieces if piece.holds_amounts(decimals)), key=unmet):
        found = list(run)
        if sums:
            yield Band(low=found[0].low, high=found[-1].high), () if sums == _SUMS else sums


def _unmet(conditions: Sequence[Condition]) -> tuple[str, ...]:
    """Return the summaries of the checks that meet none of these conditions, which differ only by their findings."""
    if any(not each.findings for each in conditions):
        return ()
    known = {word for each in conditions for word in each.findings}
    # Checks without findings pass; any other summary has the name of a check beside it.
    return tuple(each for each in _SUMS if each not in known and (each == "passed" or not known >= _CHECKS))


def band_of(condition: Condition) -> Band:
    """Return the costs that a condition covers."""
    above, least, most = condition.cost_above, condition.cost_from, condition.cost_up_to
    low = AmountLimit(exact(above), after=True) if above is not None else AmountLimit(exact(least or 0.0), after=False)
    return Band(low=max(low, _BEGIN), high=AmountLimit(exact(most), after=True) if most is not None else _END)


def find_overlaps(conditions: Sequence[Condition], decimals: int) -> Iterator[tuple[int, int, Band]]:
    """Yield each pair of conditions that divide costs but overlap: their positions and the costs that both cover.

    It is not an overlap if both cover the same costs, or if both have no upper limit: then higher costs need more
    stages on purpose. A condition on something else besides is not compared with one without.
    """
    for (one, first), (other, second) in combinations(enumerate(conditions), 2):
        if not (first.costs and second.costs and _alike(first, second)):
            continue
        a, b = band_of(first), band_of(second)
        shared = Band(low=max(a.low, b.low), high=min(a.high, b.high))
        if a != b and (a.high, b.high) != (_END, _END) and shared.holds_amounts(decimals):
            yield one, other, shared


def _alike(one: Condition, other: Condition) -> bool:
    departments = ({key(each) for each in condition.departments} for condition in (one, other))
    return _meet(*departments) and _meet(set(one.findings), set(other.findings))


def _meet(one: set[str], other: set[str]) -> bool:
    """Say whether the two are equal, or have something in common."""
    return one == other or not one.isdisjoint(other)
