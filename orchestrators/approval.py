"""ApprovalWorkflow: one design proposal from submission to outcome.

One durable name, two engines: a proposal with a record and a policy is carried out by orchestrators/review.py, one
without by orchestrators/single_stage/engine.py. The name is wire format, which instances that wait have in the hub, so
it stays one; which of the two it is, the input says.
"""

from collections.abc import Generator
from typing import Any

import azure.durable_functions as df

from approvals.workflows import APPROVAL
from orchestrators.review import carry_out_review, is_review
from orchestrators.single_stage.engine import carry_out_single_stage

bp = df.Blueprint()


@bp.orchestration_trigger(context_name="context", orchestration=APPROVAL.name)
def approval_workflow(context: df.DurableOrchestrationContext) -> Generator[Any, Any, dict]:
    """Carry out a review where the input names one, and else the one stage that there is."""
    engine = carry_out_review if is_review(context) else carry_out_single_stage
    return (yield from engine(context))
