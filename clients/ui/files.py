"""ShowFile: a file of a proposal to look at, to read, to compare with an earlier version of it, or to save."""

import asyncio
import re
from collections.abc import Sequence

import azure.durable_functions as df
import azure.functions as func

from approvals.record.documents import Attachment
from approvals.rules.versions import Version, find_version, versions
from clients.ui.visible_proposals import find_proposal
from clients.web.file_replies import as_download, as_view
from clients.web.freshness import has_tag, keep, tag_of
from clients.web.identity import level
from clients.web.outages import answers_outages
from clients.web.page_outages import unavailable
from clients.web.page_replies import explain, show_kept
from clients.web.visitors import shell, visitor
from gateways.images import Unreadable, scale
from pages.document import LARGEST_SHOWN, ShownFile, document_page
from pages.documents import is_text, look_of
from services.documents import FileAltered, FileMissing, read_document

bp = df.Blueprint()

THUMBNAIL = 480
"""Pixels of the longer side of a small copy: what the page shows, on a screen of twice the density."""

_NUMBER = re.compile(r"[1-9][0-9]{0,5}", re.ASCII)


@bp.function_name(name="ShowFile")
@bp.route(route="ui/proposals/{proposalId}/files/{name}", methods=["GET"], auth_level=level())
@answers_outages(unavailable)
async def show_file(req: func.HttpRequest) -> func.HttpResponse:
    """Show a file as it was in a version or a round, the latest without one: 404 where there is none, 410 if gone.

    `since` names a version with which a text is compared; `small=true` asks for a small copy of a picture, and
    `download=true` for the file to be saved.
    """
    who = visitor(req)
    if isinstance(who, func.HttpResponse):
        return who
    found = await find_proposal(who, req.route_params["proposalId"])
    if isinstance(found, func.HttpResponse):
        return found
    every = versions(found.chain.entries)
    version = find_version(every, number=_number(req, "version"), round=_number(req, "round"))
    attachment = version.file(req.route_params["name"]) if version else None
    if version is None or attachment is None:
        return explain(404, "There is no such file", "The proposal has none of that name in that version.")
    earlier = _earlier(every, _number(req, "since"), attachment)
    tag, to_save = tag_of(attachment.sha256, req.url), req.params.get("download") == "true"
    if has_tag(req, tag):
        return keep(req, (as_download if to_save else as_view)(attachment, b""), tag)
    try:
        content = await asyncio.to_thread(read_document, attachment)
        before = await asyncio.to_thread(read_document, earlier[1]) if earlier else None
    except FileMissing:
        return explain(410, "This file is gone", "It is on record, but not in the store.", "Ask whoever handed it in.")
    except FileAltered:
        return explain(500, "This file cannot be shown", "It is not what was put on record.", "Tell an operator.")
    if to_save:
        return keep(req, as_download(attachment, content), tag)
    if req.params.get("small") == "true" and look_of(attachment) == "picture":
        content = await asyncio.to_thread(_smaller, attachment, content)
    if not is_text(attachment) or max(len(content), len(before or b"")) > LARGEST_SHOWN:
        return keep(req, as_view(attachment, content), tag)
    shown = ShownFile(
        proposal_id=found.review.proposal_id,
        title=version.title,
        version=version,
        versions=every,
        attachment=attachment,
        words=_decoded(content),
        earlier=None if before is None else _decoded(before),
        since=earlier[0].number if earlier else 0,
    )
    return show_kept(req, document_page(shell(who), shown))


def _number(req: func.HttpRequest, name: str) -> int | None:
    """Return a number of the address; None where it is left out or is none, as in an address that somebody cut."""
    text = req.params.get(name, "")
    return int(text) if _NUMBER.fullmatch(text) else None


def _earlier(every: Sequence[Version], since: int | None, attachment: Attachment) -> tuple[Version, Attachment] | None:
    """Return the version with which a text is compared, and its file; None where it is not to be compared."""
    version = find_version(every, number=since) if since and is_text(attachment) else None
    before = version.file(attachment.name) if version else None
    return (version, before) if version and before and is_text(before) else None


def _smaller(attachment: Attachment, content: bytes) -> bytes:
    """Return a small copy of a picture; the picture itself where none can be made of it."""
    try:
        return scale(content, attachment.content_type, edge=THUMBNAIL).content
    except Unreadable:
        return content


def _decoded(content: bytes) -> str:
    return content.decode("utf-8-sig", errors="replace")
