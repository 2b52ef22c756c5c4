"""Who calls: nobody passes for somebody else, whatever is sent."""

import base64
import json
import subprocess
import sys
from pathlib import Path

import azure.functions as func
import pytest

from approvals.record.entries import Via
from clients.web import identity
from clients.web.identity import Caller, ModeRefused, caller, claim, level
from gateways.people import open_directory
from tests.clients.front import HOST, TENANT, THING, principal, request

ROOT = Path(__file__).resolve().parents[3]
SYSTEM = Caller(name=None, via=Via.SYSTEM)
UNKNOWN_NAME = f"{TENANT}/{THING.lower()}"
ON_AZURE = ("WEBSITE_INSTANCE_ID", "WEBSITE_SITE_NAME", "WEBSITE_SKU", "LEGION_SERVICE_HOST")
MODES = {
    "keys": {"AUTH_MODE": "keys"},
    "easyauth": {"AUTH_MODE": "easyauth", "WEBSITE_AUTH_ENABLED": "true"},
    "development": {"AUTH_MODE": "development"},
}


@pytest.fixture
def mode(monkeypatch):
    """Return a function that sets the app to a mode, and nothing that another test has set."""

    def choose(name=None, **more):
        for setting in ("AUTH_MODE", "WEBSITE_AUTH_ENABLED", *ON_AZURE, "PUBLIC_URL"):
            monkeypatch.delenv(setting, raising=False)
        for setting, value in {**MODES.get(name, {}), **more}.items():
            monkeypatch.setenv(setting, value)

    return choose


@pytest.fixture
def directory(tmp_path, monkeypatch):
    """A directory that knows Mara."""
    file = tmp_path / "people.json"
    file.write_text(json.dumps({"Mara Lindqvist": {"tenant": TENANT, "object": THING}}))
    monkeypatch.setattr(identity, "person_of", open_directory(file).person_of)


def ask(method="GET", url=HOST, **headers):
    """Return a request with headers; underscores stand for hyphens."""
    return request(method, "/api/proposals", headers={n.replace("_", "-"): v for n, v in headers.items()}, host=url)


def status_of(answer):
    """The status of a refusal, None for a caller."""
    return answer.status_code if isinstance(answer, func.HttpResponse) else None


# Keys: the host has looked at the key, and nothing else counts


def test_a_key_makes_a_system(mode):
    """This is the default, so an unconfigured app is closed."""
    mode()
    assert level() is func.AuthLevel.FUNCTION
    assert caller(ask()) == SYSTEM


@pytest.mark.parametrize("header", ["X-MS-CLIENT-PRINCIPAL", "X-MS-CLIENT-PRINCIPAL-NAME", "X-Greenlight-User"])
def test_with_keys_no_header_makes_a_person(mode, header):
    """Anybody with a key could send it."""
    mode("keys")
    assert caller(ask(**{header: principal()})) == SYSTEM


def test_with_keys_requests_may_come_from_any_origin(mode):
    """A browser does not send a key by itself."""
    mode("keys")
    assert caller(ask("POST", "https://greenlight.example", Origin="https://elsewhere.example")) == SYSTEM


# Easy Auth: what the platform says of whom it has signed in


@pytest.mark.usefixtures("directory")
def test_a_signed_in_person_is_identified_by_tenant_and_object(mode):
    """In any case, and under the long claim names too."""
    mode("easyauth")
    assert level() is func.AuthLevel.ANONYMOUS
    assert caller(ask(X_MS_CLIENT_PRINCIPAL=principal())) == Caller(name="Mara Lindqvist", via=Via.PERSON)
    schema = "http://schemas.microsoft.com/identity/claims/"
    claims = [{"typ": f"{schema}tenantid", "val": TENANT}, {"typ": f"{schema}objectidentifier", "val": THING.upper()}]
    assert caller(ask(X_MS_CLIENT_PRINCIPAL=principal(claims=claims))).name == "Mara Lindqvist"


def test_a_person_without_a_directory_entry_is_identified_by_id(mode):
    """A name or an address that people can choose never counts."""
    mode("easyauth")
    assert caller(ask(X_MS_CLIENT_PRINCIPAL=principal())).name == UNKNOWN_NAME


def encoded(value):
    """JSON in Base64."""
    return base64.b64encode(json.dumps(value).encode()).decode()


TWO_OBJECTS = ({"typ": "oid", "val": THING}, {"typ": "oid", "val": TENANT})
FORGED = {
    "absent": None,
    "empty": "",
    "no Base64": "?" * 40,
    "a name": "Mara Lindqvist",
    "no JSON": base64.b64encode(b"Mara").decode(),
    "no UTF-8": base64.b64encode(b"\xff\xfe").decode(),
    "JSON itself": '{"auth_typ": "aad"}',
    "a list": encoded([1]),
    "a text": encoded("Mara"),
    "null": encoded(None),
    "no claims": principal(claims=None),
    "claims that are an object": principal(claims={"tid": TENANT, "oid": THING}),
    "claims that are texts": principal(claims=["tid", "oid"]),
    "claims without values": principal(claims=[{"typ": "tid"}, {"typ": "oid"}]),
    "claims whose names are lists": principal(claims=[{"typ": ["tid"], "val": TENANT}]),
    "no tenant": principal(tenant=None),
    "no object": principal(thing=None),
    "an empty tenant": principal(tenant=""),
    "an object that is no GUID": principal(thing="Mara Lindqvist"),
    "an object with a line break": principal(thing=THING + "\n"),
    "two objects": principal(claims=[{"typ": "tid", "val": TENANT}, *TWO_OBJECTS]),
    "another provider": principal(auth_typ="github"),
    "no provider": principal(auth_typ=None),
    "a key twice": base64.b64encode(b'{"auth_typ": "x", "auth_typ": "aad"}').decode(),
    "deep": base64.b64encode(b"[" * 5000 + b"]" * 5000).decode(),
}  # fmt: skip


@pytest.mark.parametrize("header", FORGED.values(), ids=FORGED)
def test_an_invalid_principal_is_nobody(mode, header):
    """401, and never a system, which would have more rights."""
    mode("easyauth")
    answer = caller(ask(**({} if header is None else {"X-MS-CLIENT-PRINCIPAL": header})))
    assert status_of(answer) == 401
    assert json.loads(answer.get_body())["whatToDo"]


@pytest.mark.parametrize("header", ["X-MS-CLIENT-PRINCIPAL-NAME", "X-MS-CLIENT-PRINCIPAL-ID", "X-Greenlight-User"])
def test_with_easy_auth_no_other_header_counts(mode, header):
    """A name may be shared, changed, or chosen."""
    mode("easyauth")
    assert status_of(caller(ask(**{header: "Mara Lindqvist"}))) == 401
    assert caller(ask(X_MS_CLIENT_PRINCIPAL=principal(), **{header: "Jonas"})).name == UNKNOWN_NAME


CROSSED = [
    {"Origin": "https://elsewhere.example"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Origin": "http://localhost:7072", "Sec-Fetch-Site": "same-site"},
]


@pytest.mark.parametrize("headers", CROSSED, ids=str)
@pytest.mark.parametrize("name", ["easyauth", "development"])
def test_a_page_of_another_site_cannot_use_a_session(mode, name, headers):
    """Browsers send cookies along; they forbid reading by themselves."""
    mode(name)
    who = {"X-MS-CLIENT-PRINCIPAL": principal(), "X-Greenlight-User": "Mara"}
    assert status_of(caller(ask("POST", **who, **headers))) == 403
    assert status_of(caller(ask("PUT", **who, **headers))) == 403
    assert caller(ask("GET", **who, **headers)).via is Via.PERSON


@pytest.mark.parametrize("origin", [HOST, "https://greenlight.example"])
def test_the_apps_own_pages_can_use_a_session(mode, origin):
    """Under the address of the request, and under the public one."""
    mode("easyauth", PUBLIC_URL="https://greenlight.example/inbox")
    asked = ask("POST", X_MS_CLIENT_PRINCIPAL=principal(), Origin=origin)
    assert caller(asked).via is Via.PERSON


# Development: a name is believed, on one's own machine


def test_a_developers_container_is_not_azure(mode):
    """CONTAINER_NAME alone proves nothing."""
    mode("development", CONTAINER_NAME="dev")
    assert caller(ask(X_Greenlight_User="Mara")).name == "Mara"


@pytest.mark.parametrize(("header", "name"), [("Mara", "Mara"), (" Mara  ", "Mara"), ("J%C3%BCrgen", "Jürgen")])
def test_in_development_a_header_names_the_person(mode, header, name):
    """Characters beyond ASCII are percent-encoded."""
    mode("development")
    assert level() is func.AuthLevel.ANONYMOUS
    assert caller(ask(X_Greenlight_User=header)) == Caller(name=name, via=Via.PERSON)


def test_in_development_a_caller_without_a_name_is_a_system(mode):
    """So that scripts can act as one."""
    mode("development")
    assert caller(ask()) == SYSTEM


@pytest.mark.parametrize("header", ["", " ", "%20", "%00", "%0A", "a%0Ab", "%FF", "x" * 201, "%ED%A0%80"])
def test_in_development_an_invalid_name_is_nobody(mode, header):
    """Never a system by mistake."""
    mode("development")
    assert status_of(caller(ask(X_Greenlight_User=header))) == 401


def test_in_development_the_platforms_header_is_ignored(mode):
    """No platform has removed a forged one."""
    mode("development")
    assert caller(ask(X_MS_CLIENT_PRINCIPAL=principal())) == SYSTEM


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org", "http://192.168.1.7:7071", "http://0.0.0.0:7071", "http://localhost.example.org",
        "http://127.0.0.1.example.org", "http://localhost@example.org", "http://localhost:7071@example.org",
        "https://greenlight.azurewebsites.net", "http://[fe80::1]", "http://", "http://[::1", "", "localhost",
    ],
)  # fmt: skip
def test_in_development_only_this_machine_is_answered(mode, url):
    """Also if a page elsewhere gave this machine its own name."""
    mode("development")
    for headers in ({}, {"X-Greenlight-User": "Mara"}):
        assert status_of(caller(ask("GET", url, **headers))) == 403


@pytest.mark.parametrize(
    "url", ["http://localhost", "http://LOCALHOST:7071", "http://127.0.0.1:80", "http://[::1]:7071"]
)
def test_in_development_this_machine_has_several_names(mode, url):
    """All of them loopback."""
    mode("development")
    assert caller(ask("GET", url)) == SYSTEM


@pytest.mark.parametrize("header", ["Forwarded", "X-Forwarded-For", "X-Forwarded-Host"])
def test_in_development_a_forwarded_request_is_refused(mode, header):
    """A tunnel would open this machine to everybody."""
    mode("development")
    assert status_of(caller(ask(**{header: "203.0.113.7"}))) == 403


# What the app refuses to be loaded with


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"AUTH_MODE": "easyauth"}, "easyauth"),
        ({"AUTH_MODE": "easyauth", "WEBSITE_AUTH_ENABLED": "false"}, "easyauth"),
        ({"AUTH_MODE": "easyauth", "WEBSITE_AUTH_ENABLED": "1"}, "easyauth"),
        ({"AUTH_MODE": "development", "WEBSITE_INSTANCE_ID": "a"}, "development"),
        ({"AUTH_MODE": "development", "WEBSITE_SITE_NAME": "app"}, "development"),
        ({"AUTH_MODE": "development", "WEBSITE_SKU": "FlexConsumption"}, "development"),
        ({"AUTH_MODE": "development", "LEGION_SERVICE_HOST": "h"}, "development"),
        ({"AUTH_MODE": "none"}, "AUTH_MODE"),
        ({"AUTH_MODE": "Keys"}, "AUTH_MODE"),
        ({"AUTH_MODE": "anonymous", "WEBSITE_AUTH_ENABLED": "true"}, "AUTH_MODE"),
    ],
    ids=str,
)
def test_settings_that_would_admit_anybody_are_refused(mode, settings, told):
    """At import, so that the app does not load; and at each request, should they change."""
    mode(**settings)
    for use in (level, lambda: caller(ask())):
        with pytest.raises(ModeRefused, match=told):
            use()


def test_the_app_does_not_load_with_such_settings():
    """In its own process, like the host's worker."""
    import os

    environ = {**os.environ, "AUTH_MODE": "easyauth"}
    environ.pop("WEBSITE_AUTH_ENABLED", None)
    loaded = subprocess.run(
        [sys.executable, "-c", "import clients.verbs"],
        cwd=ROOT,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert loaded.returncode != 0
    assert "ModeRefused: AUTH_MODE is easyauth" in loaded.stderr


# For whom a caller may act


@pytest.mark.parametrize("named", [None, "Mara", "MARA", "  mara "])
def test_a_person_acts_as_themselves(named):
    """Under the name of the sign-in, in any spelling."""
    assert claim(Caller(name="Mara", via=Via.PERSON), named) == "Mara"


@pytest.mark.parametrize("named", ["Jonas", "", "Mara Lindqvist", "\N{CYRILLIC CAPITAL LETTER EM}ara"])
def test_a_person_cannot_act_as_somebody_else(named):
    """Not by a name that looks alike either."""
    assert status_of(claim(Caller(name="Mara", via=Via.PERSON), named)) == 403


def test_a_system_must_say_for_whom_it_acts():
    """400 otherwise."""
    assert claim(SYSTEM, "Jonas") == "Jonas"
    assert status_of(claim(SYSTEM, None)) == 400


def test_every_mode_has_its_tests_here():
    """A new mode needs its own."""
    assert set(MODES) == set(identity.Mode)
