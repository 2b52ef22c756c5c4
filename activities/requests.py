"""RequestApproval: put the question to the approver."""

import azure.durable_functions as df

from approvals.outcome import AnswerRequest
from gateways import clock
from gateways.records import open_records

bp = df.Blueprint()


@bp.activity_trigger(input_name="request", activity="RequestApproval")
def request_approval(request: dict) -> dict:
    """Open the request in the table `Requests`, where approvers find what waits for them.

    The key is (proposal, stage, round): asked twice, it is one request, dated when it was first made.
    """
    asked = AnswerRequest.from_dict(request)
    row = open_records().open_request(asked, now=clock.now())
    return {"approver": asked.approver, "requestedAt": row.requested_at}
