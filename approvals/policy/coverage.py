"""Whether some stage of a policy takes every proposal, and whether two that look like one or the other take the same.

Costs are cut where any condition begins or ends. Between two cuts all amounts meet the same stages, so that looking at
each such piece, with each department and each sum of the checks, proves something of all proposals there can be.
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

ALWAYS = Condition()
"""The condition of a stage that has none."""

_SUMS: tuple[FindingWord, ...] = ("passed", "warnings", "objections")
"""What checks come to where they could be carried out; where they could not, every condition on findings holds."""
_CHECKS = frozenset[str](get_args(Check))

FORESEEN: tuple[tuple[str, ...], ...] = (
    (UNKNOWN,),
    CLEAN,
    *((total, check) for total in ("warnings", "objections") for check in sorted(_CHECKS)),
)
"""Findings that, one after the other, bring in every stage that findings can bring in, and leave out all they can."""


class Cut(NamedTuple):
    """A place between two amounts: right before one, or right after it."""

    at: Decimal
    after: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """The costs between two cuts."""

    low: Cut
    high: Cut

    def __str__(self) -> str:
        """Return it as an interval: `(1000, 2000]` is above 1000 and up to 2000."""
        end = "∞)" if self.high == _END else f"{self.high.at.normalize():f}{']' if self.high.after else ')'}"
        return f"{'(' if self.low.after else '['}{self.low.at.normalize():f}, {end}"

    def holds_amounts(self, decimals: int) -> bool:
        """Say whether any amount of a currency with so many decimals is inside."""
        return _first(self.low, decimals) < _first(self.high, decimals)


_BEGIN, _END = Cut(Decimal(0), after=False), Cut(Decimal("Infinity"), after=False)
ANY_COST = Band(low=_BEGIN, high=_END)


def _first(cut: Cut, decimals: int) -> Decimal:
    """Return the first amount behind a cut, in the smallest units of its currency."""
    if cut == _END:
        return cut.at
    units = cut.at.scaleb(decimals)
    if cut.after:
        return units.to_integral_value(rounding=ROUND_FLOOR) + 1
    return units.to_integral_value(rounding=ROUND_CEILING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """Proposals that meet no stage."""

    costs: Band
    departments: tuple[str, ...]
    """Empty where it is so for each."""
    findings: tuple[str, ...]
    """Which sums of the checks; empty where it is so for each."""

    def __str__(self) -> str:
        """Return it in words."""
        costs = "any cost" if self.costs == ANY_COST else f"a cost in {self.costs}"
        where = f" of the department {' or '.join(self.departments)}" if self.departments else ""
        checks = f" where the checks say {' or '.join(self.findings)}" if self.findings else ""
        return f"{costs}{where}{checks}"


def find_gaps(conditions: Sequence[Condition], departments: Sequence[str], decimals: int) -> tuple[Gap, ...]:
    """Return what no condition takes, each gap as wide as it is; `departments` are all that there are, or none.

    Each condition names departments only of these. `decimals` are those of the currency that costs are given in.
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
    """Yield which costs a department's proposals meet no stage with, and after which sums of the checks if not all."""
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
    """Return the sums of the checks that meet none of these conditions, which differ by findings alone."""
    if any(not each.findings for each in conditions):
        return ()
    known = {word for each in conditions for word in each.findings}
    # Checks that have nothing to say pass; any other sum comes with the name of a check.
    return tuple(each for each in _SUMS if each not in known and (each == "passed" or not known >= _CHECKS))


def band_of(condition: Condition) -> Band:
    """Return the costs that a condition takes."""
    above, least, most = condition.cost_above, condition.cost_from, condition.cost_up_to
    low = Cut(exact(above), after=True) if above is not None else Cut(exact(least or 0.0), after=False)
    return Band(low=max(low, _BEGIN), high=Cut(exact(most), after=True) if most is not None else _END)


def find_overlaps(conditions: Sequence[Condition], decimals: int) -> Iterator[tuple[int, int, Band]]:
    """Yield each two conditions that split costs and both take some, by their places, with the costs that they share.

    Two are meant where they are for the same costs, and where both are for all above some cost: there more is asked of
    what costs more. Conditions that choose by something else besides are not compared with those that do not.
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
    """Say whether both leave it open, or have something in common."""
    return one == other or not one.isdisjoint(other)
