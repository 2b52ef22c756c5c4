"""ListWorkflows: the workflows that can be started, each with the schema of its input and a working example."""

import azure.durable_functions as df
import azure.functions as func

from approvals.workflows import WORKFLOWS, find_workflow
from clients.web.outages import answers_outages, while_reading
from clients.web.responses import answer, problem

bp = df.Blueprint()


@bp.function_name(name="ListWorkflows")
@bp.route(route="workflows/{name?}", methods=["GET"])
@answers_outages(while_reading)
def list_workflows(req: func.HttpRequest) -> func.HttpResponse:
    """Return all workflows, or the one with that name: what it does, its input's JSON schema, an example."""
    name = req.route_params.get("name")
    if not name:
        return answer({"workflows": [workflow.describe() for workflow in WORKFLOWS.values()]})
    workflow = find_workflow(name)
    if workflow is None:
        known = ", ".join(workflow.name for workflow in WORKFLOWS.values())
        return problem(404, f"There is no workflow {name[:80]!r}.", f"Use one of: {known}.")
    return answer(workflow.describe())
