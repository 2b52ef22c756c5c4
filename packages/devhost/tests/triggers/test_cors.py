"""Tests of what browsers are told of calls from another origin."""

# ruff: noqa: ARG001 - user functions take the arguments that their bindings name

from typing import Any

import azure.functions as func
import pytest

from durable_devhost.local_host import Cors
from durable_devhost.triggers.cors import answer_headers, is_preflight, preflight_headers
from durable_devhost.triggers.keys import Keys
from packages.devhost.tests.triggers.conftest import Serve

ONE = Cors(origins=("http://a.example",))
TWO = Cors(origins=("http://a.example", "http://b.example"), credentials=True)
ANY = Cors(origins=("*",))
ASKED = {"Origin": "http://a.example", "Access-Control-Request-Method": "PUT"}


def make_app() -> func.FunctionApp:
    """One function, for which a key is needed."""
    app = func.FunctionApp(http_auth_level=func.AuthLevel.FUNCTION)

    @app.route(route="hello", methods=["GET"])
    def hello(req: func.HttpRequest) -> func.HttpResponse:
        return func.HttpResponse("hi", headers={"Access-Control-Allow-Origin": "mine", "Vary": "Accept"})

    return app


@pytest.mark.parametrize(
    ("cors", "origin", "expected"),
    [
        (ONE, "http://a.example", {"Access-Control-Allow-Origin": "http://a.example"}),
        (ONE, "http://b.example", {}),
        (ONE, "HTTP://A.EXAMPLE", {}),
        (ONE, "", {}),
        (TWO, "http://b.example", {
            "Access-Control-Allow-Origin": "http://b.example", "Access-Control-Allow-Credentials": "true",
            "Vary": "Origin",
        }),
        (ANY, "http://c.example", {"Access-Control-Allow-Origin": "*"}),
        (Cors(origins=("*", "http://a.example")), "http://c.example", {}),
        (Cors(), "http://a.example", {}),
    ],
)  # fmt: skip
def test_an_allowed_origin_gets_its_cors_headers(cors: Cors, origin: str, expected: dict[str, str]) -> None:
    """The origin, `*` if the setting is only that, or nothing; case matters."""
    assert answer_headers(cors, {"Origin": origin}) == expected


def test_a_preflight_is_an_options_request_with_a_requested_method() -> None:
    """Without CORS settings it is a request like any other."""
    assert is_preflight(ONE, "OPTIONS", ASKED)
    assert not is_preflight(ONE, "GET", ASKED)
    assert not is_preflight(ONE, "OPTIONS", {"Origin": "http://a.example"})
    assert not is_preflight(ONE, "OPTIONS", {"Access-Control-Request-Method": "PUT"})
    assert not is_preflight(Cors(), "OPTIONS", ASKED)


def test_a_preflight_gets_all_that_it_asks_for() -> None:
    """Method and headers, because func's policy allows any."""
    asked = {**ASKED, "Access-Control-Request-Headers": "x-one , content-type,"}
    assert preflight_headers(TWO, asked) == {
        "Access-Control-Allow-Origin": "http://a.example",
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Allow-Headers": "x-one,content-type",
        "Access-Control-Allow-Methods": "PUT",
        "Vary": "Origin",
    }
    assert preflight_headers(TWO, {**asked, "Origin": "http://c.example"}) == {}


@pytest.mark.parametrize("path", ["/api/hello", "/api/nothing", "/admin/functions", "/"])
async def test_a_preflight_is_answered_before_keys_and_routes(serve_app: Serve, path: str) -> None:
    """Without a key, on any path."""
    async with serve_app(make_app(), Keys(master="m", host="h"), cors=ONE) as client:
        async with client.options(path, headers=ASKED) as answer:
            assert (answer.status, await answer.text()) == (204, "")
            assert answer.headers["Access-Control-Allow-Origin"] == "http://a.example"
            assert answer.headers.getall("Access-Control-Allow-Methods") == ["PUT"]
        async with client.options(path, headers={**ASKED, "Origin": "http://b.example"}) as answer:
            assert (answer.status, cors_of(answer.headers)) == (204, {})


async def test_every_other_answer_has_the_cors_headers(serve_app: Serve) -> None:
    """Also refusals; they replace those of a function, and its Vary stays."""
    keys = Keys(master="m", host="h")
    async with serve_app(make_app(), keys, cors=TWO) as client:
        for path, status in (("/api/hello?code=h", 200), ("/api/hello", 401), ("/api/nothing", 404)):
            async with client.get(path, headers={"Origin": "http://b.example"}) as answer:
                assert answer.status == status
                assert cors_of(answer.headers) == {
                    "access-control-allow-origin": "http://b.example", "access-control-allow-credentials": "true",
                }  # fmt: skip
                assert answer.headers.getall("Vary")[-1] == "Origin"


async def test_without_origins_there_are_no_cors_headers(serve_app: Serve) -> None:
    """An OPTIONS request then reaches the functions."""
    async with serve_app(make_app()) as client, client.options("/api/hello", headers=ASKED) as answer:
        assert (answer.status, cors_of(answer.headers)) == (404, {})


def cors_of(headers: Any) -> dict[str, str]:
    """The headers that are about other origins."""
    return {name.lower(): value for name, value in headers.items() if name.lower().startswith("access-control")}
