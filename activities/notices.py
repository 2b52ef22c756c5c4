"""NotifyRequester: tells the requester that the answer was no, or that there was no answer."""

import json
import logging

import azure.durable_functions as df

from approvals.single_stage.outcome import Notice
from gateways.single_stage_records import open_single_stage_records

bp = df.Blueprint()
log = logging.getLogger("greenlight.notices")


@bp.activity_trigger(input_name="notice", activity="NotifyRequester")
def notify_requester(notice: dict) -> dict:
    """Record the outcome, log the notice as one structured line, and return the recorded outcome."""
    asked = Notice.from_dict(notice)
    recorded = open_single_stage_records().settle(asked.outcome)
    log.warning(
        json.dumps(
            {"record": "notice", "instanceId": recorded.proposal_id, "to": asked.to, "outcome": recorded.outcome}
        )
    )
    return recorded.to_dict()
