"""The OpenAPI document and the app say the same: no route without a description, none described that is not there."""

import json
import os
import re
import subprocess
import sys
from http import HTTPStatus
from pathlib import Path

import azure.functions as func
import pytest

from approvals.policy.policy import Policy
from approvals.rules.verbs import VERBS
from clients.description.described import JSON
from clients.description.document import document
from clients.description.operations import OPERATIONS
from clients.description.operators import LEFT_OUT
from clients.openapi import get_openapi

ROOT = Path(__file__).resolve().parents[2]
PAGES = "ui"
"""Under this are pages, which are for people and in no document for programs; tests/security asks them."""
LIST = """
import json, function_app
found = [(f.get_function_name(), f.get_trigger().get_dict_repr()) for f in function_app.app.get_functions()]
print(json.dumps([[name, [str(getattr(m, "value", m)) for m in t["methods"]], t["route"], str(t["authLevel"]).lower()]
    for name, t in found if "route" in t]))
"""
DOCUMENT = document()
OPERATION_IDS = [operation.id for operation in OPERATIONS]


def routes(**settings):
    """Return the routes of the API as (function, method, path, level); a process of its own for the settings' sake."""
    environ = {**os.environ, "AUTH_MODE": "keys", **settings}
    run = subprocess.run(
        [sys.executable, "-c", LIST], cwd=ROOT, env=environ, capture_output=True, text=True, check=True
    )
    return {
        (name, method.upper(), path, level.removeprefix("authlevel."))
        for name, methods, route, level in json.loads(run.stdout)
        for method in methods
        for path in expanded(route)
        if path.partition("/")[0] != PAGES
    }


def expanded(route):
    """The paths of a route: with and without what may be left out, and one for each verb."""
    paths = {route.replace("?", ""), re.sub(r"/{\w+\?}", "", route)}
    return {path.replace("{verb}", verb) for path in paths for verb in VERBS}


def refs(value):
    """Every reference in the document."""
    if isinstance(value, dict):
        yield from ([value["$ref"]] if "$ref" in value else [])
        for each in value.values():
            yield from refs(each)
    elif isinstance(value, list):
        for each in value:
            yield from refs(each)


def described():
    """Every operation of the document with its path and method."""
    return [(path, method, each) for path, methods in DOCUMENT["paths"].items() for method, each in methods.items()]


def test_every_route_is_described_and_every_description_has_a_route():
    """Function, method and path."""
    there = {(name, method, path) for name, method, path, _ in routes()}
    told = {(operation.function, operation.method, operation.path) for operation in OPERATIONS}
    assert there - told == set()
    assert told - there == set()
    assert {(method.upper(), path.removeprefix("/api/")) for path, method, _ in described()} == {
        (method, path) for _, method, path in there
    }


@pytest.mark.parametrize(
    ("settings", "people"),
    [
        ({}, "function"),
        ({"AUTH_MODE": "easyauth", "WEBSITE_AUTH_ENABLED": "true"}, "anonymous"),
        ({"AUTH_MODE": "development"}, "anonymous"),
    ],
    ids=str,
)
def test_the_document_has_the_auth_levels_of_the_host(settings, people):
    """Operators always need a key; a link needs only itself."""
    levels = {"people": people, "operators": "function", "link": "anonymous"}
    there = {(method, path): level for _, method, path, level in routes(**settings)}
    callers = {(operation.method, operation.path): operation for operation in OPERATIONS}
    assert {key: levels[each.caller] for key, each in callers.items() if each.id != "GetOpenApi"} == {
        key: level for key, level in there.items() if callers[key].id != "GetOpenApi"
    }


def test_every_undocumented_route_has_its_reason():
    """None is the app's own."""
    assert DOCUMENT["x-left-out"] == dict(LEFT_OUT)
    assert all(path.startswith("/") and not path.startswith("/api") and why for path, why in LEFT_OUT.items())


def test_the_document_has_the_required_parts_of_openapi():
    """No validator is among this repository's packages."""
    assert DOCUMENT["openapi"] == "3.1.0"
    assert set(DOCUMENT["info"]) >= {"title", "version"}
    assert set(DOCUMENT) <= {"openapi", "info", "tags", "paths", "components", "x-left-out"}
    assert len({each["operationId"] for *_, each in described()}) == len(OPERATIONS)
    assert {tag for *_, each in described() for tag in each["tags"]} == {tag["name"] for tag in DOCUMENT["tags"]}
    for path, method, each in described():
        assert each["responses"], (path, method)
        assert all(answer["description"] for answer in each["responses"].values())
        assert all(re.fullmatch(r"[1-5]\d\d", status) for status in each["responses"])
        schemes = {name for one in each["security"] for name in one}
        assert schemes <= set(DOCUMENT["components"]["securitySchemes"])
    json.dumps(DOCUMENT, allow_nan=False)


def test_every_reference_resolves_and_every_schema_is_used():
    """The form refers to Policy."""
    known = {f"#/components/schemas/{name}" for name in DOCUMENT["components"]["schemas"]}
    assert set(refs(DOCUMENT)) == known
    assert {"#/components/schemas/Policy", "#/components/schemas/Problem"} <= known


@pytest.mark.parametrize(("path", "method", "operation"), described(), ids=lambda each: str(each)[:60])
def test_path_parameters_are_those_in_braces(path, method, operation):
    """All of them are required; those of the query string are not, except GetBlob's."""
    parameters = operation.get("parameters", [])
    assert {each["name"] for each in parameters if each["in"] == "path"} == set(re.findall(r"{(\w+)}", path))
    assert all(each["required"] for each in parameters if each["in"] == "path")
    assert all(each["description"] for each in parameters)
    assert (method == "get") <= ("requestBody" not in operation)


@pytest.mark.parametrize("operation", OPERATIONS, ids=OPERATION_IDS)
def test_the_example_of_a_body_is_valid_for_its_model(operation):
    """It has only documented fields."""
    if operation.body is None or operation.body.example is None:
        assert operation.method == "GET" or operation.id == "PutAttachment"
        return
    model = operation.body.models[JSON]
    if model is None:
        return
    assert model.from_dict(dict(operation.body.example))
    properties = DOCUMENT["components"]["schemas"][model.__name__]["properties"]
    assert set(operation.body.example) <= set(properties)


@pytest.mark.parametrize("name", VERBS)
def test_the_name_is_optional_for_a_signed_in_person_and_documented(name):
    """It is no required field, and the description names it."""
    operation = DOCUMENT["paths"][f"/api/proposals/{{proposalId}}/{name}"]["post"]
    schema = DOCUMENT["components"]["schemas"][VERBS[name].__name__]
    (optional,) = re.findall(r"`(\w+)`", operation["requestBody"]["description"])
    assert optional in schema["properties"]
    assert optional not in schema["required"]


def test_the_schema_of_a_policy_describes_its_fields():
    """People write policies with it."""
    properties = DOCUMENT["components"]["schemas"]["Policy"]["properties"]
    assert set(properties) == {field.alias for field in Policy.model_fields.values()}
    assert all("description" in each for name, each in properties.items() if name not in ("budgetOwners",))


def test_problems_are_described_with_their_status():
    """With the HTTP phrase and the headers that they have."""
    for path, method, each in described():
        for status, told in each["responses"].items():
            if int(status) < 400:
                continue
            assert told["description"] == HTTPStatus(int(status)).phrase, (path, method)
            assert list(told["content"]) == ["application/problem+json"]
            assert ("Retry-After" in told.get("headers", {})) == (status in ("429", "503"))


def test_the_route_returns_the_document():
    """As JSON, the same each time."""
    function = get_openapi._function.get_user_function()
    request = func.HttpRequest("GET", "http://localhost/api/openapi.json", body=b"")
    response = function(req=request)
    assert (response.status_code, response.mimetype) == (200, "application/json")
    assert json.loads(response.get_body()) == json.loads(json.dumps(DOCUMENT))
