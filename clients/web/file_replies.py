"""How functions return uploaded files: as a download, or shown if that is safe."""

from urllib.parse import quote

import azure.functions as func

from approvals.attachments import KINDS
from approvals.record.documents import Attachment
from clients.web.headers import json_headers, pdf_headers, picture_headers
from clients.web.responses import send

_PDF = "application/pdf"


def as_download(found: Attachment, content: bytes) -> func.HttpResponse:
    """Return a file as a download; a browser runs nothing in it."""
    headers = {**json_headers(), "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox"}
    return send(content, headers={**headers, "Content-Type": _kind(found), **_disposition_header(found, "attachment")})


def as_view(found: Attachment, content: bytes) -> func.HttpResponse:
    """Return a picture or a PDF that a browser shows by itself; any other file is a download."""
    kind = _kind(found)
    if kind == _PDF:
        headers = pdf_headers()
    elif kind.startswith("image/"):
        headers = picture_headers()
    else:
        return as_download(found, content)
    return send(content, headers={**headers, "Content-Type": kind, **_disposition_header(found, "inline")})


def _kind(found: Attachment) -> str:
    """Return a content type that cannot be a page; records may have types that were never accepted."""
    kind = found.content_type if found.content_type in KINDS else "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind


def _disposition_header(found: Attachment, disposition: str) -> dict[str, str]:
    return {"Content-Disposition": f"{disposition}; filename*=UTF-8''{quote(found.name, safe='')}"}
