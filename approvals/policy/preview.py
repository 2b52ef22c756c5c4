"""Preview: which stages a proposal would go through, who would be asked, and until when."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, combinations
from typing import Any, get_args

from approvals.findings import CLEAN, Check
from approvals.policy.plan import choose_stages
from approvals.policy.policy import Policy, Stage
from approvals.policy.stages import UNKNOWN

_CHECKS = get_args(Check)
_SUMS = ("warnings", "objections")
Findings = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """The stages that a proposal goes through after certain findings."""

    findings: tuple[Findings, ...]
    """Each one leads to these stages. It has the summary of the checks, then the checks that the policy asks for."""
    stages: tuple[Stage, ...]


def find_ways(policy: Policy, *, author: str, cost: float, currency: str, department: str | None) -> tuple[Way, ...]:
    """Return every possible sequence of stages for a proposal, the first one for checks that pass.

    The proposal must have passed `policy.check_for`.
    """
    ways = dict[tuple[Stage, ...], list[Findings]]()
    for findings in _possible(policy):
        stages = choose_stages(
            policy, author=author, cost=cost, currency=currency, department=department, findings=findings
        )
        ways.setdefault(stages, []).append(findings)
    return tuple(Way(findings=tuple(found), stages=stages) for stages, found in ways.items())


def _possible(policy: Policy) -> Iterator[Findings]:
    """Yield all findings that the policy distinguishes."""
    yield CLEAN
    asked = _asked_for(policy)
    least = 1 if len(asked) == len(_CHECKS) else 0  # any summary except `passed` has the name of a check beside it
    some = chain.from_iterable(combinations(asked, count) for count in range(least, len(asked) + 1))
    yield from ((total, *checks) for checks in some for total in _SUMS)
    yield (UNKNOWN,)


def _asked_for(policy: Policy) -> tuple[str, ...]:
    words = {word for stage in policy.stages if stage.when for word in stage.when.findings}
    return tuple(each for each in _CHECKS if each in words)


def show_way(stages: Collection[Stage], now: datetime) -> list[dict[str, Any]]:
    """Return stages as plain JSON data, with their deadlines for a proposal that is submitted now.

    `deadline` is the stage's deadline if all earlier stages are answered immediately. `latestEnd` is the end if every
    answer comes at the last moment: the stage has ended by then in any case. Requests for changes stop the clock.
    """
    shown, latest = list[dict[str, Any]](), now
    for stage in stages:
        latest += timedelta(hours=sum(_windows(stage)))
        shown.append(
            {
                "name": stage.name,
                "kind": stage.kind,
                "rule": stage.rule,
                "needed": stage.needed,
                "approvers": list(stage.approvers),
                "required": list(stage.required),
                "anyone": stage.anyone,
                "windowHours": stage.window_hours,
                "deadline": (now + timedelta(hours=stage.window_hours)).isoformat(),
                "escalateTo": [
                    {"to": list(rung.to), "windowHours": rung.window_hours or stage.window_hours}
                    for rung in stage.escalate_to
                ],
                "onTimeout": stage.on_timeout,
                "latestEnd": latest.isoformat(),
            }
        )
    return shown


def _windows(stage: Stage) -> tuple[float, ...]:
    climbs = stage.escalate_to if stage.on_timeout == "escalate" else ()
    return (stage.window_hours, *(rung.window_hours or stage.window_hours for rung in climbs))
