"""RequestApproval asks the approver. CheckBareAnswers says whether a bare true or false counts as an answer."""

import azure.durable_functions as df

from approvals.single_stage.outcome import AnswerRequest
from gateways import clock
from gateways.bare_answers import are_allowed
from gateways.single_stage_records import open_single_stage_records

bp = df.Blueprint()


@bp.activity_trigger(input_name="request", activity="RequestApproval")
def request_approval(request: dict) -> dict:
    """Add the request to the table `Requests`, where approvers find their open requests.

    The key is (proposal, stage, round): a second run keeps the first request and its date.
    """
    asked = AnswerRequest.from_dict(request)
    row = open_single_stage_records().open_request(asked, now=clock.now())
    return {"approver": asked.approver, "requestedAt": row.requested_at}


@bp.activity_trigger(input_name="nothing", activity="CheckBareAnswers")
def check_bare_answers(nothing: dict) -> dict:  # noqa: ARG001  an activity has an input
    """Say whether answers without a name and a comment count."""
    return {"allowed": are_allowed()}
