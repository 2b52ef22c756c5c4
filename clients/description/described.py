"""The description of an operation of the HTTP API: who may call it, its parameters, and its responses."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel

Caller = Literal["people", "operators", "link"]
"""`people`: signed-in people, or a system on their behalf. `operators`: a function key. `link`: a decision link."""

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
    """An example that always works; None if it depends on existing data."""
    required: bool = False
    """Whether a query parameter is required; path parameters always are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A successful response."""

    does: str
    models: Mapping[str, type[BaseModel] | None]
    """By media type; None if it has no schema here."""
    headers: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A request body."""

    models: Mapping[str, type[BaseModel] | None]
    example: Json | None = None
    """It is accepted unchanged for a proposal that was made from the example of SubmitProposal."""
    optional: tuple[str, ...] = ()
    """Fields that only systems have to send."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method on one path."""

    id: str
    function: str
    """The name of the Azure function."""
    method: Literal["GET", "POST", "PUT"]
    path: str
    """The path after `/api/`, with parameters in braces."""
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

IF_NONE_MATCH = Parameter(name="If-None-Match", does="The ETag of an earlier response.", schema=TEXT)
UNCHANGED = {304: Answer(does="Nothing has changed since the response with this ETag.", models={})}
