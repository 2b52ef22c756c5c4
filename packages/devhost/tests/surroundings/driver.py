"""Asks the app of surroundings everything that was recorded, and writes down what comes back in the recording's form.

What belongs together is asked in a row; the rows run beside each other. A record's name says what was asked. The host
asks for keys, of which this has the master key.
"""

import base64
import json
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import requests
from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.storage.blob import BlobServiceClient, ContentSettings
from azure.storage.queue import QueueClient

Record = tuple[str, Any]
Row = Callable[["Host"], Iterator[Record]]

_PATIENCE_S = 30.0
_PAUSE_S = 0.05
_WAITING = frozenset({"activity.unknown", "child.unknown", "entity.unknown"})
_ENDED = frozenset({"Completed", "Failed", "Terminated"})
_WEBHOOK = "/runtime/webhooks/durabletask/instances/x"
_HOSTS = "azure-webjobs-hosts"
_JSON = {"content-type": "application/json"}

FORMS: dict[str, dict[str, Any]] = {
    "urlencoded": {"data": {"a": "1 2", "b": "ü"}},
    "multipart": {"data": {"a": "1"}, "files": {"f": ("x.txt", b"hello", "text/plain")}},
    "json": {"json": {"a": 1}},
    "json-empty": {"data": b"", "headers": _JSON},
    "json-bom": {"data": b"\xef\xbb\xbf{}", "headers": _JSON},
    "bytes": {"data": b"\xff\xfe", "headers": {"content-type": "application/octet-stream"}},
    "no-type": {"data": b"hi"},
}
RAISED = ("value", "none", "int", "dict", "bytes", "timeout", "ok")
TEXTS = {"json": '{"a": 1}', "text": "text", "empty": ""}
BYTES = {"bytes": b"\x00\xff", "text": b"text"}
ANSWERED = ("str", "list", "json", "bytes", "empty", "big", "none", "messages")
CALLED: dict[str, tuple[str, dict[str, str] | None]] = {
    "activity.off": ("calls", {"kind": "activity", "name": "off_activity"}),
    "activity.unknown": ("calls", {"kind": "activity", "name": "nope"}),
    "activity.case": ("calls", {"kind": "activity", "name": "ON_ACTIVITY"}),
    "activity.retry": ("calls", {"kind": "activity", "name": "flaky_activity"}),
    "child.off": ("calls", {"kind": "child", "name": "off_orchestrator"}),
    "child.unknown": ("calls", {"kind": "child", "name": "nope"}),
    "entity.unknown": ("calls", {"kind": "entity", "name": "nope"}),
    "entity.off": ("calls", {"kind": "entity", "name": "off_entity"}),
    "signal.off": ("calls", {"kind": "signal", "name": "off_entity"}),
    "start.off": ("off_orchestrator", None),
    "start.unknown": ("nope", None),
    "start.case": ("CALLS", {"kind": "activity", "name": "on_activity"}),
}
EVENT = {
    "id": "1", "topic": "/t", "subject": "s", "eventType": "My.Type", "eventTime": "2026-01-02T03:04:05Z",
    "data": {"a": 1}, "dataVersion": "1.0", "metadataVersion": "1",
}  # fmt: skip
CLOUD_EVENT = {
    "specversion": "1.0", "id": "4", "source": "/s", "type": "T", "subject": "s", "time": "2026-01-02T03:04:05Z",
    "data": {"a": 1},
}  # fmt: skip


class Host:
    """A host with the app, and what a client does to it; `key` is its master key."""

    def __init__(self, base: str, connection: str, key: str) -> None:
        self.base = base
        self.connection = connection
        self.key = key
        self.http = requests.Session()
        self.blobs = BlobServiceClient.from_connection_string(connection)

    def ask(self, method: str, path: str, **more: Any) -> requests.Response:
        """The answer to a request."""
        return self.http.request(method, self.base + path, timeout=_PATIENCE_S, **more)

    def administer(self, method: str, path: str, **more: Any) -> requests.Response:
        """The answer to a request with the master key."""
        return self.ask(method, path, headers={"x-functions-key": self.key, **more.pop("headers", {})}, **more)

    def notes(self, key: str) -> list[dict[str, Any]]:
        """What the app has noted under a key."""
        found: list[dict[str, Any]] = self.ask("GET", f"/api/notes/{key}").json()
        return found

    def noted(self, key: str, count: int = 1) -> list[dict[str, Any]]:
        """The notes under a key as soon as there are so many, or those that there are."""
        until(lambda: len(self.notes(key)) >= count)
        return self.notes(key)

    def queue(self, name: str) -> QueueClient:
        """A queue, which is made where it is missing."""
        client = QueueClient.from_connection_string(self.connection, name)
        with suppress(ResourceExistsError):
            client.create_queue()
        return client

    def send(self, queue: str, content: bytes) -> None:
        """Put a message into a queue, in Base64."""
        self.queue(queue).send_message(base64.b64encode(content).decode())

    def contents(self, queue: str) -> list[str]:
        """The messages of a queue, which stay there."""
        try:
            messages = QueueClient.from_connection_string(self.connection, queue).peek_messages(32)
        except ResourceNotFoundError:
            return []
        return [message.content for message in messages]

    def drain(self, queue: str) -> list[str]:
        """The messages of a queue, which is empty then."""
        client = self.queue(queue)
        messages = list(client.receive_messages(max_messages=32))
        for message in messages:
            client.delete_message(message)
        return [message.content for message in messages]

    def poisoned(self, queue: str, count: int = 1) -> list[str]:
        """What is in a queue's poison queue as soon as there are so many, as text where it is Base64."""
        until(lambda: len(self.contents(f"{queue}-poison")) >= count)
        return [_decoded(content) for content in self.contents(f"{queue}-poison")]

    def put(self, container: str, name: str, content: bytes, **more: Any) -> None:
        """Write a blob, and make its container where it is missing."""
        client = self.blobs.get_container_client(container)
        with suppress(ResourceExistsError):
            client.create_container()
        client.upload_blob(name, content, overwrite=True, **more)

    def names(self, container: str, beginning: str) -> list[str]:
        """The names of the blobs that begin so."""
        try:
            found = self.blobs.get_container_client(container).list_blobs(name_starts_with=beginning)
            return sorted(blob.name for blob in found)
        except ResourceNotFoundError:
            return []


def drive(host: Host, rows: tuple[Row, ...]) -> dict[str, Any]:
    """Ask what these rows ask, and then look at what is to stay as it is: return the records by name."""
    host.send("off", b"o")
    started = {name: _start(host, orchestrator, given) for name, (orchestrator, given) in CALLED.items()}
    with ThreadPoolExecutor(len(rows)) as threads:
        asked = [threads.submit(lambda row=row: dict(row(Host(host.base, host.connection, host.key)))) for row in rows]
        records = {name: record for row in asked for name, record in row.result().items()}
    left = [_decoded(content) for content in host.contents("off")]
    return (
        records
        | dict(missing_functions(host, started))
        | {"queue.off": {"seen": host.notes("off-queue"), "left": left}}
    )


def until(holds: Callable[[], object]) -> None:
    """Return as soon as this holds, or patience ends."""
    give_up = time.monotonic() + _PATIENCE_S
    while not holds() and time.monotonic() < give_up:
        time.sleep(_PAUSE_S)


def timers(host: Host) -> Iterator[Record]:
    """What a timer is told, what it leaves in storage, and a run by hand."""
    yield "timer.start", host.noted("timer-start")[:1]
    names = host.names(_HOSTS, "timers/")
    yield "timer.monitor.blobs", [re.sub(r"^timers/[^/]*/", "timers/<host>/", name) for name in names]
    kept = [json.loads(host.blobs.get_blob_client(_HOSTS, name).download_blob().readall()) for name in names]
    yield "timer.monitor.keys", sorted(kept[0])
    status = host.administer("POST", "/admin/functions/timer_start", json={}).status_code
    yield "timer.by-hand", {"status": status, "seen": len(host.noted("timer-start", 2))}
    yield "timer.start.by-hand", host.notes("timer-start")[1:]
    before = host.notes("off-timer")
    host.administer("POST", "/admin/functions/off_timer", json={})
    yield "off.timer", {"before": before, "by-hand": host.noted("off-timer")}
    listed = host.administer("GET", "/admin/functions").json()
    yield "off.listed", sorted(each["name"] for each in listed if each["isDisabled"])
    yield "timer.fast", host.noted("timer-fast", 3)


def worker(host: Host) -> Iterator[Record]:
    """The process in which functions run, and what HTTP functions get and give there."""
    seen = host.ask("GET", "/api/worker").json()
    yield "worker", seen
    yield "worker.sync", host.ask("GET", "/api/sync-worker").json()
    trace = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "tracestate": "a=b"}
    traced = host.ask("GET", "/api/worker", headers=trace).json()
    yield "worker.trace", {name: traced[name] for name in ("trace_parent", "trace_state", "trace_attributes")}
    for name, sent in FORMS.items():
        yield f"form.{name}", _brief(host.ask("POST", "/api/form?q=1", **sent))
    yield "form.chunked", _brief(host.ask("POST", "/api/form?q=1", data=iter([b"ab", b"cd"])))
    for name in RAISED:
        yield f"raise.{name}", _brief(host.ask("GET", f"/api/raise/{name}"))
    yield "off.http", _brief(host.ask("GET", "/api/off"))


def queue_inputs(host: Host) -> Iterator[Record]:
    """What a function gets of a message."""
    host.send("meta", b"hello")
    yield "queue.meta", host.noted("queue-meta")
    for count, (name, text) in enumerate(TEXTS.items()):
        host.send("text", text.encode())
        yield f"queue.str.{name}", {"seen": host.noted("queue-str", count + 1)[count:], "poison": []}
    host.queue("text").send_message("not base64!")
    yield "queue.str.raw", {"seen": host.notes("queue-str")[len(TEXTS) :] or None, "poison": host.poisoned("text")}
    for count, (name, content) in enumerate(BYTES.items()):
        host.send("binary", content)
        yield f"queue.bytes.{name}", {"seen": host.noted("queue-bytes", count + 1)[count:], "poison": []}
    host.send("named", b"n")
    yield "queue.named", host.noted("queue-named")


def queue_expressions(host: Host) -> Iterator[Record]:
    """Blobs whose names are made of a message."""
    host.put("docs", "d1-7.txt", b"the doc")
    host.put("docs", "d2", b"whole")
    host.send("whole", b"d2")
    yield "queue.whole", host.noted("queue-whole")
    host.send("field", b'{"doc": {"id": "d1"}, "n": 7}')
    yield "queue.field", host.noted("queue-field")
    until(lambda: host.names("out", "d1/"))
    guid = r"[0-9a-f]{8}-[0-9a-f-]{27}"
    yield "queue.field.out", [re.sub(guid, "<guid>", name) for name in host.names("out", "d1/")]
    host.send("field", b'{"doc": {"id": "nope"}, "n": 7}')
    yield "queue.field.missing-blob", {"seen": host.noted("queue-field", 2)[1:]}
    for count, (name, text) in enumerate({"missing-field": '{"other": 1}', "not-json": "not json"}.items()):
        host.send("field", text.encode())
        yield f"queue.field.{name}", {"poison": host.poisoned("field", count + 1)[count:]}


def queue_failures(host: Host) -> Iterator[Record]:
    """Functions that fail, with a retry policy and without one."""
    for name in ("fail", "retry"):
        host.send(name, name[:1].encode())
        yield f"queue.{name}", {"poison": host.poisoned(name), "seen": host.notes(f"queue-{name}")}


def queue_outputs(host: Host) -> Iterator[Record]:
    """What is put into a queue of what a function set."""
    for kind in ANSWERED:
        status = host.ask("POST", f"/api/answer/{kind}").status_code
        yield f"queue.answer.{kind}", {"status": status, "messages": [text[:60] for text in host.drain("answers")]}


def keys(host: Host) -> Iterator[Record]:
    """What a caller gets with a key, a wrong one or none."""
    master, wrong = {"x-functions-key": host.key}, {"x-functions-key": "wrong"}
    asked: dict[str, tuple[str, dict[str, str]]] = {
        "function.none": ("/api/notes/x", {}),
        "admin.none": ("/admin/functions", {}),
        "hook.none": (_WEBHOOK, {}),
        "hook.wrong": (f"{_WEBHOOK}?code=wrong", {}),
        "hook.master": (_WEBHOOK, master),
        "hook.header-over-query": (f"{_WEBHOOK}?code={host.key}", wrong),
        "admin.master": ("/admin/host/status", master),
        "admin.master-by-query": (f"/admin/host/status?code={host.key}", {}),
    }
    for name, (path, headers) in asked.items():
        yield f"keys.{name}", {"status": host.ask("GET", path, headers=headers).status_code}


def blobs(host: Host) -> Iterator[Record]:
    """What a blob trigger hands over, and what follows when a blob changes."""
    text = ContentSettings(content_type="text/plain")
    host.put("t-text", "a/b ü.txt", "grüße".encode(), metadata={"who": "me"}, content_settings=text)
    host.put("t-text", "empty", b"")
    host.put("t-binary", "x.bin", b"\x00\xff\xfe")
    host.put("t-str", "noext", b"never")
    host.put("t-str", "one.md", b"hello")
    yield "blob.stream", sorted(host.noted("blob-stream", 2), key=lambda seen: str(seen["name"]))
    yield "blob.binary", host.noted("blob-binary")
    yield "blob.str", host.noted("blob-str")
    until(lambda: host.contents("t-notes"))
    yield "blob.str.out", host.names("out", "one")
    yield "blob.str.note", [_decoded(content) for content in host.contents("t-notes")]
    host.put("t-text", "a/b ü.txt", b"again")
    yield "blob.changed", host.noted("blob-stream", 3)[2:]


def grid(host: Host) -> Iterator[Record]:
    """What Event Grid gets for what it sends to its webhook, and what a function gets of it."""

    def send(kind: str, function: str = "grid", **sent: Any) -> dict[str, Any]:
        headers = ({"aeg-event-type": kind} if kind else {}) | sent.pop("headers", {})
        url = f"/runtime/webhooks/EventGrid?functionName={function}"
        return _brief(host.administer("POST", url, headers=headers, **sent))

    code = {"validationCode": "abc", "validationUrl": "u"}
    validation = {**EVENT, "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent", "data": code}
    yield "grid.validate", send("SubscriptionValidation", json=[validation])
    yield "grid.notify", send("Notification", json=[EVENT, {**EVENT, "id": "2"}])
    yield "grid.seen", sorted(host.noted("grid", 2), key=lambda seen: str(seen["id"]))
    yield "grid.single", send("Notification", json={**EVENT, "id": "3"})
    cloud = {"content-type": "application/cloudevents+json"}
    yield "grid.cloud", send("Notification", data=json.dumps(CLOUD_EVENT), headers=cloud)
    yield "grid.unknown", send("Notification", "nope", json=[EVENT])
    yield "grid.no-type", send("", json=[EVENT])
    yield "grid.bad", send("Notification", data="{")
    yield "grid.unsubscribe", send("Unsubscribe", json=[])


def missing_functions(host: Host, started: dict[str, requests.Response]) -> Iterator[Record]:
    """How an instance fares that calls what is off or not there; one that waits for ever had the other rows' time."""
    for name, answer in started.items():
        if answer.status_code != 202:
            yield f"gone.{name}", _brief(answer)
            continue
        url = answer.json()["statusQueryGetUri"]
        awaited = {"Running"} if name in _WAITING else _ENDED
        until(lambda url=url, awaited=awaited: host.http.get(url).json()["runtimeStatus"] in awaited)
        seen = host.http.get(url).json()
        output = seen["output"][:300] if isinstance(seen["output"], str) else seen["output"]
        yield f"gone.{name}", {"runtimeStatus": seen["runtimeStatus"], "output": output}


def _start(host: Host, orchestrator: str, given: dict[str, str] | None) -> requests.Response:
    return host.ask("POST", f"/api/start/{orchestrator}", json=given)


def _brief(answer: requests.Response) -> dict[str, Any]:
    return {"status": answer.status_code, "type": answer.headers.get("content-type"), "body": answer.text[:400]}


def _decoded(content: str) -> str:
    try:
        return base64.b64decode(content, validate=True).decode()
    except ValueError:
        return content
