"""Who may call, on a host that is set up as on Azure: with function keys, or with people whom the platform signs in."""

import json

import pytest
import requests

from approvals.rules.forms import SubmissionForm
from tests.clients.front import TENANT, THING, principal

ME = f"{TENANT}/{THING.lower()}"
FORM = {**SubmissionForm.example, "policy": {"stages": [{"name": "design", "approvers": [ME, "Jonas"]}]}}


def call(app, method, path, body=None, **headers):
    """Send a request with headers; underscores stand for hyphens."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.request(method, f"{app.url}/api/{path}", json=body, headers=named, timeout=60)


@pytest.mark.timeout(180)
def test_with_keys_systems_act_for_people(start_app):
    """Without a key nothing is answered, and no header turns a system into a person."""
    app = start_app(options=["--enable-auth"], environ={"AUTH_MODE": "keys"})
    keys = json.loads((app.data_dir / "keys.json").read_text())
    key = next(value for value in _texts(keys, "default"))
    for method, path in (("GET", "proposals"), ("POST", "proposals"), ("GET", "openapi.json"), ("GET", "proposals/x"),
                         ("POST", "proposals/x/decisions"), ("GET", "proposals/x/audit")):  # fmt: skip
        for headers in ({}, {"X_Greenlight_User": "Mara"}, {"X_MS_CLIENT_PRINCIPAL": principal()}):
            assert call(app, method, path, FORM, **headers).status_code == 401
    told = call(app, "POST", "proposals", FORM, x_functions_key=key, X_Greenlight_User="Mara")
    assert told.status_code == 202, told.text
    proposal = told.json()["proposalId"]
    entry = call(app, "GET", f"proposals/{proposal}/audit", x_functions_key=key).json()["entries"][0]
    assert (entry["by"], entry["via"]) == ("Ines Carvalho", "system")
    unnamed = call(app, "POST", f"proposals/{proposal}/remind", {}, x_functions_key=key, X_Greenlight_User="Mara")
    assert (unnamed.status_code, unnamed.json()["errors"]) == (400, ["by: Field required"])
    assert key not in told.text


@pytest.mark.timeout(180)
def test_with_easy_auth_people_act_as_themselves(start_app):
    """Identified by tenant and object; a forged or missing principal is nobody."""
    app = start_app(environ={"AUTH_MODE": "easyauth", "WEBSITE_AUTH_ENABLED": "true"})
    mine = {"X_MS_CLIENT_PRINCIPAL": principal()}
    for forged in ({}, {"X_MS_CLIENT_PRINCIPAL": "x"}, {"X_MS_CLIENT_PRINCIPAL_NAME": ME}, {"X_Greenlight_User": ME}):
        assert call(app, "GET", "proposals", **forged).status_code == 401
        assert call(app, "POST", "proposals", FORM, **forged).status_code == 401
    assert call(app, "POST", "proposals", FORM, **mine).status_code == 403
    form = {name: value for name, value in FORM.items() if name != "author"}
    form["policy"] = {"stages": [{"name": "design", "approvers": ["Jonas"]}]}
    assert call(app, "POST", "proposals", form, **mine).json()["code"] == "policyNotAllowed"
    form["policy"] = "two-person-rule"
    told = call(app, "POST", "proposals", form, **mine)
    assert told.status_code == 202, told.text
    path = f"proposals/{told.json()['proposalId']}"
    assert call(app, "GET", path, **mine).json()["author"] == ME
    assert [each["author"] for each in call(app, "GET", "proposals", **mine).json()["proposals"]] == [ME]
    stranger = {"X_MS_CLIENT_PRINCIPAL": principal(thing=TENANT)}
    assert call(app, "GET", path, **stranger).status_code == 403
    assert call(app, "GET", "proposals", **stranger).json()["proposals"] == []
    assert call(app, "POST", f"{path}/withdraw", {}, **stranger).status_code == 403
    assert call(app, "POST", f"{path}/withdraw", {}, **mine, Origin="https://elsewhere.example").status_code == 403
    assert call(app, "POST", f"{path}/withdraw", {}, **mine).json()["status"] == "withdrawn"


def _texts(value, key):
    """Every text under a key, however deep."""
    if isinstance(value, dict):
        for name, each in value.items():
            if name == key and isinstance(each, str):
                yield each
            yield from _texts(each, key)
