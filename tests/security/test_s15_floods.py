"""S15: whoever asks too often waits, and what is too long is not read.

How a bucket works, and who has which: tests/clients/web/test_rates.py; reminders: tests/clients/test_verbs.py. Here:
that no way in was forgotten, and how long a body may be on each of them.
"""

import ast

import pytest

from clients.attachments import put_attachment
from clients.description.operations import OPERATIONS
from clients.links import decide_by_link, show_decision_page
from clients.proposals import submit_proposal
from clients.verbs import act_on_proposal
from gateways.rates import open_buckets
from tests.clients.conftest import MemoryClient
from tests.clients.front import FORM, request
from tests.security.fortress import ROOT, path_of

KIBIBYTE = 1024
GUARDS = frozenset({"admit", "slow_down"})
ROUTE = {"proposalId": "p-none", "verb": "withdraw", "name": "x.txt", "token": "x"}
WAYS = {
    "a proposal": (submit_proposal, "POST", FORM),
    "a verb": (act_on_proposal, "POST", {"by": "Ines"}),
    "a file": (put_attachment, "PUT", b"x"),
    "a link that is followed": (show_decision_page, "GET", None),
    "a link that decides": (decide_by_link, "POST", {"decision": "approve"}),
}
LONGEST = {
    "SubmitProposal": 28 * KIBIBYTE * KIBIBYTE,
    "DecideByLink": 128 * KIBIBYTE,
    "PutAttachment": 20 * KIBIBYTE * KIBIBYTE,
}
"""Bytes at which a body is too long in any case; elsewhere 64 KiB. A form writes one byte of a comment as three."""


@pytest.fixture(scope="module")
def proposal(fortress):
    """A proposal that waits for Mara, whatever is sent about it here."""
    return fortress.begin()


@pytest.fixture
def knock(azurite, monkeypatch):
    """Return a function that comes in by one way, twice in a minute, and returns both answers' statuses."""
    monkeypatch.setenv("ApprovalsStorage", azurite.connection_string)
    monkeypatch.setenv("AUTH_MODE", "development")

    async def twice(way, *, per_minute):
        monkeypatch.setenv("REQUESTS_PER_MINUTE", str(per_minute))
        open_buckets.cache_clear()
        function, method, body = WAYS[way]
        user_function = function._function.get_user_function()
        told = []
        for _ in range(2):
            asked = request(method, "/api/x", body, route=ROUTE, params={"by": "Ines"} if method == "PUT" else {})
            if hasattr(user_function, "client_function"):
                told.append(await user_function.client_function(req=asked, client=MemoryClient()))
            else:
                told.append(await user_function(req=asked))
        open_buckets.cache_clear()
        return [answer.status_code for answer in told]

    return twice


@pytest.mark.parametrize("way", WAYS)
async def test_every_entrance_has_its_limit(knock, way):
    """Each route that changes something, or that is open to everybody."""
    first, second = await knock(way, per_minute=1)
    assert (first == 429, second) == (False, 429)


@pytest.mark.parametrize("way", WAYS)
async def test_without_a_limit_no_request_is_refused(knock, way):
    """So it was the limit that answered."""
    assert 429 not in await knock(way, per_minute=0)


def unguarded(source):
    """Return the functions of a module that change something for people, or serve links, and count nobody."""
    found = []
    for node in ast.parse(source).body:
        if not isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef):
            continue
        route = next((each for each in node.decorator_list if "bp.route" in ast.unparse(each)), None)
        told = ast.unparse(route) if route else ""
        guarded = {
            each.func.id for each in ast.walk(node) if isinstance(each, ast.Call) and isinstance(each.func, ast.Name)
        }
        for_people = "auth_level=level()" in told or "ANONYMOUS" in told
        for_people = for_people and ("'GET'" not in told or "decide" in told)
        if for_people and not guarded & GUARDS:
            found.append(node.name)
    return found


def test_every_route_has_a_limit():
    """Except those of operators: they have a key, and limits of the platform."""
    modules = list((ROOT / "clients").glob("*.py"))
    assert {path.name: names for path in modules if (names := unguarded(path.read_text("utf-8")))} == {}


def test_a_route_without_a_limit_is_found():
    """A search that cannot find proves nothing."""
    route = "@bp.route(route='x', methods=['POST'], auth_level=level())\nasync def f(req):\n    return {}\n"
    assert unguarded(route.format("caller(req)")) == ["f"]
    assert unguarded(route.format("admit(req)")) == []
    assert unguarded(route.format("caller(req)").replace("auth_level=level()", "")) == []


@pytest.mark.parametrize(
    "operation", [each for each in OPERATIONS if each.body and each.caller != "operators"], ids=lambda each: each.id
)
def test_a_body_that_is_too_long_is_413(fortress, proposal, operation):
    """Before it is parsed; a slightly shorter one is judged by its content."""
    longest = LONGEST.get(operation.id, 64 * KIBIBYTE)
    token = ""
    if operation.caller == "link":
        token = fortress.link(fortress.begin(), "Mara").rpartition("/")[2]
    path = path_of(operation, proposalId=proposal, token=token).partition("?")[0]
    path += "?by=Ines" if operation.id == "PutAttachment" else ""
    headers = {"Content-Type": "application/json"}
    told = [
        fortress.call(operation.method, path, b" " * (longest + extra), headers=headers).status_code
        for extra in (1, -(longest // 4))
    ]
    assert (told[0], told[1] == 413) == (413, False)
