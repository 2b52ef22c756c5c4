"""The built-in HTTP activity against a server of the test's own."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from multidict import CIMultiDict

from durable_devhost.durable.http_calls import call_http
from durable_devhost.durable.ports import Failed, Succeeded


async def _echo(request: web.Request) -> web.Response:
    headers = CIMultiDict([("X-One", "1"), ("X-Two", "a"), ("X-Two", "b")])
    echo = {"method": request.method, "type": request.headers.get("Content-Type"), "body": await request.text()}
    return web.json_response(echo, status=int(request.query.get("status", "200")), headers=headers)


@pytest.fixture
async def address() -> AsyncIterator[str]:
    """Where the server is."""
    app = web.Application()
    app.router.add_route("*", "/echo", _echo)
    async with TestServer(app) as server:
        yield str(server.make_url("/echo"))


async def _call(**request: Any) -> dict[str, Any]:
    outcome = await call_http(json.dumps([request]))
    assert isinstance(outcome, Succeeded)
    answer: dict[str, Any] = json.loads(outcome.text or "")
    return answer


async def test_status_headers_and_content_come_back(address: str) -> None:
    """A header with several values is a list; content headers are left out."""
    answer = await _call(method="GET", uri=address)
    assert (answer["statusCode"], json.loads(answer["content"])["method"]) == (200, "GET")
    assert (answer["headers"]["X-One"], answer["headers"]["X-Two"]) == ("1", ["a", "b"])
    assert not [name for name in answer["headers"] if name.lower().startswith("content-")]


async def test_content_without_a_type_is_plain_text(address: str) -> None:
    """As .NET's StringContent; a given type stays."""
    plain = json.loads((await _call(method="POST", uri=address, content="hello"))["content"])
    assert (plain["type"], plain["body"]) == ("text/plain; charset=utf-8", "hello")
    headers = {"content-type": "application/json"}
    typed = json.loads((await _call(method="PUT", uri=address, content="{}", headers=headers))["content"])
    assert (typed["method"], typed["type"]) == ("PUT", "application/json")


@pytest.mark.parametrize("status", [202, 404, 500])
async def test_an_error_status_is_a_result(address: str, status: int) -> None:
    """202 is not polled."""
    assert (await _call(method="GET", uri=f"{address}?status={status}"))["statusCode"] == status


@pytest.mark.parametrize("uri", ["nonsense", "ftp://127.0.0.1/"])
async def test_a_request_without_an_answer_fails(uri: str) -> None:
    """With the details of the real host's exception."""
    outcome = await call_http(json.dumps([{"method": "GET", "uri": uri}]))
    assert isinstance(outcome, Failed)
    assert (outcome.details or "").startswith('{"$type":"System.Net.Http.HttpRequestException')


async def test_a_refused_connection_has_the_text_of_dotnet() -> None:
    """Recorded."""
    outcome = await call_http(json.dumps([{"method": "GET", "uri": "http://127.0.0.1:9/"}]))
    assert isinstance(outcome, Failed)
    assert outcome.message == "Connection refused (127.0.0.1:9)"


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "json"])
async def test_a_content_type_with_parameters_fails_the_call(
    address: str, content_type: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Recorded: .NET does not accept parameters. The console says what to leave out."""
    headers = {"content-type": content_type}
    outcome = await call_http(json.dumps([{"method": "POST", "uri": address, "content": "{}", "headers": headers}]))
    assert isinstance(outcome, Failed)
    assert outcome.message == f"The format of value '{content_type}' is invalid."
    assert (outcome.details or "").startswith("Unhandled exception while executing task: System.FormatException: The")
    assert "leave out what follows the semicolon" in caplog.text


async def test_a_token_source_is_refused_with_its_reason(address: str) -> None:
    """This machine has no managed identity."""
    outcome = await call_http(json.dumps([{"method": "GET", "uri": address, "tokenSource": {"resource": "r"}}]))
    assert isinstance(outcome, Failed)
    assert "managed identity" in outcome.message
