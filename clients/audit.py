"""GetAudit, ExportAudit: the record of a proposal, its verification, and an export to store elsewhere."""

import asyncio
import json
from typing import Any

import azure.durable_functions as df
import azure.functions as func

from approvals.record.export import LARGEST_EXPORT
from approvals.record.verdict import Verdict
from clients.web.access import record_damaged, see, unknown_proposal
from clients.web.flags import read_flag
from clients.web.identity import caller, level
from clients.web.outages import answers_outages, while_reading
from clients.web.replies import AuditReply, VerdictView
from clients.web.responses import answer, problem
from services.audits import Examination, TooLarge, examine, export

bp = df.Blueprint()

LINES = "application/x-ndjson"
"""The media type of a record in its stored form: one JSON object per line."""

ARCHIVE = "application/zip"
"""The media type of an export."""


@bp.function_name(name="GetAudit")
@bp.route(route="proposals/{proposalId}/audit", methods=["GET"], auth_level=level())
@answers_outages(while_reading)
async def get_audit(req: func.HttpRequest) -> func.HttpResponse:
    """Return the entries with their hashes; with `verify=true` also a verdict.

    For the verdict the record is compared with the list of proposals and the copied heads. With
    `Accept: application/x-ndjson` the response is the record itself, byte for byte, to store and verify elsewhere.
    """
    proposal_id, verifying = req.route_params["proposalId"], read_flag(req, "verify")
    if isinstance(verifying, func.HttpResponse):
        return verifying
    refusal = await _refuse(req, proposal_id)
    if refusal:
        return refusal
    found = await asyncio.to_thread(examine, proposal_id, anchored=verifying)
    if found is None:
        return unknown_proposal(proposal_id)
    if found.content and LINES in req.headers.get("Accept", ""):
        return answer(found.content, mimetype=LINES)
    if not verifying and not found.verdict.sound:
        return record_damaged(proposal_id, found.verdict.finding)
    return answer(_reply(proposal_id, found, verifying=verifying))


@bp.function_name(name="ExportAudit")
@bp.route(route="proposals/{proposalId}/audit/export", methods=["GET"], auth_level=level())
@answers_outages(while_reading)
async def export_audit(req: func.HttpRequest) -> func.HttpResponse:
    """Return one file with the record, its documents, and the data to verify them without the app.

    With `documents=false` it has only the hashes of the documents.
    """
    proposal_id, documents = req.route_params["proposalId"], read_flag(req, "documents", default=True)
    if isinstance(documents, func.HttpResponse):
        return documents
    refusal = await _refuse(req, proposal_id)
    if refusal:
        return refusal
    try:
        found = await asyncio.to_thread(export, proposal_id, with_documents=documents)
    except TooLarge:
        return problem(
            413,
            f"With its documents this export has more than {LARGEST_EXPORT:,} bytes.",
            "Use documents=false, which exports only their hashes, and get the files one by one.",
        )
    if found is None:
        return unknown_proposal(proposal_id)
    if isinstance(found, Verdict):
        return record_damaged(proposal_id, found.finding)
    headers = {"Content-Disposition": f'attachment; filename="{proposal_id.replace(":", "_")}.zip"'}
    return answer(found, mimetype=ARCHIVE, headers=headers)


async def _refuse(req: func.HttpRequest, proposal_id: str) -> func.HttpResponse | None:
    """Return the refusal for a caller who may not read the record; None if the caller may.

    A damaged record does not reliably say who is involved, so only systems can read what is left of it.
    """
    who = caller(req)
    if isinstance(who, func.HttpResponse):
        return who
    seen = await see(who, proposal_id) if who.name is not None else None
    return seen if isinstance(seen, func.HttpResponse) else None


def _reply(proposal_id: str, found: Examination, *, verifying: bool) -> dict[str, Any]:
    verdict = found.verdict
    whole = found.content.split(b"\n")[: verdict.entries]
    reply = AuditReply(
        proposal_id=proposal_id,
        head=verdict.head,
        entries=tuple(json.loads(line) for line in whole),
        verdict=_view(verdict) if verifying else None,
    )
    return reply.to_dict()


def _view(verdict: Verdict) -> VerdictView:
    return VerdictView(
        state=verdict.state,
        ok=verdict.ok,
        entries=verdict.entries,
        authenticated=verdict.authenticated,
        head=verdict.head,
        finding=verdict.finding,
        line=verdict.line,
    )
