"""GetAudit: the record of a proposal, entry by entry, and whether it is what was written."""

import asyncio
import json
from dataclasses import asdict
from typing import Any

import azure.durable_functions as df
import azure.functions as func

from approvals.record.chain import Verdict, verify
from clients.web.access import damaged, see, unknown
from clients.web.flags import read_flag
from clients.web.identity import caller, level
from clients.web.outages import answers_outages, unread
from clients.web.replies import AuditReply, VerdictView
from clients.web.responses import answer
from gateways.proposal_index import open_proposal_index
from gateways.review_records import open_review_records

bp = df.Blueprint()

LINES = "application/x-ndjson"
"""The media type of a record as it lies in storage: one JSON object a line."""


@bp.function_name(name="GetAudit")
@bp.route(route="proposals/{proposalId}/audit", methods=["GET"], auth_level=level())
@answers_outages(unread)
async def get_audit(req: func.HttpRequest) -> func.HttpResponse:
    """Return the entries with their hashes; with `verify=true` a verdict too, held against the list of proposals.

    With `Accept: application/x-ndjson` it is the record itself, byte for byte, to be kept and verified elsewhere.
    """
    who = caller(req)
    if isinstance(who, func.HttpResponse):
        return who
    verifying = read_flag(req, "verify")
    if isinstance(verifying, func.HttpResponse):
        return verifying
    proposal_id = req.route_params["proposalId"]
    if who.name is not None:
        # Nobody can say who has a part in a damaged record, so only systems are shown what is left of it.
        seen = await see(who, proposal_id)
        if isinstance(seen, func.HttpResponse):
            return seen
    content, verdict = await asyncio.to_thread(_look_at, proposal_id, anchored=verifying)
    if content is None:
        return unknown(proposal_id)
    if LINES in req.headers.get("Accept", ""):
        return answer(content, mimetype=LINES)
    if not verifying and not verdict.ok:
        return damaged(proposal_id, verdict.finding)
    return answer(_reply(proposal_id, content, verdict, verifying=verifying))


def _look_at(proposal_id: str, *, anchored: bool) -> tuple[bytes | None, Verdict]:
    """Return the record and what is to be said of it; `anchored` holds it against what the list saw of it last."""
    # The anchor first: a record that grows in between is longer than its anchor, never shorter.
    row = open_proposal_index().find(proposal_id) if anchored else None
    content = open_review_records().raw(proposal_id)
    head, entries = (row.head, row.entries) if row else (None, None)
    return content, verify(content or b"", expected_head=head, expected_entries=entries)


def _reply(proposal_id: str, content: bytes, verdict: Verdict, *, verifying: bool) -> dict[str, Any]:
    whole = content.split(b"\n")[: verdict.entries]
    reply = AuditReply(
        proposal_id=proposal_id,
        head=verdict.head,
        entries=tuple(json.loads(line) for line in whole),
        verdict=VerdictView(**asdict(verdict)) if verifying else None,
    )
    return reply.to_dict()
