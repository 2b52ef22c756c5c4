"""Escalate: nobody answered in time, so another person is asked."""

import logging

import azure.durable_functions as df

from approvals.single_stage.outcome import Outcome
from gateways.single_stage_records import open_single_stage_records

bp = df.Blueprint()
log = logging.getLogger("greenlight.escalation")


@bp.activity_trigger(input_name="outcome", activity="Escalate")
def escalate(outcome: dict) -> dict:
    """Record the escalation and return the recorded outcome; a second run changes nothing."""
    recorded = open_single_stage_records().settle(Outcome.from_dict(outcome))
    log.warning("proposal %s escalated to %s", recorded.proposal_id, recorded.decided_by)
    return recorded.to_dict()
