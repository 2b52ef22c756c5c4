"""ProcessApproval: carries out a decision by recording it."""

import azure.durable_functions as df

from approvals.single_stage.outcome import Outcome
from gateways.single_stage_records import open_single_stage_records

bp = df.Blueprint()


@bp.activity_trigger(input_name="outcome", activity="ProcessApproval")
def process_approval(outcome: dict) -> dict:
    """Record the decision and return the recorded one: the first write wins, also over a second run."""
    return open_single_stage_records().settle(Outcome.from_dict(outcome)).to_dict()
