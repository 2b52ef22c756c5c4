"""HttpStart: start a workflow by name. For operators: the answer holds the management URLs with their key."""

import asyncio
import uuid

import azure.durable_functions as df
import azure.functions as func

from approvals.attachments import StoredAttachment, Upload, check_attachments
from approvals.identifiers import checked_instance_id
from approvals.validation import read_json
from approvals.workflows import WORKFLOWS, find_workflow
from clients.instances import find_instance, start
from clients.responses import problem
from gateways.attachments import open_attachments

bp = df.Blueprint()


@bp.function_name(name="HttpStart")
@bp.route(route="orchestrators/{functionName}", methods=["POST"])
@bp.durable_client_input(client_name="client")
async def http_start(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Check the form, store what is attached, start the workflow: 202, or 400, 404, 409 with what to do about it."""
    workflow = find_workflow(req.route_params["functionName"])
    if workflow is None:
        return _unknown(req.route_params["functionName"])
    try:
        form = workflow.form.from_dict(read_json(req.get_body() or b"{}"))
        instance_id = checked_instance_id(req.params.get("id") or uuid.uuid4().hex)
        uploads = check_attachments(instance_id, form.attachments)
    except ValueError as error:
        return problem(400, str(error), "Send a JSON object as in examples/api.http; nothing has been started.")

    if await find_instance(client, instance_id):
        return _taken(instance_id)
    stored = await asyncio.to_thread(_store, uploads)
    if not await start(client, workflow.name, instance_id, form.submission(stored)):
        return _taken(instance_id)
    return client.create_check_status_response(req, instance_id)


def _store(uploads: tuple[Upload, ...]) -> tuple[StoredAttachment, ...]:
    """Store attachments; blocks, so it runs in a thread."""
    if not uploads:
        return ()
    attachments = open_attachments()
    return tuple(attachments.store(upload) for upload in uploads)


def _unknown(name: str) -> func.HttpResponse:
    known = ", ".join(workflow.name for workflow in WORKFLOWS.values())
    return problem(404, f"There is no workflow {name[:80]!r}.", f"Use one of: {known}.")


def _taken(instance_id: str) -> func.HttpResponse:
    """Refuse an id that was ever used: decisions are recorded under it and must not meet another proposal."""
    return problem(
        409,
        f"The id {instance_id!r} is in use.",
        f"Choose another id or leave ?id= out; GET /api/orchestrations/{instance_id} shows the one that has it.",
    )
