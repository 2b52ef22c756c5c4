"""The command line in this process, and a small server that answers as it is told."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from click.testing import CliRunner, Result

from greenlight.cli import main


class Answering:
    """A server whose answers a test lays out in order; the last one stands for all that follow."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.asked: list[dict[str, Any]] = []
        self._answers: list[tuple[int, dict[str, str], bytes]] = []

    def will(self, status=200, body=None, **headers):
        """Answer so, once this answer's turn has come; texts and bytes are sent as they are, anything else as JSON."""
        text = body if isinstance(body, str | bytes) else json.dumps(body)
        content = text.encode() if isinstance(text, str) else text
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        self._answers.append((status, names, content))
        return self

    def refuses(self, status, detail, what_to_do="Do something else.", **more):
        """Answer with a problem, as the API does."""
        return self.will(status, {"detail": detail, "whatToDo": what_to_do, "status": status} | more)

    def answer(self):
        """The next answer."""
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


@pytest.fixture
def server() -> Iterator[Answering]:
    """A real HTTP server on a free port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answering.asked.append({"method": self.command, "path": self.path, "headers": self.headers, "body": body})
            status, headers, content = answering.answer()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = _serve

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.daemon_threads = True
        answering = Answering(f"http://127.0.0.1:{http.server_address[1]}")
        thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield answering
        http.shutdown()
        thread.join()


@pytest.fixture
def run(monkeypatch):
    """Run a command as a person types it, in a clean environment with a pipe for a terminal."""
    for name in ("GREENLIGHT_URL", "GREENLIGHT_USER", "GREENLIGHT_KEY", "FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TZ", "UTC")

    def typed(*words, stdin=None, **environ) -> Result:
        result = CliRunner().invoke(
            main, [str(word) for word in words], input=stdin, env=environ, prog_name="greenlight"
        )
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exc_info
        return result

    return typed
