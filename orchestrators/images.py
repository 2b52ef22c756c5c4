"""ScaleImages: makes scaled copies of one picture, one size after the other."""

from collections.abc import Generator
from typing import Any

import azure.durable_functions as df

from approvals.images import ScaleRequest, why_not_by_name
from approvals.workflows import IMAGES
from orchestrators.calls import call, read_input
from orchestrators.reporting import show

bp = df.Blueprint()


@bp.orchestration_trigger(context_name="context", orchestration=IMAGES.name)
def scale_images(context: df.DurableOrchestrationContext) -> Generator[Any, Any, dict]:
    """Make the missing copies one at a time, because a decoded picture may fill a tenth of the memory."""
    request = read_input(context, ScaleRequest)
    copies: list[dict[str, Any]] = []
    reason = why_not_by_name(request.blob)
    if reason:
        return _refuse(context, request, copies, reason)
    for size in request.sizes:
        show(context, "scaling", size=size, done=len(copies), of=len(request.sizes))
        copy = yield call(context, "ScaleImage", {"blob": request.blob, "size": size})
        if "refused" in copy:
            return _refuse(context, request, copies, copy["refused"])
        copies.append(copy)
    show(context, "scaled", done=len(copies), of=len(request.sizes))
    return {"outcome": "scaled", "blob": request.blob, "copies": copies}


def _refuse(
    context: df.DurableOrchestrationContext, request: ScaleRequest, copies: list[dict[str, Any]], reason: str
) -> dict[str, Any]:
    show(context, "refused", reason=reason)
    return {"outcome": "refused", "blob": request.blob, "copies": copies, "reason": reason}
