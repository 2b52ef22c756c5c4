"""Requests to a decision link: a form or JSON, read strictly, and whether the response is a page or JSON."""

from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import azure.functions as func

from approvals.validation import Invalid, read_json

LARGEST_BODY = 128 * 1024
"""Bytes. A comment of 8,000 characters takes up to 96,000 bytes in a form."""

_FORM = "application/x-www-form-urlencoded"
_JSON = "application/json"
_MOST_FIELDS = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class NotReadable:
    """The body cannot be read."""

    status: int
    """413 or 415."""
    reason: str
    """What to send instead."""


def wants_json(req: func.HttpRequest) -> bool:
    """Say whether the sender is a program: browsers always accept HTML."""
    accepted = req.headers.get("Accept", "*/*").lower()
    if "text/html" in accepted:
        return False
    return "json" in accepted or (req.method == "POST" and _content_type(req) == _JSON)


def read_fields(req: func.HttpRequest) -> dict[str, Any] | NotReadable:
    """Return the fields of a form or of a JSON object; raises `Invalid` if it is broken."""
    content = req.get_body()
    if len(content) > LARGEST_BODY:
        return NotReadable(status=413, reason=f"the body has {len(content):,} bytes; send up to {LARGEST_BODY:,}")
    match _content_type(req):
        case kind if kind == _JSON:
            fields = read_json(content)
            if not isinstance(fields, dict):
                raise Invalid('send a JSON object, like {"decision": "approve"}')
            return fields
        case kind if kind == _FORM:
            return _read_form(content)
        case _:
            return NotReadable(status=415, reason=f"send {_FORM} or {_JSON}")


def _read_form(content: bytes) -> dict[str, Any]:
    try:
        pairs = parse_qsl(content.decode("ascii"), keep_blank_values=True, errors="strict", max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise Invalid("this is not a form in UTF-8 with a few fields") from error
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise Invalid("a field of the form is given twice")
    # Forms end lines with CR LF; records have only LF.
    return {name: value.replace("\r\n", "\n") for name, value in fields.items()}


def _content_type(req: func.HttpRequest) -> str:
    return req.headers.get("Content-Type", "").partition(";")[0].strip().lower()
