"""The HTTP API as Python calls: one method per route, plain JSON in and out, every failure a GreenlightError."""

import uuid
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from greenlight.access import Access
from greenlight.errors import GreenlightError, NotFound
from greenlight.failures import complaint, error_without_answer, stranger
from greenlight.texts import one_line

Json = dict[str, Any]

CONNECT_SECONDS = 5.0
ANSWER_SECONDS = 60.0
ATTEMPTS = 3
"""Every request may be sent again: the app recognises repeats."""
SHORTEST_ID = 4
"""The fewest characters of an id that a person may type, as in git."""
_PAGE = 100
_SEARCHED_PAGES = 10
_HICCUPS = (502, 503, 504)
"""A host answers with these for a moment while it restarts or moves."""


class Api:
    """A client for one address and one person. It keeps its connection open; `close` it, or use it in a `with`."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._session = _session(access)

    def __enter__(self) -> "Api":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close its connections."""
        self._session.close()

    @property
    def access(self) -> Access:
        """The address and the person."""
        return self._access

    # Reading

    def page(self, *, top: int = 25, token: str | None = None, **narrowed: str | None) -> Json:
        """Return one page of the list, newest first; `narrowed` by status, approver or author."""
        asked = {"top": str(top), "continuationToken": token, **narrowed}
        given = {key: value for key, value in asked.items() if value}
        return self._ask("GET", "/api/proposals", "proposals", params=given)

    def proposal(self, proposal: str) -> Json:
        """Return one proposal as it stands; raises Unknown."""
        return self._ask("GET", _path(proposal), "status", "entries")

    def audit(self, proposal: str, *, verify: bool = False) -> Json:
        """Return the record of a proposal; with `verify` the app checks the chain first."""
        return self._ask("GET", _path(proposal, "audit"), "entries", params={"verify": "true"} if verify else {})

    def record(self, proposal: str) -> bytes:
        """Return the record as it is stored, byte for byte: one JSON object a line."""
        return self._send("GET", _path(proposal, "audit"), headers={"Accept": "application/x-ndjson"}).content

    def export(self, proposal: str, *, documents: bool = True) -> bytes:
        """Return the archive of a proposal: its record, and with `documents` all its files."""
        params = {} if documents else {"documents": "false"}
        headers = {"Accept": "application/zip, application/problem+json"}
        return self._send("GET", _path(proposal, "audit", "export"), params=params, headers=headers).content

    def attachment(self, proposal: str, name: str) -> bytes:
        """Return the content of a file."""
        return self._send("GET", _path(proposal, "attachments", name)).content

    def operations(self) -> Json:
        """Return what operators look at first; needs a function key."""
        return self._ask("GET", "/api/ops", "stuck", "failed", "messages", "letters", "runs", "acts")

    def history(self, instance: str) -> Json:
        """Return a durable instance with its events; raises Unknown."""
        path = f"/api/orchestrations/{quote(instance, safe='')}"
        return self._ask("GET", path, "runtimeStatus", params={"showHistory": "true"})

    def full_id(self, given: str) -> str:
        """Return the full id for a shortened one; raises Unknown, or GreenlightError if several begin with it.

        Only the newest thousand proposals are searched.
        """
        if len(given) < SHORTEST_ID:
            raise NotFound(f"{given} is too short for an id.", f"Type at least {SHORTEST_ID} characters of it.")
        found = [one for one in self._newest() if one.startswith(given)]
        if len(found) > 1:
            raise GreenlightError(f"{len(found)} ids begin with {given}.", f"Type more of it: {', '.join(found[:3])}.")
        if not found:
            raise NotFound(
                f"There is no proposal {one_line(given)} in your list.",
                "See `greenlight list`. For a proposal that is not in it, type the whole id.",
            )
        return found[0]

    # Writing

    def submit(self, form: Json, proposal: str | None = None) -> Json:
        """Hand a proposal in; returns its ids. Without an id it gets one here, so that it can be sent again."""
        return self._ask("POST", "/api/proposals", "proposalId", params={"id": proposal or uuid.uuid4().hex}, json=form)

    def preview(self, form: Json) -> Json:
        """Say who would have to approve a proposal; nothing is handed in."""
        return self._ask("POST", "/api/proposals", "stages", "otherWays", params={"preview": "true"}, json=form)

    def act(self, proposal: str, verb: str, body: Json) -> Json:
        """Do something to a proposal: `verb` is the last part of the URL.

        Each may be sent again after a lost answer; a decision carries an id of its own for that.
        """
        if verb == "decisions":
            body = {"decisionId": uuid.uuid4().hex, **body}
        return self._ask("POST", _path(proposal, verb), json=body)

    def operate(self, *place: str, by: str, **more: Any) -> Json:
        """Do something as an operator: `place` is the rest of the path, the act its last part."""
        path = "/".join(["/api/ops", *(quote(part, safe="") for part in place)])
        return self._ask("POST", path, "sentence", json={"by": by, **more})

    def attach(self, proposal: str, name: str, content: bytes, content_type: str) -> Json:
        """Add a file, or replace the one with this name."""
        headers, by = {"Content-Type": content_type}, {"by": self._access.person()}
        return self._ask("PUT", _path(proposal, "attachments", name), data=content, headers=headers, params=by)

    def _newest(self) -> Iterator[str]:
        token = None
        for _ in range(_SEARCHED_PAGES):
            page = self.page(top=_PAGE, token=token)
            yield from (row["proposalId"] for row in page["proposals"])
            token = page.get("continuationToken")
            if not token:
                return

    def _ask(self, method: str, path: str, *expected: str, **options: Any) -> Json:
        """Return the JSON object of an answer; without the expected fields, the answer is not from Greenlight."""
        response = self._send(method, path, **options)
        try:
            body = response.json()
        except ValueError:
            body = None
        if not isinstance(body, dict) or not body.keys() >= set(expected):
            raise stranger(self._access)
        return body

    def _send(self, method: str, path: str, **options: Any) -> requests.Response:
        """Send a request and return its answer; raises GreenlightError for an error status."""
        timeout = (CONNECT_SECONDS, ANSWER_SECONDS)
        try:
            response = self._session.request(
                method, self._access.url + path, timeout=timeout, allow_redirects=False, **options
            )
        except requests.RequestException as error:
            raise error_without_answer(error, self._access) from error
        if response.status_code >= 300:
            raise complaint(response, self._access)
        return response


def _session(access: Access) -> requests.Session:
    """Return a session that repeats a request if the answer is lost, but not if it cannot connect."""
    session = requests.Session()
    # A proxy for the internet cannot reach this machine, and ~/.netrc has no function keys.
    session.trust_env = not access.local
    again = Retry(
        total=ATTEMPTS - 1,
        connect=0,
        allowed_methods=None,
        status_forcelist=_HICCUPS,
        backoff_factor=0.2,
        raise_on_status=False,
        respect_retry_after_header=False,
    )
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(max_retries=again))
    session.headers.update({"Accept": "application/json", "User-Agent": "greenlight-cli"})
    session.headers.update(_who(access))
    return session


def _who(access: Access) -> Mapping[str, str]:
    """Send the key to the platform and the name to a development host; each is ignored where it is not used."""
    headers: dict[str, str] = {}
    if access.key:
        headers["x-functions-key"] = access.key
    if access.user:
        headers["X-Greenlight-User"] = quote(access.user, safe=" ")
    return headers


def _path(proposal: str, *parts: str) -> str:
    return "/".join(["/api/proposals", *(quote(part, safe="") for part in (proposal, *parts))])
