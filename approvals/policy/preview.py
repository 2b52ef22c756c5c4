"""Who will have to approve a proposal, before it is handed in: its stages, whom they ask, and until when."""

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
    """The stages that a proposal meets after certain findings."""

    findings: tuple[Findings, ...]
    """The sum of the checks first, then those checks that the policy asks for; any of these leads this way."""
    stages: tuple[Stage, ...]


def find_ways(policy: Policy, *, author: str, cost: float, currency: str, department: str | None) -> tuple[Way, ...]:
    """Return every way that a proposal may go; the first is the one where the checks of its documents pass.

    The proposal has passed `policy.check_for`.
    """
    ways = dict[tuple[Stage, ...], list[Findings]]()
    for findings in _possible(policy):
        stages = choose_stages(
            policy, author=author, cost=cost, currency=currency, department=department, findings=findings
        )
        ways.setdefault(stages, []).append(findings)
    return tuple(Way(findings=tuple(found), stages=stages) for stages, found in ways.items())


def _possible(policy: Policy) -> Iterator[Findings]:
    """Yield everything that checks can come to, as far as the policy tells it apart."""
    yield CLEAN
    asked = _asked_for(policy)
    least = 1 if len(asked) == len(_CHECKS) else 0  # any sum but `passed` comes with the name of a check
    some = chain.from_iterable(combinations(asked, count) for count in range(least, len(asked) + 1))
    yield from ((total, *checks) for checks in some for total in _SUMS)
    yield (UNKNOWN,)


def _asked_for(policy: Policy) -> tuple[str, ...]:
    words = {word for stage in policy.stages if stage.when for word in stage.when.findings}
    return tuple(each for each in _CHECKS if each in words)


def show_way(stages: Collection[Stage], now: datetime) -> list[dict[str, Any]]:
    """Return stages as plain JSON data, with the deadlines that they have if the proposal is handed in now.

    `deadline` holds where all that comes before is answered at once, `latestEnd` where all is answered at the last
    moment: whatever people do, the stage is over by then. Changes that are asked for stop the clock.
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
