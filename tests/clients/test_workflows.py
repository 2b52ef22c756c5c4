"""ListWorkflows: what can be started."""

import json

import azure.functions as func
import pytest

from approvals.workflows import WORKFLOWS
from clients.workflows import list_workflows


def get(name=None):
    """Ask for all workflows, or for one."""
    request = func.HttpRequest("GET", "http://localhost/api", route_params={"name": name} if name else {}, body=b"")
    response = list_workflows._function.get_user_function()(req=request)
    return response.status_code, json.loads(response.get_body())


def test_every_workflow_is_listed():
    """With name, sentence, schema and example."""
    status, body = get()
    assert status == 200
    assert [each["name"] for each in body["workflows"]] == [workflow.name for workflow in WORKFLOWS.values()]
    assert all(set(each) == {"name", "does", "event", "input", "example"} for each in body["workflows"])


@pytest.mark.parametrize("name", ["TryGetQuote", "trygetquote"])
def test_one_workflow_can_be_asked_for_by_name(name):
    """In any case, as with a start."""
    assert get(name)[1]["name"] == "TryGetQuote"


def test_the_404_for_an_unknown_workflow_lists_the_known_ones():
    """And says what to do."""
    status, body = get("Nope")
    assert status == 404
    assert "TryGetQuote" in body["whatToDo"]
