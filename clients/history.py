"""GetOrchestrationHistory: the status and the history of a durable instance. For operators."""

from typing import Any

import azure.durable_functions as df
import azure.functions as func
from azure.durable_functions.models.DurableOrchestrationStatus import DurableOrchestrationStatus

from approvals.identifiers import is_instance_id
from clients.web.outages import answers_outages, while_reading
from clients.web.responses import answer, problem
from services.instances import find_status

bp = df.Blueprint()

_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


@bp.function_name(name="GetOrchestrationHistory")
@bp.route(route="orchestrations/{instanceId}", methods=["GET"])
@bp.durable_client_input(client_name="client")
@answers_outages(while_reading)
async def get_orchestration_history(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Return the status; with `showHistory=true` also its events, with `showHistoryOutput=true` also their results."""
    instance_id = req.route_params["instanceId"]
    if not is_instance_id(instance_id):  # the SDK puts it into a URL unescaped
        return _unknown(instance_id)
    flags: dict[str, bool] = {}
    for name in ("showHistory", "showHistoryOutput"):
        flag = _BOOLEANS.get(req.params.get(name, "false").lower())
        if flag is None:
            return problem(400, f"{name} must be true or false.", f"Send {name}=true or leave it out.")
        flags[name] = flag
    status = await find_status(
        client,
        instance_id,
        show_history=flags["showHistory"],
        show_history_output=flags["showHistoryOutput"],
        show_input=True,
    )
    if status is None:
        return _unknown(instance_id)
    return answer(_view(status))


def _unknown(instance_id: str) -> func.HttpResponse:
    return problem(
        404, f"There is no instance {instance_id[:100]!r}.", "Check the id; it is in the response of HttpStart."
    )


def _view(status: DurableOrchestrationStatus) -> dict[str, Any]:
    """Return the status with the field names of the durable HTTP API.

    SDK 1.7 does not map `historyEvents`; it keeps them as an attribute with that name.
    """
    view = {
        "name": status.name,
        "instanceId": status.instance_id,
        "runtimeStatus": status.runtime_status.value,
        "input": status.input_,
        "customStatus": status.custom_status,
        "output": status.output,
        "createdTime": status.created_time.isoformat(),
        "lastUpdatedTime": status.last_updated_time.isoformat(),
    }
    events = getattr(status, "historyEvents", None)
    return view if events is None else {**view, "historyEvents": events}
