"""S4: a header makes nobody a person, but where the platform itself has written it.

Each mode and each way to write a header wrongly: tests/clients/web/test_identity.py; from outside, on hosts that are
set up as on Azure: tests/app/test_api_modes.py. Here: what a forger could gain, mode by mode, and that it would be so
where the platform did not take the header away, which is why the app does not load then.
"""

import base64
import json

import azure.functions as func
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clients.web.identity import Caller, ModeRefused, caller, claim, level
from tests.clients.front import TENANT, THING, principal, request

ME = f"{TENANT}/{THING.lower()}"
FORGED = [
    {"X-MS-CLIENT-PRINCIPAL": principal()},
    {"X-MS-CLIENT-PRINCIPAL-NAME": "Mara", "X-MS-CLIENT-PRINCIPAL-ID": THING, "X-MS-CLIENT-PRINCIPAL-IDP": "aad"},
    {"X-Greenlight-User": "Mara"},
    {"Authorization": "Bearer eyJhbGciOiJub25lIn0.eyJuYW1lIjoiTWFyYSJ9."},
    {"X-MS-TOKEN-AAD-ID-TOKEN": "x"},
    {"X-Forwarded-User": "Mara", "X-Remote-User": "Mara", "X-Original-User": "Mara"},
]


def whoever(mode, headers, monkeypatch, **settings):
    """Return whom a request is taken for: the caller, or the status of the refusal."""
    for name, value in {"AUTH_MODE": mode, **settings}.items():
        monkeypatch.setenv(name, value)
    found = caller(request("POST", "/api/proposals", headers=headers))
    return found if isinstance(found, Caller) else found.status_code


@pytest.mark.parametrize("headers", FORGED, ids=lambda each: min(each))
def test_with_keys_no_header_makes_a_person(monkeypatch, headers):
    """The host has checked a key; other headers name nobody."""
    assert whoever("keys", headers, monkeypatch).name is None


@pytest.mark.parametrize("headers", FORGED[1:], ids=lambda each: min(each))
def test_with_easy_auth_only_the_platforms_header_counts(monkeypatch, headers):
    """Names and tokens are for others."""
    assert whoever("easyauth", headers, monkeypatch, WEBSITE_AUTH_ENABLED="true") == 401


@pytest.mark.parametrize("headers", [each for each in FORGED if "X-Greenlight-User" not in each], ids=lambda e: min(e))
def test_in_development_the_platforms_headers_name_nobody(monkeypatch, headers):
    """Such a caller is a system, as without them."""
    assert whoever("development", headers, monkeypatch).name is None


def test_a_forged_header_counts_if_the_platform_lets_it_through(monkeypatch):
    """It has no signature: this is the attack, and the reason for the next test."""
    assert whoever("easyauth", FORGED[0], monkeypatch, WEBSITE_AUTH_ENABLED="true") == Caller(name=ME, via="person")


@pytest.mark.parametrize("enabled", ["", "false", "0", "yes", "truee", None])
def test_the_app_refuses_to_run_if_the_platform_signs_nobody_in(monkeypatch, enabled):
    """It does not load, and it refuses requests if the setting changes later."""
    monkeypatch.setenv("AUTH_MODE", "easyauth")
    monkeypatch.delenv("WEBSITE_AUTH_ENABLED", raising=False)
    if enabled is not None:
        monkeypatch.setenv("WEBSITE_AUTH_ENABLED", enabled)
    with pytest.raises(ModeRefused):
        level()
    with pytest.raises(ModeRefused):
        caller(request("POST", "/api/proposals", headers=FORGED[0]))


@pytest.mark.parametrize("setting", ["WEBSITE_INSTANCE_ID", "WEBSITE_SITE_NAME", "WEBSITE_SKU", "LEGION_SERVICE_HOST"])
def test_the_development_mode_is_refused_on_azure(monkeypatch, setting):
    """There everybody could be anybody; each plan sets some of these variables, Flex Consumption not the first."""
    monkeypatch.setenv("AUTH_MODE", "development")
    assert level() is func.AuthLevel.ANONYMOUS
    monkeypatch.setenv(setting, "a1b2c3")
    with pytest.raises(ModeRefused):
        level()


def test_a_chosen_name_is_no_identity(monkeypatch):
    """Names and addresses can be chosen, and change hands; tenant and object cannot."""
    claims = [{"typ": name, "val": "Mara"} for name in ("name", "preferred_username", "email", "upn", "unique_name")]
    claims += [{"typ": "tid", "val": TENANT}, {"typ": "oid", "val": THING}]
    header = {"X-MS-CLIENT-PRINCIPAL": principal(claims=claims)}
    who = whoever("easyauth", header, monkeypatch, WEBSITE_AUTH_ENABLED="true")
    assert who.name == ME
    assert claim(who, "Mara").status_code == 403
    assert claim(who, ME) == ME


def _with_easy_auth(header):
    with pytest.MonkeyPatch.context() as patch:
        return whoever("easyauth", {"X-MS-CLIENT-PRINCIPAL": header}, patch, WEBSITE_AUTH_ENABLED="true")


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_bytes_in_a_header_make_a_person_or_an_error(content):
    """Any invalid header is 401."""
    assert _with_easy_auth(base64.b64encode(content).decode()) == 401


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=20)
    | st.sampled_from([TENANT, THING, "tid", "oid", "aad"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["auth_typ", "claims", "typ", "val", "x"]), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(JSON)
def test_a_principal_needs_exactly_one_tenant_and_one_object(value):
    """No JSON without both claims, each with one value, gives a person."""
    who = _with_easy_auth(base64.b64encode(json.dumps(value).encode()).decode())
    if isinstance(who, Caller):
        claims = [(each["typ"], str(each["val"]).lower()) for each in value["claims"]]
        assert value["auth_typ"] == "aad"
        assert who.name in {f"{tid}/{oid}" for a, tid in claims for b, oid in claims if (a, b) == ("tid", "oid")}
    else:
        assert who == 401
