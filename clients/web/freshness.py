"""Responses that a browser may keep, if it asks each time whether they are still true: ETag, If-None-Match, 304.

The caller is identified, and what they may see is decided, before a tag is compared. A tag is made of everything that a
response shows, including whom it is for, so a copy is never confirmed to somebody else.
"""

import hashlib

import azure.functions as func

from clients.web.headers import private_cache_headers
from clients.web.responses import send


def tag_of(*parts: bytes | str) -> str:
    """Return the weak ETag of what a response is made of. A proxy may compress the response, which keeps a weak tag."""
    digest = hashlib.sha256()
    for part in parts:
        content = part.encode() if isinstance(part, str) else part
        digest.update(len(content).to_bytes(8, "big") + content)
    return f'W/"{digest.hexdigest()[:32]}"'


def has_tag(req: func.HttpRequest, *tags: str) -> bool:
    """Say whether the caller has a response with one of these tags (RFC 9110, 13.1.2: weak comparison, list, `*`)."""
    given = req.headers.get("If-None-Match", "")
    known = {each.strip().removeprefix("W/") for each in given.split(",")}
    return given.strip() == "*" or any(tag.removeprefix("W/") in known for tag in tags)


def keep(req: func.HttpRequest, response: func.HttpResponse, tag: str = "", *, state: str = "") -> func.HttpResponse:
    """Return a good response with its ETag, or 304 without a body to a caller who has it already.

    Without a `tag` it is made of the response's content. A caller who only wants to know whether something has changed,
    and not how much time is left now, names the `state` of a page instead. Other responses than 200 are returned
    unchanged: a page with faults, or a refusal, is never kept.
    """
    if response.status_code != 200:
        return response
    tag = tag or tag_of(response.get_body())
    headers = {**dict(response.headers.items()), **private_cache_headers(), "ETag": tag}
    known = has_tag(req, tag, *((f'"{state}"',) if state else ()))
    # A browser takes over the headers of a 304, so they have to be those of the page.
    content = b"" if known else response.get_body()
    return send(content, status=304 if known else 200, headers=headers, mimetype=response.mimetype)
