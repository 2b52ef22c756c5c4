"""RequestApproval: put the question to the approver. CheckBareAnswers: may the answer be nothing but yes or no."""

import azure.durable_functions as df

from approvals.single_stage.outcome import AnswerRequest
from gateways import clock
from gateways.bare_answers import are_allowed
from gateways.single_stage_records import open_single_stage_records

bp = df.Blueprint()


@bp.activity_trigger(input_name="request", activity="RequestApproval")
def request_approval(request: dict) -> dict:
    """Open the request in the table `Requests`, where approvers find what waits for them.

    The key is (proposal, stage, round): asked twice, it is one request, dated when it was first made.
    """
    asked = AnswerRequest.from_dict(request)
    row = open_single_stage_records().open_request(asked, now=clock.now())
    return {"approver": asked.approver, "requestedAt": row.requested_at}


@bp.activity_trigger(input_name="nothing", activity="CheckBareAnswers")
def check_bare_answers(nothing: dict) -> dict:  # noqa: ARG001  an activity has an input
    """Say whether an answer counts that says neither who gave it nor why."""
    return {"allowed": are_allowed()}
