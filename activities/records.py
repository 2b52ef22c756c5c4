"""ProcessApproval: carry out a decision, which begins with writing it down."""

import azure.durable_functions as df

from approvals.single_stage.outcome import Outcome
from gateways.single_stage_records import open_single_stage_records

bp = df.Blueprint()


@bp.activity_trigger(input_name="outcome", activity="ProcessApproval")
def process_approval(outcome: dict) -> dict:
    """Record the decision and return what is on record: the first to write wins, also against ourselves."""
    return open_single_stage_records().settle(Outcome.from_dict(outcome)).to_dict()
