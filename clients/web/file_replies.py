"""How functions answer with a file that people have handed in: to be saved, or to be looked at where that is safe."""

from urllib.parse import quote

import azure.functions as func

from approvals.attachments import KINDS
from approvals.record.documents import Attachment
from clients.web.headers import json_headers, pdf_headers, picture_headers
from clients.web.responses import send

_PDF = "application/pdf"


def saved(found: Attachment, content: bytes) -> func.HttpResponse:
    """Return a file that a browser saves, and of which it runs nothing, whatever it holds."""
    headers = {**json_headers(), "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox"}
    return send(content, headers={**headers, "Content-Type": _kind(found), **_named(found, "attachment")})


def looked_at(found: Attachment, content: bytes) -> func.HttpResponse:
    """Return a picture or a PDF that a browser shows by itself; any other file is saved."""
    kind = _kind(found)
    if kind == _PDF:
        headers = pdf_headers()
    elif kind.startswith("image/"):
        headers = picture_headers()
    else:
        return saved(found, content)
    return send(content, headers={**headers, "Content-Type": kind, **_named(found, "inline")})


def _kind(found: Attachment) -> str:
    """Return the content type, of which nobody can make a page; records may name kinds that were never accepted."""
    kind = found.content_type if found.content_type in KINDS else "application/octet-stream"
    return f"{kind}; charset=utf-8" if kind.startswith("text/") else kind


def _named(found: Attachment, disposition: str) -> dict[str, str]:
    return {"Content-Disposition": f"{disposition}; filename*=UTF-8''{quote(found.name, safe='')}"}
