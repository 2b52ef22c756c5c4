"""A proposal in storage with its decision links, and what browsers and programs send to them."""

import json
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import azure.functions as func

from approvals.record.entries import Entry, Kind
from approvals.rules.links import Link, write_link
from clients.links import decide_by_link, get_linked_attachment, show_decision_page
from gateways.review_records import open_review_records
from tests.approvals.story import BEGUN, Story

KEYS = ("first-key-" + "a" * 32, "second-key-" + "b" * 32)
PUBLIC = "https://greenlight.example.org"


class Desk:
    """A proposal in storage, and what browsers and programs send about it."""

    def __init__(self, call, client, story: Story) -> None:
        self.call, self.client, self.story = call, client, story
        self.link = story.link("Ana", expires=int((BEGUN + timedelta(hours=10)).timestamp()))
        self.token = write_link(self.link, KEYS)
        client.add("p1", "ApprovalWorkflow")
        open_review_records().create("p1", story.entries)

    def token_of(self, **changes: Any) -> str:
        """Return another link's token."""
        return write_link(Link(**{**dict(self.link), **changes}), KEYS)

    def write(self) -> None:
        """Bring what the story has added into storage."""
        records = open_review_records()
        chain = records.read("p1")
        assert chain
        records.append("p1", self.story.entries[len(chain.entries) :], after=chain)

    async def get(self, token: str | None = None, **headers: str) -> func.HttpResponse:
        """Follow a link."""
        show = show_decision_page._function.get_user_function()
        return await show(request("GET", token or self.token, headers=headers))

    async def file(self, name: str, token: str | None = None) -> func.HttpResponse:
        """Open a document from the page."""
        params = {"token": token or self.token}
        url = f"{PUBLIC}/api/decide/attachments/{name}"
        req = func.HttpRequest("GET", url, headers={}, params=params, route_params={"name": name}, body=b"")
        return await get_linked_attachment._function.get_user_function()(req)

    async def post(self, token: str | None = None, headers: dict[str, str] | None = None, **fields: str) -> Any:
        """Send the form, as a browser does."""
        form = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html,*/*;q=0.8"}
        body = urlencode({"token": token or self.token, **fields}).encode()
        req = request("POST", "", body, {**form, **(headers or {})})
        return await self.call(decide_by_link, req=req, client=self.client)

    async def send(self, body: Any, token: str | None = None) -> func.HttpResponse:
        """Send JSON, as a program does."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        req = request("POST", token or self.token, content, {"Content-Type": "application/json"})
        return await self.call(decide_by_link, req=req, client=self.client)

    def entries(self) -> tuple[Entry, ...]:
        """Return what is in the record."""
        chain = open_review_records().read("p1")
        assert chain
        return chain.entries

    def decisions(self) -> list[tuple[str, str, str]]:
        """Return who decided what by which way."""
        decided = (entry for entry in self.entries() if entry.kind is Kind.DECIDED)
        return [(entry.by, entry.decision, entry.via.value) for entry in decided]


def request(method: str, token: str, body: bytes = b"", headers: dict[str, str] | None = None) -> func.HttpRequest:
    """Return a request as the host hands it over."""
    params = {"token": token} if token else {}
    return func.HttpRequest(method, f"{PUBLIC}/api/decide", headers=headers or {}, params=params, body=body)


def text_of(response: func.HttpResponse) -> str:
    """Return the page."""
    return response.get_body().decode()
