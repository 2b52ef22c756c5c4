"""The other systems, played by one small HTTP server: a supplier of quotes and a receiver of webhooks.

`python examples/neighbour.py` runs it on port 7099 until Ctrl-C; scripts and tests use `running_neighbour()`.
"""

import argparse
import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

PORT = 7099
PRICES = {"railing": 212.5, "steel beam": 1480.0}
USUAL_PRICE = 99.0
LONGEST_DELAY_SECONDS = 60
LARGE_BYTES = 1_000_000

PATHS = """  /quote                  a quote for item and quantity
  /slow-quote?seconds=5   the same, later; without seconds it waits until it is released
  /hook                   200, with the body that it got
  /flaky?failures=2       503 that many times for each path and query, then 200
  /job?polls=2            202 with a Location that many times, then 200
  /moved                  302 to another host
  /broken                 closes the connection without an answer
  /large                  a very large answer"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request that came in; header names are in lower case."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any
    """The body as JSON, as text if it is not JSON, None if there is none."""


class Neighbour:
    """The running server, and the requests that it got."""

    def __init__(self, server: ThreadingHTTPServer) -> None:
        self._server = server
        self._released = threading.Event()
        self.requests: list[Request] = []
        self.counts: Counter[str] = Counter()

    @property
    def url(self) -> str:
        """Its address; it answers any path."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def release(self) -> None:
        """Answer every quote that is held back, and all later ones at once."""
        self._released.set()

    def hold(self) -> None:
        """Hold quotes of /slow-quote back again."""
        self._released.clear()

    def wait(self, seconds: float) -> None:
        """Wait that long, or until the release."""
        self._released.wait(seconds)


class _Handler(BaseHTTPRequestHandler):
    """Answers one request; the server holds the neighbour."""

    protocol_version = "HTTP/1.1"
    server: "_Server"

    def handle(self) -> None:
        with suppress(ConnectionError):  # who has heard enough, or was killed, hangs up
            super().handle()

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: Any) -> None:
        if self.server.talks:
            print("  ", format % args)

    def _serve(self) -> None:
        body = self._read()
        headers = {name.lower(): value for name, value in self.headers.items()}
        neighbour = self.server.neighbour
        neighbour.requests.append(Request(method=self.command, path=self.path, headers=headers, body=body))
        neighbour.counts[self.path] += 1
        url = urlsplit(self.path)
        query = {name: values[0] for name, values in parse_qs(url.query).items()}
        self._answer(url.path, query, body)

    def _answer(self, path: str, query: dict[str, str], body: Any) -> None:
        asked = self.server.neighbour.counts[self.path]
        match path:
            case "/quote":
                self._reply(200, _quote(body, query))
            case "/slow-quote":
                self.server.neighbour.wait(float(query.get("seconds", LONGEST_DELAY_SECONDS)))
                self._reply(200, _quote(body, query))
            case "/hook":
                self._reply(200, {"received": body})
            case "/flaky" if asked <= int(query.get("failures", "2")):
                self._reply(503, {"error": "busy"}, {"Retry-After": "1"})
            case "/flaky":
                self._reply(200, {"received": body, "attempt": asked})
            case "/job" if asked <= int(query.get("polls", "2")):
                self._reply(202, {"status": "running"}, {"Location": self.path, "Retry-After": "1"})
            case "/job":
                self._reply(200, {"status": "done"})
            case "/moved":
                self._reply(302, None, {"Location": "http://example.com/"})
            case "/broken":
                self.close_connection = True
            case "/large":
                self._reply(200, {"text": "x" * LARGE_BYTES})
            case _:
                self._reply(404, {"error": "there is nothing here"})

    def _read(self) -> Any:
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode(errors="replace")
        try:
            return json.loads(text) if text else None
        except ValueError:
            return text

    def _reply(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        content = json.dumps(body).encode() if body is not None else b""
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    neighbour: Neighbour
    talks = False


def _quote(body: Any, query: dict[str, str]) -> dict[str, Any]:
    asked = {**query, **(body if isinstance(body, dict) else {})}
    item, quantity = str(asked.get("item", "")), int(asked.get("quantity", 1))
    price = round(PRICES.get(item, USUAL_PRICE) * quantity, 2)
    return {"item": item, "quantity": quantity, "price": price, "currency": "EUR", "validUntil": "2030-12-31"}


@contextmanager
def running_neighbour(port: int = 0, *, talks: bool = False) -> Iterator[Neighbour]:
    """Serve on a port of this machine, 0 for a free one, as long as the block lasts."""
    server = _Server(("127.0.0.1", port), _Handler)
    server.neighbour, server.talks = Neighbour(server), talks
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, name="neighbour")
    thread.start()
    try:
        yield server.neighbour
    finally:
        server.neighbour.release()
        server.shutdown()
        server.server_close()
        thread.join()


def main() -> None:
    """Serve until Ctrl-C, one line a request."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--port", type=int, default=PORT)
    with running_neighbour(options.parse_args().port, talks=True) as neighbour, suppress(KeyboardInterrupt):
        print(f"The other systems are on {neighbour.url}  Ctrl-C stops.\n{PATHS}")
        threading.Event().wait()


if __name__ == "__main__":
    main()
