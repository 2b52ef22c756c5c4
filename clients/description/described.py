"""How an operation of the HTTP API is described: who may call it, with what, and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel

Caller = Literal["people", "operators", "link"]
"""`people`: signed in, or a system for them. `operators`: a function key. `link`: whoever holds a decision link."""

JSON = "application/json"
LINES = "application/x-ndjson"
ARCHIVE = "application/zip"
HTML = "text/html"
SVG = "image/svg+xml"
FORM = "application/x-www-form-urlencoded"
ANY = "application/octet-stream"

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """A part of the path or the query string, or a header."""

    name: str
    does: str
    schema: Json
    example: str | None = None
    """One that works everywhere; None where it depends on what there is."""
    required: bool = False
    """Of the query string; a path has all its parameters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What comes back when it went well."""

    does: str
    models: Mapping[str, type[BaseModel] | None]
    """By media type; None for what has no schema here."""
    headers: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """What is sent along."""

    models: Mapping[str, type[BaseModel] | None]
    example: Json | None = None
    """It is accepted as it stands, by a proposal that was made of the example of SubmitProposal."""
    optional: tuple[str, ...] = ()
    """Fields that only systems have to send."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method on one path."""

    id: str
    function: str
    """Name of the function that serves it."""
    method: Literal["GET", "POST", "PUT"]
    path: str
    """With parameters in braces, behind `/api/`."""
    does: str
    tag: str
    caller: Caller
    answers: Mapping[int, Answer]
    problems: tuple[int, ...]
    path_parameters: tuple[Parameter, ...] = ()
    query: tuple[Parameter, ...] = ()
    headers: tuple[Parameter, ...] = ()
    body: Body | None = None


TEXT: Json = {"type": "string"}
FLAG: Json = {"type": "boolean", "default": False}
FLAG_SET: Json = {"type": "boolean", "default": True}
