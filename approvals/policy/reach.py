"""Errors in a policy's conditions as a whole: proposals that no stage covers, or that two stages cover by mistake."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from approvals.currencies import decimals_of, fits, too_fine
from approvals.names import among
from approvals.policy.coverage import find_gaps, find_overlaps
from approvals.policy.stages import MOST_PEOPLE, USUAL_CURRENCY, Condition


def reach_faults(conditions: Sequence[Condition], policy: Mapping[Any, Any]) -> Iterator[str]:
    """Yield each error with its place. `conditions` are those of all stages; `policy` is the JSON data."""
    departments, limit, currency = (policy.get(name) for name in ("departments", "budgetLimit", "currency"))
    currency = USUAL_CURRENCY if currency is None else currency
    decimals = decimals_of(currency) if isinstance(currency, str) else None
    listed = departments[:MOST_PEOPLE] if isinstance(departments, list | tuple) else ()
    names = tuple(each for each in listed if isinstance(each, str))
    yield from _unlisted(conditions, names)
    if decimals is None:
        return  # the model reports this error
    yield from _too_fine(conditions, limit, currency)
    for one, other, shared in find_overlaps(conditions, decimals):
        yield f"stages.{other}.when: a cost in {shared} meets stages.{one} as well; start one where the other ends"
    yield from _gaps(conditions, names, decimals, policy.get("otherwise"))


def _unlisted(conditions: Sequence[Condition], departments: tuple[str, ...]) -> Iterator[str]:
    """Yield departments that the policy does not list: a misspelt one would bypass the stage that is meant for it."""
    if not departments and any(each.departments for each in conditions):
        yield "departments: is missing; conditions choose by department, so list all departments"
        return
    for index, condition in enumerate(conditions):
        for place, department in enumerate(condition.departments):
            if not among(department, departments):
                yield f"stages.{index}.when.departments.{place}: is not among the policy's departments"


def _too_fine(conditions: Sequence[Condition], limit: object, currency: str) -> Iterator[str]:
    if isinstance(limit, int | float) and not fits(float(limit), currency):
        yield f"budgetLimit: {too_fine(currency)}"
    for index, condition in enumerate(conditions):
        if not all(fits(each, currency) for each in condition.costs):
            yield f"stages.{index}.when: a cost {too_fine(currency)}"


def _gaps(
    conditions: Sequence[Condition], departments: tuple[str, ...], decimals: int, otherwise: object
) -> Iterator[str]:
    if isinstance(otherwise, Mapping):
        return
    for gap in find_gaps(conditions, departments, decimals):
        if otherwise is None:
            yield f"stages: nothing covers {gap}; add a stage for it, or set otherwise"
        elif gap.findings:
            yield f"otherwise: {gap} cannot be refused, because the checks end only after submission; give a stage"
