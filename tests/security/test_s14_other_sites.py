"""S14: a page of another site cannot make somebody's browser decide, and following a link changes nothing.

What is told by which headers: tests/clients/web/test_origins.py, test_identity.py. Here every operation that changes
something is attacked, and a control shows that it is the origin alone that is refused.
"""

from itertools import product

import pytest

from clients.description.operations import OPERATIONS
from tests.security.fortress import path_of

CHANGING = [each for each in OPERATIONS if each.method != "GET" and each.caller != "operators"]
CROSSING = [
    {"Origin": "https://evil.example"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site", "Origin": "https://other.greenlight.example"},
    {"Origin": "null"},
    {"Origin": "null", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "http://localhost.evil.example"},
    {"Origin": "http://localhost:1"},
    {"Origin": "https://localhost@evil.example"},
]


def arrange(fortress, operation):
    """Return a proposal to which this can be done, the path, and a body that would do it."""
    proposal = fortress.begin()
    if operation.id == "Resubmit":
        asked = {"approver": "Mara", "comment": "Use oak."}
        assert fortress.call("POST", f"/api/proposals/{proposal}/changes", asked).status_code == 200
    if operation.id == "TakeBack":
        given = {"from": "Mara", "to": "Dora"}
        assert fortress.call("POST", f"/api/proposals/{proposal}/delegate", given).status_code == 200
    path = path_of(operation, proposalId=proposal).partition("?")[0]
    if operation.caller == "link":
        path = fortress.link(proposal, "Mara")
    body = dict(operation.body.example) if operation.body and operation.body.example else {"decision": "approve"}
    names = {
        "by": "Mara" if operation.id == "TakeBack" else "Ines",
        "approver": "Mara",
        "from": "Mara",
        "author": "Ines",
    }
    body |= {name: value for name, value in names.items() if name in body}
    if operation.id == "PutAttachment":
        return proposal, f"{path}?by=Ines", b"# A bench\n"
    return proposal, path, body


def texts(body):
    """Return a body as a page of another site can send it: without asking first, as text."""
    return {} if isinstance(body, bytes) else {"Content-Type": "application/json"}


@pytest.mark.parametrize("operation", CHANGING, ids=lambda each: each.id)
def test_a_request_of_another_site_is_refused_and_changes_nothing(fortress, operation):
    """Each operation, each header by which browsers tell; the same request without those headers is accepted."""
    proposal, path, body = arrange(fortress, operation)
    before = fortress.kinds(proposal)
    for headers in CROSSING:
        told = fortress.call(operation.method, path, body, headers=headers | texts(body))
        assert told.status_code == 403, (headers, told.text)
    assert fortress.kinds(proposal) == before
    told = fortress.call(operation.method, path, body, headers=texts(body))
    assert told.status_code in (200, 201, 202), told.text


def test_only_post_decides(fortress):
    """Mail scanners follow links, and send HEAD; neither changes the record."""
    proposal = fortress.begin()
    link = fortress.link(proposal, "Mara")
    before = fortress.kinds(proposal)
    paths = (link, f"{link}&decision=approve", f"/api/proposals/{proposal}/decisions?approver=Mara&decision=approve")
    for method, path in product(("GET", "HEAD", "OPTIONS", "DELETE", "PATCH", "PUT"), paths):
        body = None if method in ("GET", "HEAD") else {"approver": "Mara", "decision": "approve"}
        assert fortress.call(method, path, body).status_code in (200, 404, 405), method
    assert fortress.kinds(proposal) == before
    assert fortress.call("POST", link, {"decision": "approve"}).status_code == 200


def test_no_answer_allows_another_site_to_read_it(fortress):
    """The app has no CORS; the platform can add it for named origins."""
    proposal = fortress.begin()
    for method in ("GET", "OPTIONS"):
        asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
        told = fortress.call(method, f"/api/proposals/{proposal}", headers=asked)
        assert [name for name in told.headers if name.lower().startswith("access-control-")] == []
