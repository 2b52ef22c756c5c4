"""HttpStart: starts a workflow by name. For operators only: the response has the management URLs with their key."""

import asyncio
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import azure.durable_functions as df
import azure.functions as func

from approvals.attachments import StoredAttachment, Upload, check_attachments
from approvals.forms import Form, largest_body
from approvals.identifiers import checked_new_id
from approvals.validation import Invalid, read_json
from approvals.workflows import WORKFLOWS, Workflow, find_workflow
from clients.web.headers import json_headers
from clients.web.outages import answers_outages, while_starting
from clients.web.responses import problem
from gateways.attachments import open_attachments, stored_as
from gateways.audit import open_audit
from gateways.people import name_of, open_directory
from services.instances import Instance, find_instance, start

bp = df.Blueprint()

T = TypeVar("T")

_NOT_OF_THE_FORM = ("carried", "alsoCalled")
"""Input fields that are not from the form: added by continue-as-new, and from the directory, which may change."""

LONGEST_WAIT_SECONDS = 200
"""Azure's front end ends a request after 230 seconds."""


@bp.function_name(name="HttpStart")
@bp.route(route="orchestrators/{functionName}", methods=["POST"])
@bp.durable_client_input(client_name="client")
@answers_outages(while_starting)
async def http_start(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Check the form, store its files, start the workflow: 202, or 400, 404, 409, 413 with what to do about it.

    With an `?id=` that the sender chooses the same request may be repeated until a response comes: it finds the started
    instance. With `?timeout=` seconds the response waits for the end: 200 with the output, or 202 after that time.
    """
    workflow = find_workflow(req.route_params["functionName"])
    if workflow is None:
        return _unknown(req.route_params["functionName"])
    size, most = len(req.get_body()), largest_body(workflow.form.most_files)
    if size > most:
        return problem(413, f"The body has {size:,} bytes.", f"Send up to {most:,}; nothing was started.")
    asked, errors = _read(req, workflow)
    if asked is None:
        what_to_do = (
            f"GET /api/workflows/{workflow.name} has the schema and an example that works; nothing was started."
        )
        return problem(400, "; ".join(errors)[:400], what_to_do, errors)
    instance_id, wait_seconds = asked.instance_id, asked.wait_seconds

    if not await _start(client, workflow, asked):
        return _id_in_use(instance_id)
    if wait_seconds:
        response = await client.wait_for_completion_or_create_check_status_response(
            req, instance_id, wait_seconds * 1000, min(wait_seconds * 1000, 500)
        )
    else:
        response = client.create_check_status_response(req, instance_id)
    response.headers.update(json_headers())  # it contains a key, so nothing on its way may store it
    return response


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A checked request to start a workflow."""

    form: Form
    instance_id: str
    wait_seconds: int
    uploads: tuple[Upload, ...]

    def submission(self, stored: tuple[StoredAttachment, ...]) -> dict[str, Any]:
        """Return the workflow's input, with the other names of its people."""
        return {**self.form.submission(stored), **self.form.identities(open_directory().also_called)}


def _read(req: func.HttpRequest, workflow: Workflow) -> tuple[_Asked | None, tuple[str, ...]]:
    """Check body, id, waiting time and attachments; return the request, or None and every error in it."""
    errors: list[str] = []

    def checked(read: Callable[[], T]) -> T | None:
        try:
            return read()
        except Invalid as error:
            errors.extend(error.errors)
            return None

    form = checked(lambda: workflow.form.from_dict(read_json(req.get_body() or b"{}")).renamed(name_of))
    instance_id = checked(lambda: checked_new_id(req.params.get("id") or uuid.uuid4().hex))
    wait_seconds = checked(lambda: _checked_wait(req.params.get("timeout", "0")))
    uploads = checked(lambda: check_attachments(instance_id or "", form.files)) if form else None
    if form is None or instance_id is None or wait_seconds is None or uploads is None:
        return None, tuple(errors)
    return _Asked(form=form, instance_id=instance_id, wait_seconds=wait_seconds, uploads=uploads), ()


def _checked_wait(text: str) -> int:
    """Read `?timeout=`: how many seconds the caller waits for the end before getting a 202."""
    if not re.fullmatch(r"\d{1,3}", text, re.ASCII) or int(text) > LONGEST_WAIT_SECONDS:
        raise Invalid(f"timeout: give whole seconds, 0 to {LONGEST_WAIT_SECONDS}")
    return int(text)


async def _start(client: df.DurableOrchestrationClient, workflow: Workflow, asked: _Asked) -> bool:
    """Start the workflow, or find that the same request has started it; False if the id belongs to something else.

    If two requests start it at the same time, one finds the other's instance.
    """
    instance_id = asked.instance_id
    known = await find_instance(client, instance_id, with_input=True)
    if known:
        return _is_same(known, workflow, asked.submission(await asyncio.to_thread(_stored_as, asked.uploads)))
    if await asyncio.to_thread(_was_purged, instance_id):
        return False
    submission = asked.submission(await asyncio.to_thread(_store, asked.uploads))
    if await start(client, workflow.name, instance_id, submission):
        return True
    known = await find_instance(client, instance_id, with_input=True)
    return known is not None and _is_same(known, workflow, submission)


def _is_same(known: Instance, workflow: Workflow, submission: dict[str, Any]) -> bool:
    """Say whether an instance is what a request would start; only the form's fields are compared."""
    if not isinstance(known.input, dict) or known.workflow.casefold() != workflow.name.casefold():
        return False
    return _of_the_form(known.input) == _of_the_form(submission)


def _of_the_form(fields: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in _NOT_OF_THE_FORM}


def _was_purged(instance_id: str) -> bool:
    """Say whether an instance with that id was purged: bills, decisions and bookings are recorded under its id."""
    return open_audit().knows(instance_id)


def _store(uploads: tuple[Upload, ...]) -> tuple[StoredAttachment, ...]:
    """Store attachments; blocks, so it runs in a thread."""
    if not uploads:
        return ()
    attachments = open_attachments()
    return tuple(attachments.store(upload) for upload in uploads)


def _stored_as(uploads: tuple[Upload, ...]) -> tuple[StoredAttachment, ...]:
    """Return how attachments would be stored. This is slow for pictures, so it runs in a thread."""
    return tuple(stored_as(upload) for upload in uploads)


def _unknown(name: str) -> func.HttpResponse:
    known = ", ".join(workflow.name for workflow in WORKFLOWS.values())
    return problem(404, f"There is no workflow {name[:80]!r}.", f"Use one of: {known}.")


def _id_in_use(instance_id: str) -> func.HttpResponse:
    """Refuse an id that something else has used: recorded decisions under it must not apply to another proposal."""
    return problem(
        409,
        f"The id {instance_id!r} is in use.",
        f"Choose another id or leave ?id= out; GET /api/orchestrations/{instance_id} shows the instance with this id, "
        "unless it was purged and only its audit row is left.",
    )
