"""S3: nobody starts what they please: workflows come from a list, ids are checked, and operators have a key.

The starter's own refusals are in tests/clients/test_starter.py. Here it is attacked from outside, with the durable
extension's own API as the example of what a key without a list would open.
"""

import pytest

from approvals.workflows import WORKFLOWS
from clients.description.operations import OPERATIONS
from tests.security.fortress import FORM, path_of

DURABLE = "/runtime/webhooks/durabletask"
FORM_OF_APPROVAL = {"title": "Bench", "submittedBy": "Ines"}
NOT_WORKFLOWS = [
    "Counter",
    "Budget",
    "AdvanceReview",
    "TellPeople",
    "PurgeFinishedInstances",
    "ApprovalWorkflow2",
    "ApprovalWorkflow%00",
    "..%2f..%2fruntime%2fwebhooks",
    "@counter@approved",
    "__class__",
]


@pytest.mark.parametrize("name", NOT_WORKFLOWS)
def test_an_unlisted_function_is_not_started(fortress, name):
    """Activities, entities and timers have names too; also with a key."""
    told = fortress.call("POST", f"/api/orchestrators/{name}", FORM_OF_APPROVAL, key=fortress.key_of("HttpStart"))
    assert told.status_code in (400, 404), told.text


def test_a_listed_workflow_is_started(fortress):
    """Otherwise the refusals above could have another reason."""
    told = fortress.call("POST", "/api/orchestrators/ApprovalWorkflow", FORM_OF_APPROVAL, key=fortress.master)
    assert told.status_code == 202
    assert not {each.name.lower() for each in WORKFLOWS.values()} & {name.lower() for name in NOT_WORKFLOWS}


@pytest.mark.parametrize("name", ["../x", "a b", "x?y", "@counter@approved", "é", "x" * 81, "", "a/b", "a%2fb"])
def test_an_id_that_leads_elsewhere_is_refused(fortress, name):
    """It becomes part of URLs, table keys and blob names; an empty one is replaced with a new one."""
    for path in ("/api/orchestrators/ApprovalWorkflow", "/api/proposals"):
        form = FORM if path == "/api/proposals" else FORM_OF_APPROVAL
        url = f"{path}?id={name.replace('%', '%25').replace('?', '%3F')}"
        told = fortress.call("POST", url, form, key=fortress.master)
        assert told.status_code == (202 if name == "" else 400), (path, told.text)


def test_a_submitter_cannot_choose_the_workflow(fortress):
    """Neither by a field nor by a parameter."""
    for more in ({"workflow": "ReserveBudget"}, {"functionName": "X"}, {"review": {"proposalId": "p"}}):
        assert fortress.call("POST", "/api/proposals", {**FORM, **more}).status_code == 400
    proposal = fortress.submit()
    instance = fortress.call("GET", f"/api/orchestrations/{proposal}", key=fortress.key_of("GetOrchestrationHistory"))
    assert instance.json()["name"] == "ApprovalWorkflow"


@pytest.mark.parametrize("operation", [each for each in OPERATIONS if each.caller == "operators"], ids=lambda e: e.id)
def test_the_routes_of_operators_need_a_key(fortress, operation):
    """Whatever name a caller sends; another function's key does not work. The document itself is for people."""
    path, body = path_of(operation), dict(operation.body.example) if operation.body else None
    for key in (None, "x", fortress.key_of("SubmitProposal"), fortress.system):
        told = fortress.call(operation.method, path, body, user="Mara", key=key)
        assert (told.status_code == 401) == (operation.id != "GetOpenApi"), (key and key[:3], told.status_code)
    told = fortress.call(operation.method, path, body, key=fortress.key_of(operation.function))
    assert told.status_code != 401


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/instances"),
        ("POST", "/orchestrators/ApprovalWorkflow"),
        ("POST", "/instances/x/raiseEvent/ApprovalEvent"),
        ("POST", "/instances/x/terminate?reason=x"),
        ("POST", "/instances/x/rewind?reason=x"),
        ("DELETE", "/instances/x"),
        ("GET", "/entities"),
        ("POST", "/entities/Counter/approved?op=add"),
    ],
)  # fmt: skip
def test_the_api_of_the_extension_needs_its_key(fortress, method, path):
    """Only its own key and the master key work."""
    for key in (None, fortress.key_of("HttpStart"), fortress.keys["functionKeys"]["default"]):
        assert fortress.call(method, DURABLE + path, {}, key=key).status_code == 401
    assert fortress.call(method, DURABLE + path, {}, key=fortress.system).status_code != 401


def test_with_the_system_key_anything_can_be_started_and_decided(fortress):
    """So the app must never show it: it approves for anybody. The record shows through which way that came."""
    proposal = fortress.begin()
    decision = {"approved": True, "approver": "Mara", "comment": ""}
    path = f"{DURABLE}/instances/{proposal}/raiseEvent/ApprovalEvent"
    assert fortress.call("POST", path, decision, key=fortress.system).status_code == 202
    fortress.until(lambda: fortress.look(proposal)["status"] == "approved")
    (answer,) = fortress.look(proposal)["stages"][0]["answers"]
    assert (answer["person"], answer["via"]) == ("Mara", "event")
