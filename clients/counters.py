"""GetCounter: how many proposals were submitted, approved, rejected and so on."""

import azure.durable_functions as df
import azure.functions as func

from approvals.rules.counter_state import CounterState
from clients.web.outages import answers_outages, while_reading
from clients.web.replies import CounterReply
from clients.web.responses import answer, problem

bp = df.Blueprint()

COUNTERS = ("submitted", "approved", "rejected", "escalated", "withdrawn", "expired", "failed")


@bp.function_name(name="GetCounter")
@bp.route(route="counters/{name}", methods=["GET"])
@bp.durable_client_input(client_name="client")
@answers_outages(while_reading)
async def get_counter(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Return `{"name", "value"}`; the value of a new counter is 0."""
    name = req.route_params["name"].lower()
    if name not in COUNTERS:
        return problem(404, f"There is no counter {name[:80]!r}.", f"Use one of: {', '.join(COUNTERS)}.")
    state = await client.read_entity_state(df.EntityId("Counter", name))
    return answer(CounterReply(name=name, value=CounterState.from_state(state.entity_state).value).to_dict())
