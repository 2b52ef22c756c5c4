"""Random policies for property tests: all of them can be used, and many are on the edge of what can."""

from typing import Any

from hypothesis import strategies as st

from approvals.policy.faults import find_faults
from approvals.policy.policy import Policy, read_policy

PEOPLE = ("Ana", "Ben", "Cem", "Dana", "Eli", "Fay")
"""Few, so that stages share them, and the author is among them."""

COSTS = st.sampled_from([0.0, 99.99, 100.0, 100.01, 500.0, 1000.0, 1e6])
DEPARTMENTS = st.sampled_from([None, "works", "Works ", "IT", "parks"])
FINDINGS = st.sampled_from([("passed",), ("incomplete",), ("incomplete", "text")]) | st.tuples(
    st.sampled_from(["warnings", "objections"]), st.sets(st.sampled_from(["virus", "text", "type"]), min_size=1)
).map(lambda drawn: (drawn[0], *sorted(drawn[1])))
"""As checks come to: their sum first, then each check that has something to say."""
CURRENCIES = st.sampled_from(["EUR", "EUR", "JPY"])
PROPOSALS = st.fixed_dictionaries(
    {"cost": COSTS.filter(float.is_integer), "currency": CURRENCIES, "department": DEPARTMENTS}
)
"""What a policy goes by, before there are findings."""
NAMES = st.lists(st.sampled_from(PEOPLE), min_size=1, unique=True)
HOURS = st.floats(0.1, 8760, allow_nan=False)


@st.composite
def conditions(draw: st.DrawFn) -> dict[str, Any]:
    """Return a condition that some proposal meets; those that split costs do it at the same places."""
    low, high = draw(st.sampled_from([(None, None), (100, None), (None, 100)]))
    departments = draw(st.sampled_from([[], ["WORKS"], ["it", "works"]]))
    findings = draw(st.sampled_from([[], ["objections"], ["virus", "warnings"], ["passed"]]))
    return {"costAbove": low, "costUpTo": high, "departments": departments, "findings": findings}


@st.composite
def stages(draw: st.DrawFn, number: int, *, conditional: bool = True) -> dict[str, Any]:
    """Return a stage in which everything goes together."""
    approvers = draw(NAMES)
    rule = draw(st.sampled_from(["first", "all", "quorum"]))
    window = draw(HOURS)
    higher = [person for person in PEOPLE if person not in approvers]
    some = st.lists(st.sampled_from(approvers), unique=True)
    ladder = draw(st.sampled_from([[], higher[:1], [{"to": higher, "windowHours": 2}] if higher else []]))
    return {
        "name": f"stage {number}",
        "rule": rule,
        "quorum": draw(st.integers(1, len(approvers))) if rule == "quorum" else None,
        "approvers": approvers,
        "required": draw(some),
        "veto": draw(st.one_of(st.booleans(), some)),
        "windowHours": window,
        "remindAfterHours": draw(st.sampled_from([[], [window / 2], [window / 4, window / 3]])),
        "escalateTo": ladder,
        "onTimeout": "escalate" if ladder else draw(st.sampled_from(["escalate", "reject", "approve"])),
        "when": draw(st.none() | conditions()) if conditional else None,
        "anyone": draw(st.booleans()),
    }


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    """Return a policy that can be used, though perhaps not for every author."""
    count = draw(st.integers(1, 4))
    limited = draw(st.booleans())
    value = {
        "departments": ["Works", "it", "Parks"],
        "rates": draw(st.sampled_from([None, {"date": "2026-03-02", "worth": {"JPY": 0.0061}}])),
        "otherwise": draw(st.sampled_from([None, "refuse"])),
        "description": draw(st.sampled_from(["", "For what is small."])),
        "stages": [draw(stages(number)) for number in range(count)],
        "fourEyes": draw(st.booleans()),
        "allowSelfApproval": draw(st.booleans()),
        "outcomes": draw(st.sampled_from([{}, {"with conditions": "approve", "later": "changes"}])),
        "changesWindowHours": draw(HOURS),
        "keepAnswersOn": draw(st.sampled_from([[], ["title"], ["summary", "addedFiles"]])),
        "delegateTo": draw(st.sampled_from(["nobody", "directory", "anyone"]) | NAMES),
        **({"budgetLimit": 100, "budgetOwners": draw(NAMES)} if limited else {}),
    }
    rest = draw(stages(count, conditional=False))
    return read_policy({**value, "otherwise": rest} if find_faults(Policy, value) else value)
