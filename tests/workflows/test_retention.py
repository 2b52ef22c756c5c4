"""PurgeFinishedInstances on its schedule and by hand: what is old goes, what is kept of it stays, a cut run goes on."""

import json
from datetime import datetime, timedelta

import pytest
from azure.core.exceptions import ResourceNotFoundError

from tests.long import killing

PURGE = "/admin/functions/PurgeFinishedInstances"
INSTANCES = "/runtime/webhooks/durabletask/instances"
BUDGET = {"title": "Steel", "amount": 100}
MONTH = timedelta(days=30)
"""What the setting of these tests says."""


@pytest.fixture(scope="module")
def app(app_alone):
    """A host of its own: every run tells how much it has found."""
    return app_alone


def audit(app, *instances):
    """The rows of instances in `Audit`; the table comes with the first."""
    try:
        return [row for row in app.rows("Audit") if row["InstanceId"] in instances]
    except ResourceNotFoundError:
        return []


def reports(app):
    """What each run has told, oldest first."""
    told = [record["text"] for record in app.records if '"record": "retention"' in str(record.get("text"))]
    return [json.loads(line) for line in told]


def run_by_hand(app):
    """Run the function now, and return what it told."""
    before = len(reports(app))
    assert app.request("POST", PURGE, {}).status == 202
    app.until(lambda: len(reports(app)) > before)
    return reports(app)[-1]


def go_to(app, *, hour, minute):
    """Move the clock to the next time of day of that kind, and return it."""
    now = datetime.fromisoformat(app.advance(hours=0))
    target = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    target += timedelta(days=target <= now)
    app.advance(hours=(target - now) / timedelta(hours=1))
    return target


def old(app, count):
    """Let instances end, and let just so much time pass that they are due, before the function's own time of day."""
    go_to(app, hour=3, minute=45)
    instances = [app.begin("MonitorJobStatus", {"jobId": "done"}) for _ in range(count)]
    for instance in instances:
        app.result(instance)
    app.advance(hours=(MONTH - timedelta(minutes=10)) / timedelta(hours=1))
    assert not audit(app, *instances)
    app.advance(hours=0.3)
    return instances


def finish_a_job(app):
    """Let the job be done that the instances of these tests watch."""
    app.put_row("Jobs", {"PartitionKey": "jobs", "RowKey": "done", "State": "completed", "Detail": ""})


def test_after_a_month_only_the_audit_is_left(app):
    """Of instances that ended in any way; running and suspended ones, entities and decisions stay."""
    finish_a_job(app)
    completed = app.begin("MonitorJobStatus", {"jobId": "done"})
    app.result(completed)
    terminated, suspended, decided = (app.begin("BudgetApproval", BUDGET) for _ in range(3))
    for instance in (terminated, suspended, decided):
        app.until_shown(instance, state="waiting")
    app.request("POST", f"{INSTANCES}/{terminated}/terminate?reason=test")
    app.request("POST", f"{INSTANCES}/{suspended}/suspend?reason=test")
    app.raise_event(decided, "Approval", {"approved": True, "approver": "Ole"})
    app.result(decided)
    failed = app.start("MonitorJobStatus", {"nonsense": 1})
    assert app.wait(failed)["runtimeStatus"] == "Failed"
    counted = app.begin("ApprovalWorkflow", {"title": "Bench", "submittedBy": "Ines"})
    running = app.begin("BillingIssuer", {"account": "x", "amount": 1, "days": 100})
    app.until_shown(running, state="waiting")

    app.advance(hours=24 * 29)
    assert app.status(completed)["runtimeStatus"] == "Completed"
    app.advance(hours=24 * 2)

    gone = (completed, terminated, decided, failed)
    assert [app.status(instance) for instance in gone] == [None] * 4
    assert app.status(running)["runtimeStatus"] == "Running"
    assert app.status(suspended)["runtimeStatus"] == "Suspended"
    assert app.status(counted)["output"]["outcome"] == "escalated"  # three days after its start: not yet a month ago
    assert app.request("GET", "/api/counters/submitted").body["value"] == 1

    kept = {row["InstanceId"]: (row["Workflow"], row["Status"], row["Outcome"]) for row in audit(app, *gone)}
    assert kept == {
        completed: ("MonitorJobStatus", "Completed", "completed"),
        terminated: ("BudgetApproval", "Terminated", ""),
        decided: ("BudgetApproval", "Completed", "approved"),
        failed: ("MonitorJobStatus", "Failed", ""),
    }
    (row,) = audit(app, completed)
    lived = datetime.fromisoformat(row["LastUpdatedAt"]) - datetime.fromisoformat(row["CreatedAt"])
    assert timedelta(0) <= lived < timedelta(minutes=1)  # the hub tells whole seconds
    assert {row["ProposalId"] for row in app.rows("Requests")} >= {decided, terminated}
    assert decided in {row["ProposalId"] for row in app.rows("Outcomes")}
    assert reports(app)[-1] == {
        "record": "retention",
        "purged": 4,
        "failed": 0,
        "remaining": 0,
        "days": 30,
        "letters": 0,
    }


@killing
def test_an_interrupted_run_is_finished_by_the_next(app):
    """The host dies in the middle; the next night purges the rest, and each instance has one audit line."""
    finish_a_job(app)
    instances = old(app, 30)
    assert app.request("POST", PURGE, {}).status == 202
    app.until(lambda: len(audit(app, *instances)) >= 3)
    app.kill()
    app.restart()
    left = [instance for instance in instances if app.status(instance)]
    assert 0 < len(left) < len(instances)

    app.advance(hours=24)
    assert [instance for instance in instances if app.status(instance)] == []
    assert sorted(row["InstanceId"] for row in audit(app, *instances)) == sorted(instances)
    assert reports(app)[-1]["purged"] == len(left)


def test_a_second_run_finds_nothing_to_do(app):
    """And says so."""
    app.advance(hours=24 * 31)
    assert run_by_hand(app) == {
        "record": "retention",
        "purged": 0,
        "failed": 0,
        "remaining": 0,
        "days": 30,
        "letters": 0,
    }


def test_the_id_of_a_purged_instance_is_not_reused(app):
    """Bills and decisions are recorded under it."""
    form = {"title": "Steel", "windowHours": 1}
    budget = app.begin("BudgetApproval", form)
    app.until_shown(budget, state="waiting")
    app.advance(hours=24 * 31)
    app.until(lambda: app.status(budget) is None)
    answer = app.post("BudgetApproval", form, instance_id=budget)
    assert (answer.status, "audit" in answer.body["whatToDo"]) == (409, True)
