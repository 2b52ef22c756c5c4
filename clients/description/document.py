"""The HTTP API in OpenAPI 3.1, generated from the table of operations and from the app's models."""

from collections.abc import Iterable, Mapping
from functools import cache
from http import HTTPStatus
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from approvals.policy.policy import Policy
from approvals.rules.forms import SubmissionForm
from clients.description.described import JSON, Answer, Body, Caller, Operation, Parameter
from clients.description.operations import OPERATIONS
from clients.description.operators import LEFT_OUT
from clients.web.identity import USER_HEADER
from clients.web.replies import Problem

Document = dict[str, Any]

PROBLEM = "application/problem+json"

_WHO: Mapping[Caller, list[dict[str, list[str]]]] = {
    "people": [{"functionKey": []}, {"signedIn": []}, {"named": []}],
    "operators": [{"functionKey": []}],
    "link": [],
}


@cache
def document() -> Document:
    """Return the whole document, which is built once per process."""
    paths: dict[str, Document] = {}
    for operation in OPERATIONS:
        paths.setdefault(f"/api/{operation.path}", {})[operation.method.lower()] = _describe(operation)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Greenlight",
            "version": "1",
            "summary": "Approvals of design proposals.",
            "description": "Errors are problem details (RFC 9457): `detail` says what happened, `whatToDo` what to do.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "tags": [{"name": name} for name in dict.fromkeys(each.tag for each in OPERATIONS)],
        "paths": paths,
        "components": {"schemas": _schemas(), "securitySchemes": _schemes()},
        "x-left-out": dict(LEFT_OUT),
    }


def _describe(operation: Operation) -> Document:
    described: Document = {
        "operationId": operation.id,
        "summary": operation.does,
        "tags": [operation.tag],
        "security": _WHO[operation.caller],
        "responses": {
            **{str(status): _answer(each) for status, each in operation.answers.items()},
            **{str(status): _problem(status) for status in operation.problems},
        },
    }
    parameters = [
        *(_parameter(each, "path") for each in operation.path_parameters),
        *(_parameter(each, "query") for each in operation.query),
        *(_parameter(each, "header") for each in operation.headers),
    ]
    if parameters:
        described["parameters"] = parameters
    if operation.body:
        described["requestBody"] = _body(operation.body)
    return described


def _parameter(parameter: Parameter, place: str) -> Document:
    described = {
        "name": parameter.name,
        "in": place,
        "required": place == "path" or parameter.required,
        "description": parameter.does,
        "schema": dict(parameter.schema),
    }
    return described if parameter.example is None else {**described, "example": parameter.example}


def _body(body: Body) -> Document:
    content = {kind: _content(model) for kind, model in body.models.items()}
    if body.example is not None:
        content[JSON]["example"] = dict(body.example)
    described: Document = {"required": True, "content": content}
    if body.optional:
        described["description"] = f"A signed-in person may leave `{'`, `'.join(body.optional)}` out."
    return described


def _answer(each: Answer) -> Document:
    described: Document = {
        "description": each.does,
        "content": {kind: _content(model) for kind, model in each.models.items()},
    }
    if each.headers:
        described["headers"] = {
            name: {"description": does, "schema": {"type": "string"}} for name, does in each.headers.items()
        }
    return described


def _problem(status: int) -> Document:
    described: Document = {"description": HTTPStatus(status).phrase, "content": {PROBLEM: _content(Problem)}}
    if status in (429, 503):
        seconds = {"description": "Seconds to wait.", "schema": {"type": "integer"}}
        described["headers"] = {"Retry-After": seconds}
    return described


def _content(model: type[BaseModel] | None) -> Document:
    return {"schema": {"$ref": f"#/components/schemas/{model.__name__}"}} if model else {}


def _schemas() -> Document:
    """Return the schemas of all models: of requests for validation, of responses for serialization."""
    wanted = dict[tuple[type[BaseModel], JsonSchemaMode], None]()
    for operation in OPERATIONS:
        wanted |= dict.fromkeys((model, "validation") for model in _models([operation.body] if operation.body else []))
        wanted |= dict.fromkeys((model, "serialization") for model in _models(operation.answers.values()))
    wanted |= {(Policy, "validation"): None, (Problem, "serialization"): None}
    _, together = models_json_schema(list(wanted), ref_template="#/components/schemas/{model}")
    schemas: Document = together["$defs"]
    policy = schemas[SubmissionForm.__name__]["properties"]["policy"]
    policy["anyOf"] = [{"type": "string"}, {"$ref": "#/components/schemas/Policy"}, {"type": "null"}]
    for operation in OPERATIONS:
        for model in _models([operation.body] if operation.body else []):
            schema = schemas[model.__name__]
            optional = operation.body.optional if operation.body else ()
            schema["required"] = [name for name in schema.get("required", []) if name not in optional]
    return schemas


def _models(bearers: Iterable[Body | Answer]) -> list[type[BaseModel]]:
    return [model for each in bearers for model in each.models.values() if model]


def _schemes() -> Document:
    """Return the ways to authenticate. The app's setting AUTH_MODE says which one applies."""
    return {
        "functionKey": {
            "type": "apiKey",
            "in": "header",
            "name": "x-functions-key",
            "description": "For systems, which act on behalf of the person that they name. The default.",
        },
        "signedIn": {
            "type": "http",
            "scheme": "bearer",
            "description": "For people, if AUTH_MODE is easyauth: the platform signs them in.",
        },
        "named": {
            "type": "apiKey",
            "in": "header",
            "name": USER_HEADER,
            "description": "For development on your own machine, if AUTH_MODE is development: every name is accepted.",
        },
    }
