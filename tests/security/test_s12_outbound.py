"""S12: the app calls hosts of its list alone, whatever an address, a redirect or a name server says.

Which addresses: tests/approvals/test_destinations.py; redirects, proxies, sizes: tests/gateways/test_outbound.py.
Here: names that lead elsewhere than when they were looked at, on a resolver that lies, and what would happen without
the checks.
"""

import contextlib
import http.server
import socket
import threading

import pytest
import requests

from approvals.destinations import refusal
from gateways import outbound

SUPPLIER = "supplier.example"


@pytest.fixture
def inner():
    """A service of this machine that nobody outside should reach; it keeps what it is sent."""
    heard = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            heard.append(self.path)
            if self.path == "/elsewhere":
                self.send_response(302)
                self.send_header("Location", "/secret")
            else:
                self.send_response(200)
            self.send_header("Content-Length", "6")
            self.end_headers()
            self.wfile.write(b"secret")

        do_POST = do_GET

        def log_message(self, *_):
            """Say nothing."""

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_address[1], heard
        server.shutdown()
        thread.join()


@pytest.fixture
def raw():
    """A socket of this machine that takes whatever comes and keeps it, as something that speaks no HTTP."""
    heard = []
    server = socket.create_server(("127.0.0.1", 0))

    def listen():
        with contextlib.suppress(OSError):
            while True:
                line, _ = server.accept()
                with line:
                    line.settimeout(2)
                    heard.append(line.recv(65_536))

    thread = threading.Thread(target=listen)
    thread.start()
    yield server.getsockname()[1], heard
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join()


@pytest.fixture
def lying(monkeypatch):
    """Return a function that makes every name lead to an address, as whoever owns the name's zone can."""
    usual = socket.getaddrinfo

    def lie(address):
        monkeypatch.setattr(socket, "getaddrinfo", lambda _, port, *more, **named: usual(address, port, *more, **named))

    return lie


@pytest.mark.parametrize("address", ["127.0.0.1", "::ffff:127.0.0.1"])
def test_a_name_that_resolves_to_this_machine_is_not_called(monkeypatch, lying, raw, address):
    """It is on the list, and was another host's then. Not a byte is sent, not even a TLS greeting."""
    port, heard = raw
    monkeypatch.setenv("ALLOWED_HOSTS", SUPPLIER)
    lying(address)
    with pytest.raises(outbound.UrlRefused, match="resolves to"):
        outbound.send("POST", f"https://{SUPPLIER}:{port}/orders", timeout=5, body={"secret": 1})
    assert [each for each in heard if each] == []


@pytest.fixture
def heard_without_the_check(monkeypatch, lying, raw):
    """What this machine hears of a request to an allowed name that leads to it, where nobody looks where it leads."""
    port, heard = raw
    monkeypatch.setenv("ALLOWED_HOSTS", SUPPLIER)
    monkeypatch.setattr(outbound, "inside", lambda *_: None)
    lying("127.0.0.1")
    with pytest.raises(outbound.NoAnswer):
        outbound.send("POST", f"https://{SUPPLIER}:{port}/orders", timeout=5, body={"secret": 1})
    return heard


def test_without_the_check_it_would_be_called(heard_without_the_check):
    """The name is allowed, so the connection is made, and the greeting sent."""
    assert any(each.startswith(b"\x16\x03") for each in heard_without_the_check)


def test_the_certificate_would_then_stop_the_call(heard_without_the_check):
    """Another host of a private network has no certificate for the name: it gets no request."""
    assert not any(b"secret" in each or b"/orders" in each for each in heard_without_the_check)


def test_a_name_without_tls_is_not_resolved(monkeypatch, inner):
    """No certificate could help there."""
    port, heard = inner
    monkeypatch.setenv("ALLOWED_HOSTS", SUPPLIER)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: pytest.fail("it was looked up"))
    with pytest.raises(outbound.UrlRefused, match="https"):
        outbound.send("GET", f"http://{SUPPLIER}:{port}/", timeout=5)
    assert heard == []


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:{port}/",
        "http://localhost:{port}/",
        "http://0x7f000001:{port}/",
        "http://2130706433:{port}/",
        "http://127.1:{port}/",
        "http://[::1]:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://supplier.example@127.0.0.1:{port}/",
        "http://127.0.0.1:{port}#@supplier.example/",
        "http://127.0.0.1:{port}\\@supplier.example/",
        "http://supplier.example%2f@127.0.0.1:{port}/",
        "https://169.254.169.254/metadata/instance",
        "file:///etc/passwd",
        "gopher://127.0.0.1:{port}/",
    ],
)
def test_no_spelling_of_another_host_is_called(monkeypatch, inner, url):
    """The list names a supplier; all these lead elsewhere."""
    port, heard = inner
    monkeypatch.setenv("ALLOWED_HOSTS", SUPPLIER)
    with pytest.raises(outbound.UrlRefused):
        outbound.send("GET", url.format(port=port), timeout=5)
    assert heard == []


def test_a_redirect_is_not_followed(monkeypatch, inner):
    """It is returned; a caller that follows it, as usual, gets what is behind it."""
    port, heard = inner
    monkeypatch.setenv("ALLOWED_HOSTS", f"127.0.0.1:{port}")
    assert outbound.send("GET", f"http://127.0.0.1:{port}/elsewhere", timeout=5).status == 302
    assert heard == ["/elsewhere"]
    with requests.Session() as session:
        session.trust_env = False
        assert session.get(f"http://127.0.0.1:{port}/elsewhere", timeout=5).text == "secret"
    assert heard[-1] == "/secret"


def test_a_listed_host_is_called(monkeypatch, inner):
    """So the refusals above are about the list."""
    port, heard = inner
    monkeypatch.setenv("ALLOWED_HOSTS", f"localhost:{port}")
    assert outbound.send("GET", f"http://localhost:{port}/", timeout=5).text == "secret"
    assert heard == ["/"]
    assert refusal("https://169.254.169.254/", "169.254.169.254") is None


def test_the_metadata_service_is_refused_even_if_listed(monkeypatch):
    """A mistake in the settings must not reveal the app's identity. The test fakes the connection."""
    monkeypatch.setenv("ALLOWED_HOSTS", "169.254.169.254")
    here, there = socket.socketpair()

    class Line(socket.socket):
        def getpeername(self):
            return ("169.254.169.254", 443)

    line = Line(fileno=here.detach())
    monkeypatch.setattr("urllib3.util.connection.create_connection", lambda *_, **__: line)
    with there, pytest.raises(outbound.UrlRefused, match=r"169\.254"):
        outbound.send("GET", "https://169.254.169.254/metadata/identity", timeout=5)
