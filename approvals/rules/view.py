"""A review as people see it: its state, and who has to answer."""

from datetime import datetime
from typing import Any

from approvals.rules.state import Answer, Review
from approvals.rules.verdict import silent_stages


def show(review: Review, *, now: datetime) -> dict[str, Any]:
    """Return a proposal as `GET /api/proposals/{id}` shows it: plain JSON data, with the current time."""
    shown: dict[str, Any] = {
        "proposalId": review.proposal_id,
        "instanceId": review.proposal_id,
        "status": review.status.value,
        **review.words,
        "author": review.author,
        "policy": review.policy_name,
        "policyVersion": review.policy_version,
        "policyHash": review.policy_hash,
        "submittedAt": review.submitted_at.isoformat(),
        "updatedAt": review.last_at.isoformat(),
        "now": now.isoformat(),
        "round": review.round,
        "document": review.document,
        "attachments": [
            {"name": each.name, "contentType": each.content_type, "size": each.size, "sha256": each.sha256}
            for each in review.attachments
        ],
        "findings": list(review.findings),
        "stages": [_stage(review, index) for index in range(len(review.stages))],
        "earlyAnswers": [_answer(each) for each in review.answers if each.stage is None],
        "waitingFor": [each.person for each in review.waiting_for],
        "deadline": review.stage.deadline.isoformat() if review.stage else None,
        "comments": review.comments,
        "escalations": review.escalations,
        "entries": review.number,
    }
    if review.changes:
        shown["changes"] = {"askedBy": review.changes.by, "until": review.changes.until.isoformat()}
    if review.end:
        shown["outcome"] = {
            "decision": review.end.word,
            "decidedBy": review.end.by,
            "decidedAt": review.end.at.isoformat(),
            "reason": review.end.reason,
            "answers": [
                {**_answer(each), "stage": None if each.stage is None else review.stages[each.stage].name}
                for each in review.answers
            ],
            "silentStages": list(silent_stages(review)),
        }
    return shown


def _stage(review: Review, index: int) -> dict[str, Any]:
    plan = review.stages[index]
    answers = [_answer(each) for each in review.answers if each.stage == index]
    shown: dict[str, Any] = {
        "name": plan.name,
        "kind": plan.kind,
        "rule": plan.rule,
        "needed": plan.needed,
        "state": _state(review, index),
        "approvers": list(plan.approvers),
        "answers": answers,
    }
    if review.stage and review.stage.index == index:
        shown["rung"] = review.stage.rung
        shown["asked"] = [{"person": each.person, "onBehalfOf": each.on_behalf_of} for each in review.stage.asked]
    return shown


def _state(review: Review, index: int) -> str:
    if review.stage and review.stage.index == index:
        return "open"
    ended = [each for each in review.closed if each.index == index and index < review.next_stage]
    return ended[-1].outcome if ended else "waiting"


def _answer(answer: Answer) -> dict[str, Any]:
    return {
        "person": answer.person,
        "onBehalfOf": answer.on_behalf_of,
        "decision": answer.word,
        "comment": answer.comment,
        "document": answer.document,
        "at": answer.at.isoformat(),
        "via": answer.via.value,
        "entry": answer.number,
    }
