"""The front door: every function is registered, under the names that are wire format."""

import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

from approvals.workflows import WORKFLOWS

ROOT = Path(__file__).resolve().parents[2]
WORKFLOW_NAMES = (
    "ProposalLifecycle", "ApprovalWorkflow", "BudgetApproval", "Chaining", "FanOutFanIn", "MonitorJobStatus",
    "BillingIssuer", "TryGetQuote", "ScaleImages", "ReserveBudget", "CallWebhook",
)  # fmt: skip
ACTIVITIES = (
    "RequestApproval", "ProcessApproval", "Escalate", "NotifyRequester", "ValidateProposal", "NumberProposal",
    "SummariseProposal", "PublishProposal", "ReleaseNumber", "DiscardSummary", "WithdrawPublication", "ListChecks",
    "CheckAttachment", "RecordFindings", "ScaleImage", "RequestQuote", "KeepQuote", "BookCost", "VoidCost",
    "GetJobStatus", "SendAlert", "IssueBill", "CheckDestination", "SendWebhook", "AdvanceReview", "RecordChecks",
    "TellPeople", "DecideByEvent", "FailReview", "CheckBareAnswers",
)  # fmt: skip
PEOPLES_ROUTES = {
    "proposals", "proposals/{proposalId}", "proposals/{proposalId}/{verb}", "proposals/{proposalId}/audit",
    "proposals/{proposalId}/audit/export", "proposals/{proposalId}/attachments/{name}", "policies/{name}/preview",
    "openapi.json",
}  # fmt: skip
PAGES = {
    "ui",
    "ui/inbox",
    "ui/act-as",
    "ui/submit",
    "ui/proposals/{proposalId}",
    "ui/proposals/{proposalId}/files",
    "ui/proposals/{proposalId}/files/{name}",
    "ui/proposals/{proposalId}/resubmit",
    "ui/reports",
    "ui/reports/{name}",
    "ui/operations",
    "ui/operations/workflow",
}
OPERATORS_ROUTES = {
    "ops",
    "ops/instances/{instanceId}/{act}",
    "ops/poison/{message}/{act}",
    "ops/letters/{proposalId}/{key}/send",
}
LINK_ROUTES = {"decide", "decide/attachments/{name}", "decide/icon.svg"}
SAME_FOR_ALL = {"ui/static/{name}"}
"""Script files of the pages."""
LIST = """
import json, function_app
found = [(f.get_function_name(), f.get_trigger().get_dict_repr()) for f in function_app.app.get_functions()]
print(json.dumps([[name, str(t["type"]), t.get("orchestration") or t.get("activity") or t.get("entityName")
    or t.get("route") or t.get("queueName"), str(t.get("authLevel"))] for name, t in found]))
"""


@cache
def functions():
    """Return what the app registers; in a process of its own, as `get_functions` may be called once."""
    output = subprocess.run([sys.executable, "-c", LIST], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return json.loads(output)


def test_durable_names_and_routes_do_not_change():
    """They are wire format: hubs and other systems hold them."""
    found = functions()
    assert {(kind, name) for _, kind, name, _ in found} == {
        *(("httpTrigger", route) for route in PEOPLES_ROUTES | LINK_ROUTES | SAME_FOR_ALL | PAGES | OPERATORS_ROUTES),
        ("httpTrigger", "orchestrators/{functionName}"),
        ("httpTrigger", "orchestrations/{instanceId}"),
        ("httpTrigger", "workflows/{name?}"),
        ("httpTrigger", "counters/{name}"),
        ("httpTrigger", "blob"),
        ("queueTrigger", "approval-queue"),
        ("queueTrigger", "approval-queue-poison"),
        ("timerTrigger", None),
        *(("orchestrationTrigger", name) for name in WORKFLOW_NAMES),
        *(("activityTrigger", name) for name in ACTIVITIES),
        ("entityTrigger", "Counter"),
        ("entityTrigger", "Budget"),
    }
    assert {name for name, *_ in found} >= {
        "HttpStart", "GetOrchestrationHistory", "ApprovalQueueProcessor", "GetBlob", "ListWorkflows",
        "PurgeFinishedInstances", "SubmitProposal", "ListProposals", "GetProposal", "ActOnProposal", "PutAttachment",
        "GetAttachment", "GetAudit", "GetOpenApi", "ShowDecisionPage", "DecideByLink", "GetLinkedAttachment", "GetIcon",
        "SweepReviews",
    }  # fmt: skip


def test_only_links_work_without_a_key():
    """It brings a token of its own; all else but script files asks for a function key where settings say nothing."""
    open_routes = {
        route for _, kind, route, level in functions() if kind == "httpTrigger" and "anonymous" in level.lower()
    }
    assert open_routes == LINK_ROUTES | SAME_FOR_ALL


def test_every_activity_and_workflow_that_is_called_is_registered():
    """A missing one would hang the instance for ever on Azure."""
    registered = {name for _, kind, name, _ in functions() if kind in ("activityTrigger", "orchestrationTrigger")}
    calls = re.compile(r"\bcall(?:_once|_activity|_activity_with_retry)?\(\s*(?:self\._)?context,\s*\"(\w+)\"")
    called = {name for path in (ROOT / "orchestrators").glob("*.py") for name in calls.findall(path.read_text("utf-8"))}
    assert len(called) > 15
    assert called - registered == set()


def test_every_workflow_that_can_be_started_is_registered():
    """The list and the triggers agree."""
    registered = {name for _, kind, name, _ in functions() if kind == "orchestrationTrigger"}
    assert {workflow.name for workflow in WORKFLOWS.values()} == registered


CLIENTS = """
import json, typing, function_app
bound = [(f.get_function_name(), b.name, f.get_user_function()) for f in function_app.app.get_functions()
    for b in f.get_bindings() if b.type == "durableClient"]
print(json.dumps({name: typing.get_type_hints(function)[client].__name__ for name, client, function in bound}))
"""


def test_the_worker_reads_every_durable_client_as_text():
    """It refuses any other annotation of a client. On Python 3.14 functools.wraps passes on the original one."""
    told = subprocess.run([sys.executable, "-c", CLIENTS], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    hints = json.loads(told)
    assert len(hints) > 5
    assert set(hints.values()) == {"str"}
