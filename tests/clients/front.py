"""The API as the tests of its routes call it: requests as the host hands them over, and answers taken apart."""

import base64
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import azure.functions as func

from activities.review import advance_review
from approvals.rules.progress import checked
from clients.attachments import get_attachment, put_attachment
from clients.audit import export_audit, get_audit
from clients.proposals import get_proposal, list_proposals, preview_policy, submit_proposal
from clients.verbs import act_on_proposal
from gateways import clock
from services.review_changes import add

HOST = "http://localhost:7071"
FORM = {
    "title": "Footbridge",
    "author": "Ines",
    "policy": {"stages": [{"name": "design", "approvers": ["Mara", "Jonas"]}]},
}
TENANT, THING = "11111111-2222-3333-4444-555555555555", "AAAAAAAA-bbbb-cccc-dddd-eeeeeeeeeeee"
_BEGUN: dict[str, str] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer, taken apart."""

    status: int
    body: Any
    headers: Mapping[str, str]
    type: str

    @classmethod
    def of(cls, response: func.HttpResponse) -> "Reply":
        """Read what a function returned."""
        content = response.get_body()
        is_json = content and response.mimetype.endswith("json") and b"\n" not in content
        parsed = json.loads(content) if is_json else content
        return cls(status=response.status_code, body=parsed, headers=dict(response.headers), type=response.mimetype)


def request(
    method: str,
    path: str,
    body: object = None,
    *,
    headers: Mapping[str, str] | None = None,
    params: Mapping[str, str] | None = None,
    route: Mapping[str, str] | None = None,
    host: str = HOST,
) -> func.HttpRequest:
    """Return a request; a body that is not bytes is sent as JSON."""
    content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    return func.HttpRequest(
        method,
        host + path,
        headers={name.lower(): value for name, value in (headers or {}).items()},
        params=dict(params or {}),
        route_params=dict(route or {}),
        body=content,
    )


def principal(tenant: str | None = TENANT, thing: str | None = THING, **more: Any) -> str:
    """Return what the platform would say of somebody whom it has signed in."""
    claims = [{"typ": "tid", "val": tenant}, {"typ": "oid", "val": thing}, {"typ": "name", "val": "Mara"}]
    shown = [each for each in claims if each["val"] is not None]
    value = {"auth_typ": "aad", "claims": shown, "name_typ": "name", "role_typ": "roles", **more}
    return base64.b64encode(json.dumps(value).encode()).decode()


class Front:
    """The routes, called by one person or, as `user` None, by a system."""

    def __init__(self, client: Any, user: str | None = None) -> None:
        self.client = client
        self.user = user

    def by(self, user: str | None) -> "Front":
        """Return the same for somebody else."""
        return Front(self.client, user)

    @property
    def _headers(self) -> dict[str, str]:
        return {} if self.user is None else {"X-Greenlight-User": self.user}

    async def submit(self, form: object = FORM, **params: str) -> Reply:
        """POST a proposal."""
        asked = request("POST", "/api/proposals", form, headers=self._headers, params=params)
        return await self._call(submit_proposal, asked, client=self.client)

    async def preview(self, name: str, **params: str) -> Reply:
        """GET what a policy would ask for."""
        path, route = f"/api/policies/{name}/preview", {"name": name}
        asked = request("GET", path, headers=self._headers, params=params, route=route)
        return await self._call(preview_policy, asked)

    async def begin(self, form: object = FORM) -> str:
        """Hand a proposal in, let its checks pass, and return its id."""
        told = await self.by(None).submit(form, id=f"p-{uuid.uuid4().hex[:12]}")
        assert told.status == 202, told
        proposal_id = str(told.body["proposalId"])
        add(proposal_id, lambda review: checked(review, (), document=review.document, now=clock.now()))
        return proposal_id

    async def begun_once(self, form: dict[str, Any]) -> str:
        """Return a proposal of that form for tests that change nothing about it; all of them share it."""
        key = json.dumps(form)
        if key not in _BEGUN:
            _BEGUN[key] = await self.begin(form)
        return _BEGUN[key]

    @staticmethod
    async def check(proposal_id: str) -> None:
        """Do what the workflow does first: let the checks pass, and put the list in order."""
        add(proposal_id, lambda review: checked(review, (), document=review.document, now=clock.now()))
        look = {"proposalId": proposal_id, "now": clock.now().isoformat(), "told": 0}
        await advance_review._function.get_user_function().__wrapped__(look, None)

    async def act(self, proposal_id: str, verb: str, body: object = None, match: str | None = None) -> Reply:
        """POST a verb, with `match` as its If-Match."""
        headers = {**self._headers, **({} if match is None else {"If-Match": match})}
        route = {"proposalId": proposal_id, "verb": verb}
        path = f"/api/proposals/{proposal_id}/{verb}"
        asked = request("POST", path, {} if body is None else body, headers=headers, route=route)
        return await self._call(act_on_proposal, asked, client=self.client)

    async def show(self, proposal_id: str) -> Reply:
        """GET a proposal."""
        route = {"proposalId": proposal_id}
        asked = request("GET", f"/api/proposals/{proposal_id}", headers=self._headers, route=route)
        return await self._call(get_proposal, asked)

    async def list(self, **params: str) -> Reply:
        """GET the list."""
        asked = request("GET", "/api/proposals", headers=self._headers, params=params)
        return await self._call(list_proposals, asked)

    async def audit(self, proposal_id: str, accept: str = "application/json", **params: str) -> Reply:
        """GET a record."""
        headers = {**self._headers, "Accept": accept}
        route = {"proposalId": proposal_id}
        asked = request("GET", f"/api/proposals/{proposal_id}/audit", headers=headers, params=params, route=route)
        return await self._call(get_audit, asked)

    async def export(self, proposal_id: str, **params: str) -> Reply:
        """GET the archive of a proposal."""
        path, route = f"/api/proposals/{proposal_id}/audit/export", {"proposalId": proposal_id}
        return await self._call(export_audit, request("GET", path, headers=self._headers, params=params, route=route))

    async def put_file(self, proposal_id: str, name: str, content: bytes, **params: str) -> Reply:
        """PUT a file."""
        route = {"proposalId": proposal_id, "name": name}
        path = f"/api/proposals/{proposal_id}/attachments/{name}"
        asked = request("PUT", path, content, headers=self._headers, params=params, route=route)
        return await self._call(put_attachment, asked, client=self.client)

    async def get_file(self, proposal_id: str, name: str) -> Reply:
        """GET a file."""
        route = {"proposalId": proposal_id, "name": name}
        path = f"/api/proposals/{proposal_id}/attachments/{name}"
        return await self._call(get_attachment, request("GET", path, headers=self._headers, route=route))

    @staticmethod
    async def _call(function: Any, req: func.HttpRequest, **client: Any) -> Reply:
        """Call what the host would call; what takes a client is wrapped by the SDK."""
        user_function = function._function.get_user_function()
        target = user_function.client_function if client else user_function
        return Reply.of(await target(req=req, **client))
