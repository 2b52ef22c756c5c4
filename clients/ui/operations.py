"""ShowOperations, ShowWorkflow, Operate: what needs somebody, for those whom the setting OPERATORS names."""

import asyncio

import azure.durable_functions as df
import azure.functions as func

from approvals.identifiers import is_instance_id
from approvals.operations import Act, ActDone, MessageAct, OperatorRequest
from approvals.record.verdict import Tampered
from approvals.validation import Invalid
from approvals.words.histories import history_in_words, reason_of
from clients.operations import deliverer
from clients.web.freshness import keep
from clients.web.identity import level
from clients.web.link_requests import NotReadable, read_fields
from clients.web.outages import answers_outages
from clients.web.page_outages import unavailable
from clients.web.page_replies import explain, show, show_kept
from clients.web.roles import OPERATORS, may_operate
from clients.web.visitors import Visitor, shell, visitor
from pages.operations import ActResult, Workflow, operations_page, workflow_page
from services.audits import examine
from services.instances import find_status
from services.letter_acts import send_letter
from services.message_acts import act_on_message
from services.operations import overview
from services.operator_acts import Declined
from services.workflow_acts import act_on_instance

bp = df.Blueprint()

_STATUS = {"unknown": 404, "openProposal": 409, "notNow": 409, "taken": 409, "notSent": 409}


@bp.function_name(name="ShowOperations")
@bp.route(route="ui/operations", methods=["GET"], auth_level=level())
@bp.durable_client_input(client_name="client")
@answers_outages(unavailable)
async def show_operations(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Show the page to an operator, else 403."""
    who = _operator(req)
    if isinstance(who, func.HttpResponse):
        return who
    return show_kept(req, operations_page(shell(who, "operations"), await overview(client)))


@bp.function_name(name="ShowWorkflow")
@bp.route(route="ui/operations/workflow", methods=["GET"], auth_level=level())
@bp.durable_client_input(client_name="client")
@answers_outages(unavailable)
async def show_workflow(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Show the workflow and the record of one id, which is verified: 404 where there is neither."""
    who = _operator(req)
    if isinstance(who, func.HttpResponse):
        return who
    return keep(req, await _workflow(client, who, req.params.get("id", "").strip()))


@bp.function_name(name="Operate")
@bp.route(route="ui/operations", methods=["POST"], auth_level=level())
@bp.durable_client_input(client_name="client")
@answers_outages(unavailable)
async def operate(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Do what a button of these pages asks for, and show the page again with what came of it."""
    who = _operator(req)
    if isinstance(who, func.HttpResponse):
        return who
    try:
        fields = read_fields(req)
        if isinstance(fields, NotReadable):
            return explain(fields.status, "This was not understood", f"{fields.reason.capitalize()}.")
        asked = {name: str(value) for name, value in fields.items()}
        done = await _do(client, who, asked)
    except Invalid as error:
        return explain(400, "This was not understood", f"{str(error).capitalize()}.")
    except Tampered as error:
        done = Declined(code="notNow", detail=f"The record is damaged: {error}.", what_to_do="Verify it.")
    if done is None:
        return explain(400, "This was not understood", "Use the buttons of the page.")
    if isinstance(done, ActDone):
        told, status = ActResult(good=True, sentence=done.sentence), 200
    else:
        advice = "Tick “Also if its proposal is still open” to do it all the same."
        what_to_do = advice if done.code == "openProposal" else done.what_to_do
        told, status = ActResult(good=False, sentence=f"{done.detail} {what_to_do}"), _STATUS[done.code]
    if "instance" in asked:
        return await _workflow(client, who, asked["instance"], told, status)
    return show(operations_page(shell(who, "operations"), await overview(client), told), status=status)


async def _do(client: df.DurableOrchestrationClient, who: Visitor, asked: dict[str, str]) -> ActDone | Declined | None:
    """Do what the fields of a form say; None where they say nothing that there is."""
    act = asked.get("act", "")
    if "instance" in asked and act in set(Act):
        request = OperatorRequest.from_dict(
            {"by": who.name, "reason": asked.get("reason", ""), "evenIfOpen": asked.get("even_if_open") == "true"}
        )
        return await act_on_instance(client, Act(act), asked["instance"], request)
    if "message" in asked and act in set(MessageAct):
        return await act_on_message(MessageAct(act), asked["message"], who.name, deliverer(client))
    if "letter" in asked and act == "send":
        return await send_letter(asked.get("proposal", ""), asked["letter"], who.name)
    return None


async def _workflow(
    client: df.DurableOrchestrationClient, who: Visitor, given: str, told: ActResult | None = None, status: int = 200
) -> func.HttpResponse:
    if not is_instance_id(given):
        return explain(404, "There is nothing of this id", "An id has up to 100 letters, digits, dots and dashes.")
    found = await find_status(client, given, show_history=True)
    examined = await asyncio.to_thread(lambda: examine(given, anchored=True))
    workflow = found and Workflow(
        id=given,
        name=found.name,
        status=found.runtime_status.value,
        created=found.created_time,
        updated=found.last_updated_time,
        reason=reason_of(found.output) if found.runtime_status.value != "Completed" else "",
        history=history_in_words(getattr(found, "historyEvents", None) or ()),
    )
    page = workflow_page(shell(who, "operations"), given, workflow, examined.verdict if examined else None, told)
    return show(page, status=status if workflow or examined or told else 404)


def _operator(req: func.HttpRequest) -> Visitor | func.HttpResponse:
    who = visitor(req)
    if isinstance(who, func.HttpResponse) or may_operate(who.name):
        return who
    return explain(
        403,
        "Operations are not open to you",
        "They are for those who run Greenlight.",
        f"An operator can add your name to the setting {OPERATORS}.",
    )
