"""Who is turned away: pages of other sites, and whoever comes under a name that somebody else can give."""

import aiohttp
import azure.functions as func
import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from durable_devhost.triggers.guard import Exposure, guard_handler, is_loopback, refusal_of
from durable_devhost.triggers.http import Mount
from durable_devhost.triggers.keys import AuthLevel
from packages.devhost.tests.triggers.conftest import Serve

HERE = "localhost:7071"
PAGE = {"Host": HERE, "Origin": f"http://{HERE}", "Sec-Fetch-Site": "same-origin"}
ELSEWHERE = {"Host": HERE, "Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
LINK = {"Host": HERE, "Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
FRONTEND = "http://localhost:3000"


def is_let_in(
    exposure: Exposure, method: str, headers: dict[str, str], trusted: tuple[str, ...] = (), more: str = ""
) -> bool:
    """Whether such a request is answered; `more` is a second `Host`."""
    sent = CIMultiDict(headers)
    if more:
        sent.add("Host", more)
    return refusal_of(exposure, method, sent, trusted) is None


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST:7071", "localhost.:80", "greenlight.localhost:7071", "127.0.0.1:7071", "127.9.9.9",
     "[::1]", "[::1]:7071", "0.0.0.0:7071"],
)  # fmt: skip
def test_these_names_mean_this_machine(host: str) -> None:
    """Those that nobody can point elsewhere, and the one that tools for functions use."""
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost.evil.example:7071", "127.0.0.1.nip.io", "notlocalhost", "192.168.1.5:7071", "8.8.8.8",
     "[2001:db8::1]", "", "[", "localhost@evil.example", "a@localhost",
     "localhost/x", "localhost:x:y]"],
)  # fmt: skip
def test_these_names_may_belong_to_anybody(host: str) -> None:
    """A name that resolves to 127.0.0.1 today is how a page gets round the browser's rules."""
    assert not is_loopback(host)
    assert not is_let_in(Exposure.CONTROL, "GET", {"Host": host})
    assert not is_let_in(Exposure.MANAGEMENT, "GET", {"Host": host})
    assert is_let_in(Exposure.EVENTS, "POST", {"Host": host})


@pytest.mark.parametrize("exposure", Exposure)
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE"])
def test_programs_and_the_hosts_own_pages_may_do_everything(exposure: Exposure, method: str) -> None:
    """Programs send none of the headers, own pages the own origin, and a typed address has no site."""
    assert is_let_in(exposure, method, {"Host": HERE})
    assert is_let_in(exposure, method, {})
    assert is_let_in(exposure, method, PAGE)
    assert is_let_in(exposure, method, {"Host": HERE, "Origin": f"http://{HERE}"})
    assert is_let_in(exposure, method, {"Host": HERE, "Sec-Fetch-Site": "none"})


@pytest.mark.parametrize("exposure", Exposure)
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "WHATEVER"])
@pytest.mark.parametrize(
    "headers",
    [
        ELSEWHERE,
        {"Host": HERE, "Origin": "https://evil.example"},
        {"Host": HERE, "Origin": "null"},
        {"Host": HERE, "Origin": FRONTEND, "Sec-Fetch-Site": "same-site"},
        {"Host": HERE, "Sec-Fetch-Site": "cross-site"},
        {"Host": HERE, "Sec-Fetch-Site": "same-site"},
        {"Host": HERE, "Origin": "https://evil.example", "Sec-Fetch-Site": "same-origin"},
        {"Host": HERE, "Origin": f"http://{HERE}", "Sec-Fetch-Site": "cross-site"},
        LINK,
    ],
)
def test_a_page_of_another_origin_writes_nothing(exposure: Exposure, method: str, headers: dict[str, str]) -> None:
    """Whatever it sends; another port of this machine is another origin."""
    assert not is_let_in(exposure, method, headers)


def test_a_page_of_another_origin_reads_no_control_page_and_frames_none() -> None:
    """It may link there. The browser decides by CORS what it reads of instances."""
    frame = {**LINK, "Sec-Fetch-Dest": "iframe"}
    assert not is_let_in(Exposure.CONTROL, "GET", ELSEWHERE)
    assert not is_let_in(Exposure.CONTROL, "GET", frame)
    assert is_let_in(Exposure.CONTROL, "GET", LINK)
    assert is_let_in(Exposure.MANAGEMENT, "GET", ELSEWHERE)


def test_an_allowed_front_end_may_only_manage_instances() -> None:
    """A page often raises events through the URLs of a start."""
    asks = {"Host": HERE, "Origin": FRONTEND, "Sec-Fetch-Site": "same-site"}
    assert is_let_in(Exposure.MANAGEMENT, "POST", asks, (FRONTEND,))
    assert not is_let_in(Exposure.MANAGEMENT, "POST", ELSEWHERE, (FRONTEND,))
    assert not is_let_in(Exposure.CONTROL, "POST", asks, (FRONTEND,))


def test_a_development_server_in_between_may_change_the_host_header() -> None:
    """The browser knows that the page has the same origin."""
    proxied = {"Host": HERE, "Origin": FRONTEND, "Sec-Fetch-Site": "same-origin"}
    assert is_let_in(Exposure.CONTROL, "POST", proxied)


def test_every_host_header_is_checked() -> None:
    """A second one is a trick."""
    assert not is_let_in(Exposure.CONTROL, "GET", {"Host": HERE}, more="evil.example")


@given(
    exposure=st.sampled_from(Exposure),
    method=st.sampled_from(["POST", "PUT", "DELETE", "PATCH"]),
    host=st.sampled_from([HERE, "127.0.0.1:7071", "evil.example", ""]),
    site=st.sampled_from(["", "none", "same-origin", "same-site", "cross-site"]),
    name=st.from_regex(r"[a-z]{1,9}(\.[a-z]{2,5}){1,2}", fullmatch=True),
)
def test_no_mixture_of_headers_lets_another_origin_write(
    exposure: Exposure, method: str, host: str, site: str, name: str
) -> None:
    """For every name that is not of this machine."""
    headers = {"Host": host, "Origin": f"http://{name}", **({"Sec-Fetch-Site": site} if site else {})}
    assert is_loopback(name) or not is_let_in(exposure, method, headers) or host == name


async def test_admin_pages_are_guarded_and_routes_of_the_app_are_not(serve_app: Serve) -> None:
    """A route of the app answers everybody, as on Azure."""
    app, run = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS), list[str]()

    @app.route(route="open", methods=["GET", "POST"])
    def open_to_all(req: func.HttpRequest) -> str:  # noqa: ARG001 - the binding names it
        return "open"

    @app.queue_trigger(arg_name="message", queue_name="orders", connection="AzureWebJobsStorage")
    def on_message(message: func.QueueMessage) -> None:
        run.append(message.get_body().decode())

    async def status(client: aiohttp.ClientSession, method: str, path: str, **more: object) -> int:
        async with client.request(method, path, **more) as response:  # type: ignore[arg-type]
            return response.status

    foreign = {**ELSEWHERE, "Host": "evil.example"}
    async with serve_app(app) as client:
        for headers in (ELSEWHERE, {"Host": "evil.example:7071"}, foreign):
            asked = {"headers": headers, "json": {"input": "evil"}}
            assert await status(client, "POST", "/admin/functions/on_message", **asked) == 403
            assert await status(client, "GET", "/admin/host/status", headers=headers) == 403
            assert await status(client, "POST", "/api/open", headers=headers) == 200
        text = {"data": '{"input": "evil"}', "headers": {"Content-Type": "text/plain"}}
        assert await status(client, "POST", "/admin/functions/on_message", **text) == 415
        assert await status(client, "POST", "/admin/functions/on_message", json={"input": "mine"}) == 202
    assert run == ["mine"]


async def test_a_refused_caller_gets_the_reason(serve_app: Serve) -> None:
    """The handler is not called."""
    app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)

    @app.route(route="open")
    def open_to_all(req: func.HttpRequest) -> str:  # noqa: ARG001 - the binding names it
        return "open"

    async def fails(_: web.Request) -> web.Response:
        raise AssertionError("nobody may come here")

    mount = Mount(prefix="/mine", handler=guard_handler(fails, Exposure.MANAGEMENT), level=AuthLevel.ANONYMOUS)
    async with (
        serve_app(app, mounts=(mount,)) as client,
        client.get("/mine/x", headers={"Host": "evil.example"}) as response,
    ):
        told = await response.json()
    assert (response.status, "Host" in told["Message"]) == (403, True)
