"""Asks the app of odd answers everything that was recorded, and writes down what comes back in the recording's form.

What belongs together is asked in a row; the rows run beside each other. A record's name says what was asked.
"""

import base64
import json
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any
from urllib.parse import quote, urlsplit
from uuid import uuid4

import requests
from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueClient

Record = tuple[str, Any]

_ENDED = frozenset({"Completed", "Failed", "Terminated", "Canceled"})
_PATIENCE_S = 30.0
_PAUSE_S = 0.05
_SHOWN_HEADERS = frozenset(
    {"content-type", "set-cookie", "location", "retry-after", "allow", "content-length", "transfer-encoding"}
)
_HOSTS_OWN = ("date:", "server:", "request-context:", "connection:")

SAID = {
    "null": "null", "true": "true", "007": "007", "1.0": "1.0", "broken": "{bad",
    "date": '"2020-01-02T03:04:05+02:00"', "empty": "", "big": "12345678901234567890123", "e": "1e3",
    "dup": '{"a":1,"a":2}', "text": "plain text", "nul": "a\x00b",
}  # fmt: skip
ANSWERED: dict[str, dict[str, Any]] = {
    "bytes": {"body": "fffe00", "bytes": True}, "204": {"status": 204}, "418": {"status": 418, "body": "t"},
    "99": {"status": 99}, "1000": {"status": 1000}, "302": {"status": 302, "headers": {"Location": "/x"}},
}  # fmt: skip
HEADERS = ("name-blank", "cjk", "crlf", "length", "chunk", "type", "server", "date")
COOKIES = ("plain", "full", "expires", "space", "utf8", "quoted", "encoded")
PATHS = {
    "plain": "/api/echo/a/b", "dots": "/api/echo/a/../b", "enc-dots": "/api/echo/a/%2e%2e/b", "plus": "/api/echo/a+b",
    "utf8": "/api/echo/%C3%A9", "badutf8": "/api/echo/%ff", "percent": "/api/echo/%zz", "case": "/API/Echo/x",
    "back": "/api/echo/a%5Cb",
}  # fmt: skip
QUEUED = {
    "text": "hello", "braces": "{hello}", "brackets": "[urgent] call [today]", "list": "[true, null, 1.0]",
    "json-string": '"q"', "spaces": "  [1]  ", "utf8": "é中",
}  # fmt: skip
RECEIVED = {
    "base64-text": base64.b64encode(b"hello").decode(), "base64-bin": base64.b64encode(b"\xff\xfe").decode(),
    "plain": "not base64 !", "empty": "",
}  # fmt: skip
STORED = {
    b"\xef\xbb\xbfhi": ("bom.str", "bom.bytes"), b"hello": ("text.stream", "text.binary", "text.str"),
    b"": ("empty.stream", "empty.bytes"), b"\x89PNG\r\n": ("png.stream", "png.binary", "png.bytes"),
}  # fmt: skip
RESULTS = ("nan", "inf", "mixed", "half", "big", "float", "set", "bytes", "deep", "raise-nul", "raise-big")
STATUSES = (
    "first.half", "first.17k", "first.zero", "first.empty", "first.list", "later.nan", "later.half", "later.17k",
    "later.false", "later.list",
)  # fmt: skip
IDS = {
    "space": "a b", "slash": "a/b", "hash": "a#b", "question": "a?b", "utf8": "é中", "long": "L" * 300, "quote": "a'b",
    "percent": "a%20b", "colon": "a:b", "at": "@x@y", "control": "a\x01b",
}  # fmt: skip
EVENTS = {"slash": ("a/b", "a/b"), "long": ("N" * 200, "N" * 200), "case": ("MiXed", "mixed")}
RAISED = {
    "deep64": "[" * 64 + "]" * 64, "deep70": "[" * 70 + "]" * 70, "digits": "1" * 5_000, "comment": "{/*c*/}",
    "nan": "NaN", "undefined": "undefined", "bom": "\ufeff{}", "half": '"a\\ud83dz"', "dup": '{"a":1,"a":2}',
    "text": "yes", "deep-many": "[" * 100_000, "trailing": "{} x",
}  # fmt: skip
GIVEN = {
    "deep64": "[" * 64 + "]" * 64, "digits": "1" * 5_000, "unquoted": "{approved: true}", "trailing": "{} x",
    "nan": "NaN", "empty": "", "dup": '{"a":1,"a":2}', "text": "yes",
}  # fmt: skip
BOXES: dict[str, tuple[list[list[Any]], bool]] = {
    "set": ([["set", {"a": 1}], ["get", None]], False),
    "raise": ([["raise", None], ["get", None]], True),
    "unknown": ([["nothing", None]], False),
    "half": ([["half", None], ["get", None]], True),
    "nan": ([["nan", None], ["get", None]], True),
    "destroy": ([["destroy", None], ["get", None]], True),
    "none": ([["set", None], ["get", None]], True),
    "big": ([["set", "x" * 100_000], ["nothing", None]], True),
}
"""Operations on an entity of its own, and whether what they returned was recorded; what is read afterwards always."""

_UNREAD_BOXES = frozenset({"raise", "none"})


def drive(base: str, connection: str, *more: Callable[["Host"], Iterator[Record]]) -> dict[str, Any]:
    """Ask everything, `more` rows too, and return the records by name."""
    rows = (http, queue_outputs, queue_inputs, poison, blobs, results, statuses, histories, children, ids, events,
            bodies, boxes, *more)  # fmt: skip
    with ThreadPoolExecutor(len(rows)) as threads:
        asked = [threads.submit(lambda row=row: dict(row(Host(base, connection)))) for row in rows]
        records = {name: record for row in asked for name, record in row.result().items()}
    return records | dict(exits(Host(base, connection)))


class Host:
    """A host with the app, and what a client does to it."""

    def __init__(self, base: str, connection: str) -> None:
        self.base = base
        self.connection = connection
        self.http = requests.Session()

    def raw(self, path: str, method: str = "GET", more: str = "") -> dict[str, Any]:
        """The answer to a request that is sent byte by byte, as no client would rewrite it."""
        place = urlsplit(self.base)
        head = f"{method} {path} HTTP/1.1\r\nHost: {place.netloc}\r\nConnection: close\r\n{more}\r\n"
        with socket.create_connection((place.hostname, place.port), timeout=_PATIENCE_S) as connection:
            connection.sendall(head.encode())
            got = b"".join(iter(lambda: connection.recv(65536), b""))
        head, _, body = got.decode("latin-1").partition("\r\n\r\n")
        status, *headers = head.split("\r\n")
        kept = [line for line in headers if not line.lower().startswith(_HOSTS_OWN)]
        return {"status": status, "headers": kept, "body": body}

    def ask(self, method: str, path: str, **more: Any) -> dict[str, Any]:
        """The answer that a client sees, or the kind of error."""
        try:
            answer = self.http.request(method, self.base + path, allow_redirects=False, timeout=_PATIENCE_S, **more)
        except requests.ConnectionError:
            return {"error": "ConnectionError"}
        headers = {name: value for name, value in answer.headers.items() if name.lower() in _SHOWN_HEADERS}
        return {"status": answer.status_code, "headers": headers, "body": answer.text[:600]}

    def start(self, name: str, argument: Any = None, instance_id: str = "") -> dict[str, str]:
        """Start an orchestration through the app and return its URLs, or the answer where it is no 202."""
        asked = {"id": instance_id} if instance_id else {}
        data = None if argument is None else json.dumps(argument)
        answer = self.http.post(f"{self.base}/api/start/{name}", params=asked, data=data, timeout=_PATIENCE_S)
        urls: dict[str, str] = answer.json() if answer.status_code == 202 else {}
        return urls

    def look(self, url: str) -> dict[str, Any]:
        """The status of an instance."""
        shown: dict[str, Any] = self.http.get(f"{url}&showHistory=true", timeout=_PATIENCE_S).json()
        return shown

    def until(self, url: str, holds: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The status of an instance as soon as this holds for it, or the last one."""
        for _ in looks():
            if holds(seen := self.look(url)):
                return seen
        return seen

    def ended(self, url: str) -> dict[str, Any]:
        """The status of an instance that has ended."""
        return self.until(url, lambda seen: seen["runtimeStatus"] in _ENDED)

    def run(self, name: str, argument: Any, *, history: bool = False) -> dict[str, Any]:
        """Start an orchestration and tell how it ended."""
        return kept_fields(self.ended(self.start(name, argument)["statusQueryGetUri"]), history=history)

    def queue(self, name: str) -> QueueClient:
        """A queue, which is made where it is missing."""
        client = QueueClient.from_connection_string(self.connection, name)
        with suppress(ResourceExistsError):
            client.create_queue()
        return client


def looks() -> Iterator[None]:
    """Look again and again until patience ends."""
    give_up = time.monotonic() + _PATIENCE_S
    while time.monotonic() < give_up:
        yield
        time.sleep(_PAUSE_S)


def kept_fields(seen: dict[str, Any], *, history: bool = False) -> dict[str, Any]:
    """What is kept of a status."""
    kept = {name: seen.get(name) for name in ("runtimeStatus", "output", "customStatus")}
    if history:
        kept["events"] = [[e["EventType"], e.get("Name") or e.get("FunctionName")] for e in seen["historyEvents"]]
    return kept


def has(event: str) -> Callable[[dict[str, Any]], bool]:
    """Whether an event of this type is in an instance's history."""
    return lambda seen: any(each["EventType"] == event for each in seen.get("historyEvents") or ())


def http(host: Host) -> Iterator[Record]:
    """What a function returns, and what becomes of a request."""
    for name, text in SAID.items():
        yield f"http.say.{name}", host.ask("POST", "/api/say", data=text.encode())
    for name, said in ANSWERED.items():
        yield f"http.answer.{name}", host.ask("POST", "/api/answer", json=said)
    for name in HEADERS:
        yield f"http.header.{name}", host.raw(f"/api/header/{name}")
    for name in COOKIES:
        yield f"http.cookie.{name}", host.raw(f"/api/cookie/{name}")
    for name, path in PATHS.items():
        yield f"http.route.{name}", host.raw(path)
    nothing = "Content-Length: 0\r\n"
    for method in ("OPTIONS", "DELETE", "POST", "TRACE"):
        yield f"http.method.only.{method}", host.raw("/api/only/5", method, nothing)
    yield "http.method.echo.HEAD", host.raw("/api/echo/x", "HEAD", nothing)
    yield "http.constraint", host.raw("/api/only/abc")
    doubled = "X-E-A: 1\r\nX-E-A: 2\r\nCookie: a=1\r\nCookie: b=2\r\n"
    yield "http.dup-header", host.raw("/api/echo/x", more=doubled)
    yield "http.none", host.ask("GET", "/api/none")


def queue_outputs(host: Host) -> Iterator[Record]:
    """What is put into a queue of what a function set."""
    queue = host.queue("edges-out")

    def drained() -> list[str]:
        messages = list(queue.receive_messages(max_messages=32))
        for message in messages:
            queue.delete_message(message)
        return [message.content for message in messages]

    for name, text in QUEUED.items():
        status = host.ask("POST", "/api/enqueue", data=text.encode())["status"]
        messages = drained()
        decoded = [base64.b64decode(message).decode() for message in messages]
        yield f"queue.out.{name}", {"status": status, "messages": messages, "decoded": decoded}
    status = host.ask("POST", "/api/enqueue-bytes", data=b"\xff\xfe\x00a")["status"]
    yield "queue.out.bytes", {"status": status, "messages": drained()}


def queue_inputs(host: Host) -> Iterator[Record]:
    """What a function gets of a message, or the poison queue."""
    queue, poison = host.queue("edges-in"), host.queue("edges-in-poison")
    blobs = BlobServiceClient.from_connection_string(host.connection)
    sent = {name: queue.send_message(text).id for name, text in RECEIVED.items()}
    found: dict[str, Any] = {}
    for _ in looks():
        refused = [message.content for message in poison.peek_messages(32)]
        for name, message_id in sent.items():
            if RECEIVED[name] in refused:
                found[name] = {"seen": None, "poison": [RECEIVED[name]]}
            with suppress(ResourceNotFoundError):
                seen = blobs.get_blob_client("edges", f"seen-{message_id}.json").download_blob().readall().decode()
                found[name] = {"seen": seen, "poison": None}
        if found.keys() == sent.keys():
            break
    for name, record in found.items():
        yield f"queue.in.{name}", record


def poison(host: Host) -> Iterator[Record]:
    """A message whose function always fails."""
    queue, refused = host.queue("edges-fail"), host.queue("edges-fail-poison")
    queue.send_message(base64.b64encode(b"poison me").decode())
    messages: list[str] = []
    for _ in looks():
        messages = [message.content for message in refused.peek_messages(5)]
        if messages:
            break
    yield "queue.in.fails", {"poison": messages}


def blobs(host: Host) -> Iterator[Record]:
    """What a function gets of a blob, by annotation and data type."""

    def read(name: str) -> dict[str, Any]:
        answer = host.ask("GET", f"/api/blob-{name}")
        return {"status": answer["status"], "body": answer["body"]}

    for content, names in STORED.items():
        host.ask("POST", "/api/blob-put", data=content)
        for name in names:
            yield f"blob.{name}", read(name.partition(".")[2])
    yield "blob.missing", read("missing")


def results(host: Host) -> Iterator[Record]:
    """What an orchestrator gets of an activity's result, and a client of an orchestrator's."""
    for kind in RESULTS:
        yield f"durable.result.{kind}", host.run("odd_result", kind)
    for kind in ("nan", "half"):
        yield f"durable.output.{kind}", host.run("odd_output", kind)


def statuses(host: Host) -> Iterator[Record]:
    """A custom status, set in the first step too or in later ones alone."""
    for name in STATUSES:
        record = host.run("odd_status", name.replace(".", ":"))
        yield f"durable.status.{name}", {**record, "customStatus": json.dumps(record["customStatus"])[:60]}


def exits(host: Host) -> Iterator[Record]:
    """An activity that ends its worker, and with it what else runs there."""
    yield "durable.result.exit", host.run("odd_result", "exit")


def histories(host: Host) -> Iterator[Record]:
    """How orchestrators end that are no generators, yield what is no task, or leave something open."""
    for kind in ("raise", "plain", "none"):
        yield f"durable.no-generator.{kind}", host.run("not_generator", kind, history=True)
    for kind in ("int", "list"):
        yield f"durable.yield.{kind}", host.run("bad_yield", kind, history=True)
    yield "durable.timers", host.run("timers", None, history=True)
    yield "durable.can-pending", host.run("can_pending", 0, history=True)


def children(host: Host) -> Iterator[Record]:
    """Two parents that give their children one id, and a parent of a child that the app does not have."""
    run, child = uuid4().hex[:6], f"child-{uuid4().hex[:6]}"
    created = has("SubOrchestrationInstanceCreated")
    urls: dict[str, dict[str, str]] = {}
    for name in ("p1", "p2"):
        urls[name] = host.start("parent_of", {"child": child, "as": name}, f"{name}-{run}")
        host.until(urls[name]["statusQueryGetUri"], created)
    of_child = urls["p1"]["statusQueryGetUri"].replace(f"p1-{run}", child)
    host.until(of_child, lambda seen: seen.get("customStatus") == "for p2")
    answer = urls["p1"]["sendEventPostUri"].replace(f"p1-{run}", child).replace("{eventName}", "Answer")
    host.http.post(answer, json="yes", timeout=_PATIENCE_S)
    host.ended(urls["p2"]["statusQueryGetUri"])
    yield "ids.two-parents", {name: kept_fields(host.look(url["statusQueryGetUri"])) for name, url in urls.items()}
    unknown = host.start("parent_of", {"name": "nothing", "child": f"u-{run}"})
    yield "ids.unknown-child", kept_fields(host.until(unknown["statusQueryGetUri"], created_or_not))


def created_or_not(seen: dict[str, Any]) -> bool:
    """Whether a parent has taken its first step: a child that nobody knows leaves no event."""
    return bool(seen.get("historyEvents"))


def ids(host: Host) -> Iterator[Record]:
    """Instance ids with characters that mean something in a URL or nothing in a header."""
    run = uuid4().hex[:6]
    for name, text in IDS.items():
        answer = host.ask("POST", "/api/start/not_generator", params={"id": text + run}, data='"plain"')
        if answer["status"] == 202:
            urls = host.start("not_generator", "plain", f"{text}again{run}")
            yield f"ids.odd.{name}", kept_fields(host.ended(urls["statusQueryGetUri"]))
        else:
            yield f"ids.odd.{name}", {"status": answer["status"], "body": answer["body"]}


def events(host: Host) -> Iterator[Record]:
    """Names of events with characters that mean something in a URL, or in another case."""
    for name, (waited_for, raised) in EVENTS.items():
        urls = host.start("event_names", waited_for)
        host.until(urls["statusQueryGetUri"], has("ExecutionStarted"))
        url = urls["sendEventPostUri"].replace("{eventName}", quote(raised, safe=""))
        status = host.http.post(url, json=1, timeout=_PATIENCE_S).status_code
        is_heard = status == 202 and waited_for == raised
        look = host.ended if is_heard else host.look
        yield f"ids.event.{name}", {"raise": status, **kept_fields(look(urls["statusQueryGetUri"]))}


def bodies(host: Host) -> Iterator[Record]:
    """Bodies of the durable HTTP API that are more, or less, than JSON."""
    urls = host.start("event_names", "E")
    host.until(urls["statusQueryGetUri"], has("ExecutionStarted"))
    api, _, query = urls["sendEventPostUri"].partition("/instances/")
    query = query.partition("?")[2]

    def post(url: str, text: str, *, shows_body: bool) -> dict[str, Any]:
        headers = {"content-type": "application/json"}
        answer = host.http.post(url, data=text.encode(), headers=headers, timeout=_PATIENCE_S)
        return {"status": answer.status_code, "body": answer.text[:160] if shows_body else ""}

    for name, text in RAISED.items():
        url = urls["sendEventPostUri"].replace("{eventName}", "Other")
        yield f"bodies.raise.{name}", post(url, text, shows_body=True)
    for name, text in GIVEN.items():
        record = post(f"{api}/orchestrators/not_generator?{query}", text, shows_body=True)
        yield f"bodies.start.{name}", record if record["status"] >= 400 else {**record, "body": ""}


def boxes(host: Host) -> Iterator[Record]:
    """What entities keep and answer."""
    run = uuid4().hex[:6]
    for name, (operations, is_recorded) in BOXES.items():
        record = host.run("boxes", {"key": run + name, "ops": operations})
        if is_recorded:
            yield f"entities.{name}", {**record, "output": json.dumps(record["output"])[:300]}
        if name not in _UNREAD_BOXES:
            answer = host.ask("GET", f"/api/box/{run}{name}")
            yield f"entities.{name}.read", {"status": answer["status"], "body": answer["body"][:200]}
