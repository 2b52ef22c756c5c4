"""PutAttachment, GetAttachment: the files of a proposal. Its author adds them; everybody involved can read them."""

import asyncio
import hashlib
from unicodedata import normalize
from urllib.parse import quote

import azure.durable_functions as df
import azure.functions as func

from approvals.attachments import KINDS, LARGEST_UPLOAD, Upload, checked_file_name, kind_of, upload_of
from approvals.record.documents import Attachment
from approvals.record.verdict import Tampered
from approvals.rules.acceptance import Actor, accept
from approvals.rules.eligibility import ActionRefused
from approvals.rules.state import Review
from approvals.rules.verbs import Attach
from approvals.validation import Invalid
from clients.verbs import refusal
from clients.web.access import record_damaged, see, unknown_proposal
from clients.web.file_replies import as_download
from clients.web.identity import caller, claim, level
from clients.web.outages import answers_outages, while_reading, while_recording
from clients.web.rates import admit
from clients.web.replies import AttachmentView, VerbReply
from clients.web.responses import answer, problem
from gateways import clock
from gateways.attachments import open_attachments
from gateways.people import open_directory
from services import desk
from services.documents import FileAltered, FileMissing, read_document
from services.review_changes import Unknown, VerbRecorded

bp = df.Blueprint()

BY = "by"
"""The query parameter for the person who adds a file, because the body has only the file. Default: the author."""


class AttachmentReply(VerbReply):
    """The file is recorded. `attachment` describes the stored file, which differs from the sent one for pictures."""

    attachment: AttachmentView


@bp.function_name(name="PutAttachment")
@bp.route(route="proposals/{proposalId}/attachments/{name}", methods=["PUT"], auth_level=level())
@bp.durable_client_input(client_name="client")
@answers_outages(while_recording)
async def put_attachment(req: func.HttpRequest, client: df.DurableOrchestrationClient) -> func.HttpResponse:
    """Add the body as a file with that name, or replace the file with that name: 201, or 200 if it was there before.

    Nothing is stored before the caller is known to be the author and the content matches an accepted type.
    """
    who = admit(req)
    if isinstance(who, func.HttpResponse):
        return who
    wrong = _too_long(req.headers.get("Content-Length")) or _unfit_body(req)
    if wrong:
        return wrong
    proposal_id = req.route_params["proposalId"]
    seen = await see(who, proposal_id)
    if isinstance(seen, func.HttpResponse):
        return seen
    # Only the author may add files, so a system that names nobody means the author.
    meant = None if who.name else seen.review.author
    author = claim(who, req.params.get(BY) or meant)
    if isinstance(author, func.HttpResponse):
        return author
    upload = _read(req, proposal_id)
    if isinstance(upload, func.HttpResponse):
        return upload
    actor = Actor(name=author, via=who.via)
    return _foreseen(seen.review, upload, actor) or await _put(client, proposal_id, upload, actor)


@bp.function_name(name="GetAttachment")
@bp.route(route="proposals/{proposalId}/attachments/{name}", methods=["GET"], auth_level=level())
@answers_outages(while_reading)
async def get_attachment(req: func.HttpRequest) -> func.HttpResponse:
    """Return a file's bytes, for saving and not for showing: 404 if the proposal has no such file."""
    who = caller(req)
    if isinstance(who, func.HttpResponse):
        return who
    seen = await see(who, req.route_params["proposalId"])
    if isinstance(seen, func.HttpResponse):
        return seen
    return await serve(seen.review, req.route_params["name"])


def _too_long(length: str | None) -> func.HttpResponse | None:
    """Refuse a file that is too large by its Content-Length, before the body is read."""
    if length is None or not length.isascii() or not length.isdigit() or int(length[:18]) <= LARGEST_UPLOAD:
        return None
    return _too_large(int(length[:18]))


def _too_large(size: int) -> func.HttpResponse:
    return problem(
        413,
        f"The file has {size:,} bytes.",
        f"Up to {LARGEST_UPLOAD:,} are accepted; split it, or make pictures smaller.",
    )


def _unfit_body(req: func.HttpRequest) -> func.HttpResponse | None:
    """Refuse a chunked body, which the real host does not pass on, and a compressed one, whose type is not visible."""
    if "chunked" in req.headers.get("Transfer-Encoding", "").lower():
        return problem(411, "The body is sent in chunks, without a length.", "Send it with Content-Length.")
    coding = req.headers.get("Content-Encoding", "identity")
    if coding == "identity":
        return None
    return problem(415, f"The body is compressed as {coding[:20]!r}.", "Send the file without Content-Encoding.")


def _read(req: func.HttpRequest, proposal_id: str) -> Upload | func.HttpResponse:
    """Check name and content. The Content-Type header is ignored."""
    what_to_do = "Fix the name; the file was not stored."
    try:
        name = checked_file_name(req.route_params["name"])
        content = req.get_body()
        if len(content) > LARGEST_UPLOAD:
            return _too_large(len(content))
        if content and kind_of(content) is None:
            kinds = ", ".join(KINDS)
            return problem(415, "Files of this type are not accepted.", f"Send one of {kinds}; texts in UTF-8.")
        what_to_do = "Send the file as the body."
        return upload_of(proposal_id, name, content)
    except Invalid as error:
        return problem(400, str(error), what_to_do, error.errors, code="invalid")


def _foreseen(review: Review, upload: Upload, actor: Actor) -> func.HttpResponse | None:
    """Refuse before storing what the record would refuse: other people's or ended proposals, too many files."""
    digest = hashlib.sha256(upload.content).hexdigest()
    verb = Attach(
        by=actor.name,
        name=upload.name,
        blob=upload.blob,
        content_type=upload.content_type,
        size=len(upload.content),
        sha256=digest,
    )
    judged = accept(review, verb, actor, clock.now(), directory=open_directory())
    if isinstance(judged, ActionRefused):
        return refusal(judged)
    return None


async def _put(
    client: df.DurableOrchestrationClient, proposal_id: str, upload: Upload, actor: Actor
) -> func.HttpResponse:
    """Store the file, then record it. A crash in between leaves a blob that no record names and nobody can read."""
    try:
        (kept,) = await asyncio.to_thread(lambda: open_attachments().keep((upload,)))
        done = await desk.act(client, proposal_id, Attach(by=actor.name, **kept.model_dump()), actor)
    except Invalid as error:
        what_to_do = "Export the picture again, smaller if it is large, and send that."
        return problem(400, str(error), what_to_do, error.errors, code="invalid")
    except Tampered as error:
        return record_damaged(proposal_id, error)
    match done:
        case VerbRecorded():
            return _respond(done, kept)
        case ActionRefused():
            return refusal(done)
        case Unknown():
            return unknown_proposal(proposal_id)


def _respond(done: VerbRecorded, kept: Attachment) -> func.HttpResponse:
    view = AttachmentView(**kept.model_dump(exclude={"blob"}))
    reply = AttachmentReply(**VerbReply.of(done).model_dump(), attachment=view)
    where = f"/api/proposals/{done.review.proposal_id}/attachments/{quote(kept.name, safe='')}"
    return answer(reply.to_dict(), status=200 if done.repeated else 201, headers={"Location": where})


async def serve(review: Review, name: str) -> func.HttpResponse:
    """Return a file of a review's document: 404 for an unknown name, 410 if it is gone, 500 if it was changed."""
    name = normalize("NFC", name)
    found = next((each for each in review.attachments if normalize("NFC", each.name) == name), None)
    if found is None:
        return problem(
            404, f"This proposal has no file {name[:60]!r}.", "GET the proposal: attachments lists its files."
        )
    try:
        content = await asyncio.to_thread(read_document, found)
    except FileMissing:
        return problem(410, f"The file {found.name!r} is gone.", "Ask its author to PUT it again.")
    except FileAltered:
        return problem(
            500,
            f"The file {found.name!r} differs from the file on record.",
            "Tell an operator, and do not decide by this file.",
            code="tampered",
        )
    return as_download(found, content)
