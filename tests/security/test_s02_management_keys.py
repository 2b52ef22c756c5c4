"""S2: the key of the durable extension, or any other, is in no answer, page, letter or log line.

Who has that key starts, ends and purges whatever there is. One answer holds it, to those who have a key already: that
of HttpStart. It shows here that the search would find it. Links alone: tests/clients/test_links.py.
"""

import ast

import pytest

from clients.description.operations import OPERATIONS
from tests.security.fortress import ROOT, told_by, walk

MARKS = (
    "/runtime/webhooks/durabletask/instances",
    "code=",
    "systemKey",
    "AccountKey",
    "SharedAccessSignature",
    "taskHub=",
)
MANAGING = frozenset({
    "create_check_status_response",
    "create_http_management_payload",
    "get_client_response_links",
    "wait_for_completion_or_create_check_status_response",
})  # fmt: skip
STARTER = "HttpStart"


def leaks(fortress, text):
    """Return the secrets in a text, shortened so that no report of a test shows one."""
    return [secret[:6] for secret in fortress.secrets if secret in text] + [mark for mark in MARKS if mark in text]


def managing_calls(source):
    """Return what a module calls of the SDK that makes management URLs."""
    nodes = ast.walk(ast.parse(source))
    return {node.attr for node in nodes if isinstance(node, ast.Attribute) and node.attr in MANAGING}


def test_no_answer_of_any_route_holds_a_key(fortress):
    """Successes and refusals, for people and for operators."""
    proposal, seen = fortress.begin(), set()
    for name, answer in walk(fortress, proposal, besides={STARTER}):
        assert leaks(fortress, told_by(answer)) == [], (name, answer.status_code)
        seen.add(name)
    assert seen == {each.id for each in OPERATIONS} - {STARTER}


def test_the_search_finds_a_key_that_is_there(fortress):
    """In the answer of the one route that has it; otherwise the test above would prove nothing."""
    form = {"title": "Bench", "submittedBy": "Ines"}
    told = fortress.call("POST", "/api/orchestrators/ApprovalWorkflow", form, key=fortress.key_of(STARTER))
    assert told.status_code == 202
    assert {fortress.system[:6], "code=", MARKS[0]} <= set(leaks(fortress, told_by(told)))
    assert told.headers["Cache-Control"] == "no-store"


def test_no_page_and_no_letter_holds_a_key(fortress):
    """Everybody with the letter can open the page."""
    proposal = fortress.begin()
    link = fortress.link(proposal, "Mara")
    pages = [
        fortress.call("GET", link, headers={"Accept": "text/html"}),
        fortress.call("POST", link, {"decision": "nonsense"}),
        fortress.call("GET", "/api/decide?token=forged", headers={"Accept": "text/html"}),
        fortress.call("POST", link, {"decision": "approve"}),
        fortress.call("GET", link),
    ]
    assert [each.status_code for each in pages] == [200, 400, 403, 200, 409]
    for text in [*map(told_by, pages), *fortress.letters(proposal)]:
        assert leaks(fortress, text) == []


def test_no_log_line_holds_a_key(fortress):
    """Readers of logs need not be operators."""
    fortress.begin()
    assert "greenlight" in fortress.output
    assert [secret[:6] for secret in fortress.secrets if secret in fortress.output] == []


def test_the_calls_that_return_keys_are_in_one_module():
    """It is for operators; a new one needs a review by a person."""
    folders = ("clients", "services", "activities", "gateways", "orchestrators", "entities", "approvals")
    modules = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    found = {path.relative_to(ROOT).as_posix() for path in modules if managing_calls(path.read_text("utf-8"))}
    assert found == {"clients/starter.py"}


@pytest.mark.parametrize("call", sorted(MANAGING))
def test_such_a_call_is_found(call):
    """A search that cannot find proves nothing."""
    assert managing_calls(f"def f(client, req):\n    return client.{call}(req, 'x')\n") == {call}
