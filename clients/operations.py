"""The operators' API: what needs somebody, and what they can do about it. Always behind a function key."""

import asyncio
import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeVar

import azure.durable_functions as df
import azure.functions as func

from approvals.operations import Act, ActDone, MessageAct, OperatorRequest
from approvals.record.verdict import Tampered
from approvals.validation import Invalid, read_json
from clients.approval_queue import deliver
from clients.web.access import record_damaged
from clients.web.freshness import keep, tag_of
from clients.web.identity import from_another_site
from clients.web.outages import answers_outages, while_reading, while_recording
from clients.web.responses import answer, problem
from services.letter_acts import send_letter
from services.message_acts import act_on_message
from services.operations import overview
from services.operator_acts import Declined
from services.workflow_acts import act_on_instance

bp = df.Blueprint()

LARGEST_BODY = 16 * 1024
"""Bytes; a name and a reason."""

_STATUS = {
    "unknown": HTTPStatus.NOT_FOUND,
    "openProposal": HTTPStatus.CONFLICT,
    "notNow": HTTPStatus.CONFLICT,
    "taken": HTTPStatus.CONFLICT,
    "notSent": HTTPStatus.CONFLICT,
}

Word = TypeVar("Word", Act, MessageAct)


@bp.function_name(name="ListOperations")
@bp.route(route="ops", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
@bp.durable_client_input(client_name="client")
@answers_outages(while_reading)
async def list_operations(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Return stuck and failed workflows, messages that were put aside, unsent letters, and the last runs."""
    crossed = from_another_site(req)
    if crossed:
        return crossed
    shown = (await overview(client)).to_dict()
    # The time of the answer alone makes no other answer.
    tag = tag_of(json.dumps({name: value for name, value in shown.items() if name != "now"}, sort_keys=True))
    return keep(req, answer(shown), tag)


@bp.function_name(name="ActOnInstance")
@bp.route(route="ops/instances/{instanceId}/{act}", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
@bp.durable_client_input(client_name="client")
@answers_outages(while_recording)
async def act_on(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Terminate, rewind, resume, wake or purge a workflow: 409 where its state or its proposal does not allow it."""
    request, act = _read(req), _word(req, Act)
    if isinstance(request, func.HttpResponse):
        return request
    if isinstance(act, func.HttpResponse):
        return act
    return _respond(await act_on_instance(client, act, req.route_params["instanceId"], request))


@bp.function_name(name="ActOnMessage")
@bp.route(route="ops/poison/{message}/{act}", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
@bp.durable_client_input(client_name="client")
@answers_outages(while_recording)
async def act_on_put_aside(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Send a message again that was put aside, or discard it, once."""
    request, act = _read(req), _word(req, MessageAct)
    if isinstance(request, func.HttpResponse):
        return request
    if isinstance(act, func.HttpResponse):
        return act
    return _respond(await act_on_message(act, req.route_params["message"], request.by, deliverer(client)))


@bp.function_name(name="SendLetter")
@bp.route(route="ops/letters/{proposalId}/{key}/send", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
@answers_outages(while_recording)
async def send_again(req: func.HttpRequest) -> func.HttpResponse:
    """Send a letter that has not gone."""
    request = _read(req)
    if isinstance(request, func.HttpResponse):
        return request
    proposal_id = req.route_params["proposalId"]
    try:
        return _respond(await send_letter(proposal_id, req.route_params["key"], request.by))
    except Tampered as error:
        return await asyncio.to_thread(record_damaged, proposal_id, error)


def deliverer(client: df.DurableOrchestrationClient) -> Callable[[bytes, str], Any]:
    """Return what works a message as the queue's function does, under the message's own id."""

    async def work(body: bytes, message_id: str) -> str | None:
        refused = await deliver(client, body, f"message {message_id}")
        return refused.reason if refused else None

    return work


def _read(req: func.HttpRequest) -> OperatorRequest | func.HttpResponse:
    crossed = from_another_site(req)
    if crossed:
        return crossed
    content = req.get_body()
    if len(content) > LARGEST_BODY:
        return problem(413, f"The body has more than {LARGEST_BODY:,} bytes.", "Send a name and a short reason.")
    try:
        return OperatorRequest.from_dict(read_json(content))
    except Invalid as error:
        return problem(
            400, str(error), 'Send who you are, like {"by": "Mara Lindqvist"}.', error.errors, code="invalid"
        )


def _word(req: func.HttpRequest, acts: type[Word]) -> Word | func.HttpResponse:
    word = req.route_params["act"]
    if word in set(acts):
        return acts(word)
    known = ", ".join(acts)
    return problem(404, f"There is no act {word[:40]!r}.", f"There are: {known}.")


def _respond(done: ActDone | Declined) -> func.HttpResponse:
    if isinstance(done, ActDone):
        return answer(done.to_dict())
    return problem(_STATUS[done.code], done.detail, done.what_to_do, code=done.code)
