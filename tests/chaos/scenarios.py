"""Each verb of a review as a scenario: what is on record, which letters are out and what is counted in the end."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from packages.devhost.tests.chaos.hub import NOTHING_YET, Found
from packages.devhost.tests.chaos.scenarios import Scenario, Subject
from packages.devhost.tests.chaos.stage import Stage
from tests.workflows.conftest import ROOT, SETTINGS
from tests.workflows.reviews import COUNTERS, counted

GREENLIGHT = Subject(folder=ROOT, hub="GreenlightHub", options=("--clock", "virtual"), environ=SETTINGS)
"""The app itself; in virtual time, so that its sweep can be let come by."""

_OPENED = 3
"""How many entries a record has when its first stage has been opened."""
_PREPARED_S = 20.0
_BY_ITSELF_S = 6.0
"""How long the workflow may take to see what is on record before the sweep has to help."""
_SWEEPS = 0.1
"""Hours in which the sweep comes by more than once."""
_FINAL = frozenset({"approved", "rejected", "withdrawn", "expired", "failed"})

Body = Mapping[str, Any]


def _submission(**policy: Any) -> Body:
    stages = policy.pop("stages", [{"name": "board", "approvers": ["Mara", "Jonas"], "rule": "all"}])
    return {"title": "Mill Stream footbridge", "author": "Ines", "policy": {"stages": stages, **policy}}


def _submit(stage: Stage, form: Body) -> None:
    stage.ask("POST", f"/api/proposals?id={stage.name}", form)


def _do(stage: Stage, verb: str, body: Body) -> None:
    stage.ask("POST", f"/api/proposals/{stage.name}/{verb}", body)


def _show(stage: Stage) -> dict[str, Any]:
    body = stage.app.request("GET", f"/api/proposals/{stage.name}").body
    return body if isinstance(body, dict) else {}


def _seen(stage: Stage) -> int:
    """How many entries of the record the workflow has seen, by its own word; read past the proxy."""
    return int((stage.hub.custom_status(stage.name) or {}).get("entries", 0))


def _is_settled(stage: Stage, entries: int) -> bool:
    """Whether so many entries, or all where there are more, are on record, seen and told."""
    shown = _show(stage)
    if shown.get("status") in _FINAL:
        return stage.hub.output(stage.name).is_final
    return bool(entries <= shown.get("entries", 0) <= _seen(stage))


def _prepared(*steps: tuple[str, Body], form: Body | None = None) -> Callable[[Stage], None]:
    def prepare(stage: Stage) -> None:
        _count(stage)
        _submit(stage, form or _submission())
        assert stage.until(lambda: _is_settled(stage, _OPENED), _PREPARED_S)
        for number, (verb, body) in enumerate(steps, _OPENED + 1):
            _do(stage, verb, body)
            assert stage.until(lambda number=number: _is_settled(stage, number), _PREPARED_S)  # type: ignore[misc]
        assert not stage.refused
        assert not stage.denied

    return prepare


def _count(stage: Stage) -> None:
    stage.kept = _counters(stage)


def _counters(stage: Stage) -> dict[str, int]:
    return {name: stage.app.request("GET", f"/api/counters/{name}").body["value"] for name in COUNTERS}


def _acts(verb: str, body: Body) -> Callable[[Stage], None]:
    return lambda stage: _do(stage, verb, body)


def _outcome(entries: int) -> Callable[[Stage], Found]:
    """What has come of it, when the workflow has seen so many entries; the sweep comes by where it has not."""

    def found(stage: Stage) -> Found:
        if not stage.until(lambda: _seen(stage) >= entries or stage.hub.output(stage.name).is_final, _BY_ITSELF_S):
            stage.calm()
            stage.app.advance(hours=_SWEEPS)
        stage.calm()
        if not stage.until(lambda: _is_settled(stage, entries), _BY_ITSELF_S):
            return NOTHING_YET
        if isinstance(stage.kept, dict):  # the first look; later the next run has counted too
            stage.kept = [f"{name} {more}" for name, more in counted(stage.kept, _counters(stage)).items()]
        return Found([_show(stage)["status"], _kinds(stage), _letters(stage), stage.kept], is_final=True)

    return found


def _kinds(stage: Stage) -> list[str]:
    audit = stage.app.request("GET", f"/api/proposals/{stage.name}/audit?verify=true")
    if audit.status != 200 or not audit.body["verdict"]["ok"]:
        return [f"damaged: {audit.status} {json.dumps(audit.body)[:300]}"]
    return [entry["kind"] for entry in audit.body["entries"]]


def _letters(stage: Stage) -> list[str]:
    names = [name.partition("/")[2] for name in stage.hub.blobs("outbox", f"{stage.name}/")]
    return sorted("-".join(name.split("-")[:2]) for name in names)


_CHANGES = ("changes", {"approver": "Mara", "comment": "a ramp, please"})
_ONE = [{"name": "board", "approvers": ["Mara"]}]

REVIEWS = tuple(
    Scenario(name=name, prepare=prepare, act=act, found=_outcome(entries), wanted=None)
    for name, prepare, act, entries in (
        ("submit", _count, lambda stage: _submit(stage, _submission()), 3),
        ("decisions", _prepared(), _acts("decisions", {"approver": "Mara", "decision": "approve"}), 4),
        ("last decision", _prepared(form=_submission(stages=_ONE)),
         _acts("decisions", {"approver": "Mara", "decision": "approve"}), 6),
        ("changes", _prepared(), _acts(*_CHANGES), 4),
        ("comments", _prepared(), _acts("comments", {"by": "Mara", "comment": "looks well"}), 4),
        ("delegate", _prepared(), _acts("delegate", {"from": "Mara", "to": "Vera"}), 4),
        ("reassign", _prepared(), _acts("reassign", {"from": "Mara", "to": "Vera"}), 4),
        ("remind", _prepared(), _acts("remind", {"by": "Ines"}), 4),
        ("withdraw", _prepared(), _acts("withdraw", {"by": "Ines", "reason": "no money"}), 5),
        ("resubmit", _prepared(_CHANGES), _acts("resubmit", {"by": "Ines", "summary": "with a ramp"}), 6),
    )
)  # fmt: skip
"""Of each verb, what has come of it when the workflow has seen it."""
