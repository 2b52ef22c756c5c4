"""ApprovalWorkflow: one design proposal from submission to outcome.

One durable name, two engines: orchestrators/review.py handles proposals with a record and a policy,
orchestrators/single_stage/engine.py handles those without. Waiting instances have the name in the hub, so it cannot be
split into two. The input decides which engine is used.
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
    """Run a review if the input names one, otherwise the single stage."""
    engine = carry_out_review if is_review(context) else carry_out_single_stage
    return (yield from engine(context))
