"""MonitorJobStatus through HttpStart: completed, failed, expired, killed, watched for long."""

import json
from datetime import datetime

import pytest
from azure.data.tables import TableServiceClient

from tests.long import killing, long

RESTART = "/runtime/webhooks/durabletask/instances/{}/restart?restartWithNewInstanceId=false"


def write_job(app, job, state, detail=""):
    """Do what the system does that runs the job."""
    app.put_row("Jobs", {"PartitionKey": "jobs", "RowKey": job, "State": state, "Detail": detail})


def alerts(app, instance):
    """The rows of an instance in `Alerts`."""
    return [row for row in app.rows("Alerts") if row["InstanceId"] == instance]


def lines(app, instance):
    """The structured lines of the log about an instance, as far as they have been read."""
    texts = [record["text"] for record in app.records if '"record": "alert"' in str(record.get("text"))]
    return [line for line in map(json.loads, texts) if line["instanceId"] == instance]


def history_rows(app, instance):
    """How many rows the hub keeps of the instance."""
    info = app.info()
    with TableServiceClient.from_connection_string(info["storage"]["connectionString"]) as service:
        table = service.get_table_client(f"{info['hub']}History")
        return sum(1 for _ in table.query_entities(f"PartitionKey eq '{instance}'", select=["RowKey"]))


@pytest.mark.parametrize("state", ["completed", "failed"])
def test_the_end_of_a_job_is_reported(app, state):
    """At the next poll; the status shows the number of polls and the next one."""
    job = f"job-{state}"
    instance = app.begin("MonitorJobStatus", {"jobId": job})
    status = app.until_shown(instance, state="polling", polls=1)["customStatus"]
    assert status["job"]["state"] == "unknown"
    assert status["nextPoll"] < status["expires"]
    write_job(app, job, "Running", "piles driven")
    app.advance(hours=29 / 3600)
    app.advance(hours=2 / 3600)
    status = app.until_shown(instance, state="polling", polls=2)["customStatus"]
    assert status["job"] == {"state": "running", "detail": "piles driven"}
    write_job(app, job, state, "see the log")
    app.advance(hours=30 / 3600)

    output = app.result(instance)
    assert output == {
        "outcome": state,
        "jobId": job,
        "detail": "see the log",
        "polls": 3,
        "alertedAt": output["alertedAt"],
    }
    (row,) = alerts(app, instance)
    assert (row["Outcome"], row["Polls"]) == (state, 3)
    app.until(lambda: lines(app, instance))
    (line,) = lines(app, instance)
    assert (line["outcome"], line["jobId"]) == (state, job)


def test_a_job_that_has_already_ended_is_reported_at_once(app):
    """The first poll is at the start. Its id may hold characters that table keys may not."""
    write_job(app, "works!2F2026 !23 É", "COMPLETED")
    output = app.result(app.begin("MonitorJobStatus", {"jobId": "works/2026 # É"}))
    assert (output["outcome"], output["polls"]) == ("completed", 1)


def test_the_watch_ends_after_its_time(app):
    """The last pause is cut, so that the last poll is at the expiry: after 0, 40, 80 and 90 minutes."""
    form = {"jobId": "nobody-runs-it", "pollSeconds": 2400, "expiresAfterMinutes": 90}
    instance = app.begin("MonitorJobStatus", form)
    status = app.until_shown(instance, state="polling")["customStatus"]
    app.advance(hours=1.45)
    assert app.until_shown(instance, polls=3)["customStatus"]["nextPoll"] == status["expires"]
    app.advance(hours=0.1)
    output = app.result(instance)
    assert (output["outcome"], output["polls"]) == ("expired", 4)
    late = datetime.fromisoformat(output["alertedAt"]) - datetime.fromisoformat(status["expires"])
    assert 0 <= late.total_seconds() < 30
    assert len(alerts(app, instance)) == 1


def test_an_end_at_the_last_moment_counts(app):
    """The poll at the expiry sees it."""
    instance = app.begin("MonitorJobStatus", {"jobId": "just-in-time", "pollSeconds": 3000})
    app.until_shown(instance, state="polling")
    app.advance(hours=0.9)
    app.until_shown(instance, polls=2)
    write_job(app, "just-in-time", "completed")
    app.advance(hours=0.2)
    assert app.result(instance)["outcome"] == "completed"


def test_the_interval_grows_to_its_limit(app):
    """10, 20, 40, 60, 60 s: polls after 0, 10, 30, 70, 130, 190 s. It goes on growing across generations."""
    form = {"jobId": "slow", "pollSeconds": 10, "growth": 2, "longestPollSeconds": 60}
    instance = app.begin("MonitorJobStatus", form)
    for seconds, polls in ((0, 1), (11, 2), (20, 3), (40, 4), (60, 5), (60, 6)):
        app.advance(hours=seconds / 3600)
        app.until_shown(instance, polls=polls)
    app.advance(hours=1)
    output = app.result(instance)
    # 70 s, then one a minute up to 3,570 s, then the expiry at 3,600 s
    assert (output["outcome"], output["polls"]) == ("expired", 4 + 59)


@killing
def test_a_killed_host_goes_on_watching(app):
    """Also one that was off past the expiry: it polls once more, and reports once."""
    seen = app.begin("MonitorJobStatus", {"jobId": "seen", "pollSeconds": 600, "expiresAfterMinutes": 600})
    unseen = app.begin("MonitorJobStatus", {"jobId": "unseen", "pollSeconds": 1200})
    for instance in (seen, unseen):
        app.until_shown(instance, state="polling", polls=1)
    app.advance(hours=0.2)
    expires = app.until_shown(seen, polls=2)["customStatus"]["expires"]
    app.kill()
    app.restart()
    app.advance(hours=0.5)
    assert app.until_shown(seen, polls=5)["customStatus"]["expires"] == expires
    write_job(app, "seen", "completed")
    app.kill()
    app.restart()
    app.advance(hours=0.5)
    assert app.result(seen)["outcome"] == "completed"
    assert app.result(unseen)["outcome"] == "expired"
    assert [len(alerts(app, instance)) for instance in (seen, unseen)] == [1, 1]


def test_a_repeated_id_reports_nothing_twice(app):
    """HttpStart finds it; a restart through the durable API keeps the first alert."""
    write_job(app, "once", "completed")
    instance = app.begin("MonitorJobStatus", {"jobId": "once"})
    ended = app.result(instance)
    assert app.post("MonitorJobStatus", {"jobId": "once"}, instance_id=instance).status == 202
    write_job(app, "once", "failed")
    assert app.request("POST", RESTART.format(instance)).status == 202
    app.until(lambda: len(lines(app, instance)) == 2)
    assert app.result(instance) == ended
    (row,) = alerts(app, instance)
    assert row["Outcome"] == "completed"


@pytest.mark.parametrize(
    "wrong",
    [{}, {"jobId": "x", "pollSeconds": 0}, {"jobId": "x", "carried": None}, {"jobId": "x", "carried": {"polls": 1}}],
)
def test_an_invalid_form_starts_nothing(app, wrong):
    """The state of a generation cannot be posted."""
    assert app.post("MonitorJobStatus", wrong).status == 400


@pytest.mark.parametrize(
    "looks",
    [50, pytest.param(1000, marks=long)],
)
def test_many_polls_leave_a_short_history(app, looks):
    """It continues as new after some polls; count and expiry go on.

    Old rows are overwritten, not deleted, so the table shows the longest history.
    """
    job = f"long-{looks}"
    form = {"jobId": job, "pollSeconds": 60, "expiresAfterMinutes": 2000}
    instance = app.begin("MonitorJobStatus", form)
    expires = app.until_shown(instance, polls=1)["customStatus"]["expires"]
    for _ in range(looks // 50):
        app.advance(hours=50 / 60)
    status = app.until_shown(instance, state="polling", polls=looks + 1)
    assert status["customStatus"]["expires"] == expires
    assert 100 < history_rows(app, instance) <= 200
    write_job(app, job, "completed")
    app.advance(hours=0.02)
    assert app.result(instance)["polls"] == looks + 2
    assert len(alerts(app, instance)) == 1
