"""The app on devhost as an attacker meets it: with keys that are asked for, so that there is something to steal."""

import email
import email.policy
import json
import re
import time
import uuid
from collections.abc import Container, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import requests
from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueClient

from clients.description.described import Operation
from clients.description.operations import OPERATIONS
from durable_devhost.testing.plugin import AppUnderTest

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 30
FORM: dict[str, Any] = {
    "title": "Mill Stream footbridge",
    "author": "Ines",
    "policy": {"stages": [{"name": "design", "approvers": ["Mara", "Jonas"], "windowHours": 10}]},
}


class Fortress(AppUnderTest):
    """The app in a host of its own; people are named by a header, operators have a key."""

    def call(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        user: str | None = None,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Make a request, whatever is answered; bytes go out as they are, all else as JSON."""
        named = dict(headers or {})
        named |= {"X-Greenlight-User": user} if user else {}
        named |= {"x-functions-key": key} if key else {}
        content: dict[str, Any] = {"data": body} if isinstance(body, bytes) else {} if body is None else {"json": body}
        return requests.request(
            method, f"{self.url}{path}", headers=named, timeout=60, allow_redirects=False, **content
        )

    # What there is to steal

    @property
    def keys(self) -> dict[str, Any]:
        """All keys of the host, as its own file has them."""
        stored: dict[str, Any] = json.loads((self.data_dir / "keys.json").read_text())
        return stored

    @property
    def secrets(self) -> list[str]:
        """Every key, whatever it opens."""
        return sorted({text for text in _texts(self.keys) if len(text) > 30})

    def key_of(self, function: str) -> str:
        """The key of one function, which opens that one alone."""
        return str(self.keys["functions"][function.lower()]["default"])

    @property
    def master(self) -> str:
        """The key that opens everything."""
        return next(text for name, text in _named(self.keys) if "master" in name)

    @property
    def system(self) -> str:
        """The durable extension's key, which starts, ends and purges whatever there is."""
        return next(text for name, text in _named(self.keys) if "durabletask" in name)

    def info(self) -> dict[str, Any]:
        """What the host tells about itself to whoever has the master key."""
        told: dict[str, Any] = self.call("GET", "/admin/devhost/info", key=self.master).json()
        return told

    # What people do

    def submit(self, user: str | None = None, **fields: Any) -> str:
        """Hand a proposal in and return its id."""
        told = self.call("POST", f"/api/proposals?id=p-{uuid.uuid4().hex}", {**FORM, **fields}, user=user)
        assert told.status_code == 202, told.text
        return str(told.json()["proposalId"])

    def begin(self, user: str | None = None, **fields: Any) -> str:
        """Hand a proposal in and wait until somebody is asked."""
        proposal = self.submit(user, **fields)
        self.until(lambda: self.look(proposal).get("status") == "inReview")
        return proposal

    def look(self, proposal: str) -> dict[str, Any]:
        """Return the proposal."""
        shown: dict[str, Any] = self.call("GET", f"/api/proposals/{proposal}").json()
        return shown

    def kinds(self, proposal: str) -> list[str]:
        """Return what is in the record; fails where that is not what was written."""
        told = self.call("GET", f"/api/proposals/{proposal}/audit?verify=true").json()
        assert told["verdict"]["ok"], told
        return [entry["kind"] for entry in told["entries"]]

    def link(self, proposal: str, person: str) -> str:
        """Wait for a letter to this person and return the path of the link in it."""
        give_up = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < give_up:
            for letter in self.letters(proposal):
                found = re.search(r"/api/decide\?token=[^\s\"]+", letter)
                if found and f"To: {person}" in letter:
                    return found.group()
            time.sleep(0.05)
        raise AssertionError(f"{person} has no letter with a link\n{self.output}")

    def letters(self, proposal: str) -> list[str]:
        """Return the letters about a proposal: headers, text and HTML, decoded."""
        with BlobServiceClient.from_connection_string(self.connection_string) as service:
            outbox = service.get_container_client("outbox")
            try:
                blobs = [outbox.download_blob(each.name).readall() for each in outbox.list_blobs(f"{proposal}/")]
            except ResourceNotFoundError:
                return []
        return [_decoded(each) for each in blobs]

    def send(self, text: str) -> None:
        """Put a message on the approvals' queue as it is."""
        with QueueClient.from_connection_string(self.connection_string, "approval-queue") as queue:
            with suppress(ResourceExistsError):
                queue.create_queue()
            queue.send_message(text)

    def lines(self, record: str) -> list[dict[str, Any]]:
        """Return the app's log lines of one kind, oldest first."""
        found = []
        for each in self.records:
            with suppress(ValueError, TypeError):
                line = json.loads(each["text"]) if "text" in each else {}
                found += [line] if isinstance(line, dict) and line.get("record") == record else []
        return found

    def tables(self) -> TableServiceClient:
        """Return the client of the account's tables."""
        return TableServiceClient.from_connection_string(self.connection_string)


def path_of(operation: Operation, **known: str) -> str:
    """Return a path of an operation, with the examples of the document for what is not known."""
    values = {each.name: each.example or "x" for each in operation.path_parameters}
    query = "&".join(f"{each.name}={each.example or 'x'}" for each in operation.query if each.required or each.example)
    return f"/api/{operation.path.format(**{**values, **known})}" + (f"?{query}" if query else "")


def walk(fortress: Fortress, proposal: str, *, besides: Container[str] = ()) -> Iterator[tuple[str, requests.Response]]:
    """Yield what every operation answers: when all is well, to nonsense, about what there is not, and without a key."""
    for operation in OPERATIONS:
        if operation.id in besides:
            continue
        key = fortress.key_of(operation.function)
        for known in ({"proposalId": proposal, "instanceId": proposal}, {"proposalId": "x", "instanceId": "x"}):
            path = path_of(operation, **known)
            for body in (operation.body.example if operation.body else None, b'{"__class__": 1'):
                yield operation.id, fortress.call(operation.method, path, body, key=key)
        yield operation.id, fortress.call(operation.method, path_of(operation))


def told_by(response: requests.Response) -> str:
    """Return all that an answer tells: its headers and its body."""
    return json.dumps(dict(response.headers)) + response.text


def _decoded(content: bytes) -> str:
    message = email.message_from_bytes(content, policy=email.policy.default)
    parts = [part.get_content() for part in message.walk() if part.get_content_maintype() == "text"]
    return "\n".join([*(f"{name}: {value}" for name, value in message.items()), *parts])


def _named(value: object, name: str = "") -> Iterator[tuple[str, str]]:
    match value:
        case dict():
            for key, each in value.items():
                yield from _named(each, f"{name}.{key}".lower())
        case list():
            for each in value:
                yield from _named(each, f"{name}.{each.get('name', '')}" if isinstance(each, dict) else name)
        case str():
            yield name, value


def _texts(value: object) -> Iterator[str]:
    for _, text in _named(value):
        yield text
