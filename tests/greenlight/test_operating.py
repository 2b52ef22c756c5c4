"""`greenlight ops` as operators type it: what is sent, what is printed, with which exit status it ends."""

import json

import pytest

ID = "3f2a1b9c4e0d4c0f8f0f1b2a3c4d5e6f"
AT = "2026-11-27T09:00:00+00:00"
VIEW = {
    "now": "2026-11-27T09:05:00+00:00",
    "stuck": [{"proposalId": "p-1", "lag": "lost", "reason": "it has no workflow", "done": "notMended"}],
    "stuckCount": 1,
    "failed": [
        {"instanceId": "job-1", "workflow": "MonitorJobStatus", "status": "Failed", "reason": "\u001b[2Jno",
         "updatedAt": AT}
    ],
    "moreFailed": True,
    "messages": [
        {"id": "a1", "messageId": "m", "reason": "no JSON", "body": "x\ny", "whole": True, "at": AT, "state": "waiting",
         "by": "", "doneAt": None, "result": ""}
    ],
    "letters": [{"proposalId": "p-1", "key": "3-asked-a", "state": "refused", "reason": "550", "at": AT}],
    "runs": [{"name": "sweep", "at": AT, "line": {"records": 3, "found": 1}}],
    "acts": [{"at": AT, "by": "Mara", "act": "purge", "target": "job-0", "outcome": "done"}],
}  # fmt: skip
DONE = {"target": ID, "sentence": "The workflow is being terminated."}


def sent(server, number=0):
    """The n-th request: method, path and body."""
    asked = server.asked[number]
    return asked["method"], asked["path"], json.loads(asked["body"] or "null")


def test_the_list_shows_everything_with_numbers(run, server):
    """Texts of others cannot move the cursor."""
    result = run("ops", "list", "--url", server.will(200, VIEW).url)
    assert result.exit_code == 0, result.output
    printed = " ".join(result.output.split())
    for line in (
        "Stuck: 1 p-1 it has no workflow notMended", "Failed: 1+ job-1", "Messages put aside: 1 a1",
        "no JSON x y", "Letters not sent: 1 p-1 3-asked-a refused 5 minutes ago 550",
        "sweep 5 minutes ago records 3, found 1", "5 minutes ago Mara purge job-0 done",
    ):  # fmt: skip
        assert line in printed
    assert "\u001b" not in result.output
    assert sent(server) == ("GET", "/api/ops", None)


@pytest.mark.parametrize(
    ("words", "part"),
    [(["list"], None), (["poison", "list"], "messages"), (["letters", "list"], "letters")],
    ids=str,
)
def test_json_is_printed_on_request(run, server, words, part):
    """As the API has it."""
    result = run("ops", *words, "--json", "--url", server.will(200, VIEW).url)
    assert json.loads(result.output) == (VIEW[part] if part else VIEW)


@pytest.mark.parametrize(
    ("words", "path", "body"),
    [
        (["terminate", ID], f"instances/{ID}/terminate", {"reason": ""}),
        (["terminate", ID, "--yes", "-m", "gone"], f"instances/{ID}/terminate", {"reason": "gone", "evenIfOpen": True}),
        (["purge", ID], f"instances/{ID}/purge", {"reason": ""}),
        (["purge", ID, "--yes"], f"instances/{ID}/purge", {"reason": "", "evenIfOpen": True}),
        (["rewind", ID, "-m", "fixed"], f"instances/{ID}/rewind", {"reason": "fixed"}),
        (["resume", ID], f"instances/{ID}/resume", {"reason": ""}),
        (["wake", ID], f"instances/{ID}/wake", {"reason": ""}),
        (["poison", "send", "a1"], "poison/a1/send", {}),
        (["poison", "discard", "a1"], "poison/a1/discard", {}),
    ],
    ids=str,
)
def test_an_action_is_sent_with_the_operators_name(run, server, words, path, body):
    """Its result is one line."""
    result = run("ops", *words, "--as", "Mara", "--url", server.will(200, DONE).url)
    assert result.exit_code == 0, result.output
    assert sent(server) == ("POST", f"/api/ops/{path}", {"by": "Mara", **body})
    assert result.output == "The workflow is being terminated.\n"
    assert json.loads(run("ops", *words, "--json", "--as", "Mara", "--url", server.url).output) == DONE


@pytest.mark.parametrize("words", [["terminate", ID], ["poison", "send", "a1"], ["letters", "send", "p-1"]], ids=str)
def test_nobody_acts_without_a_name(run, server, words):
    """Each action is recorded under one."""
    result = run("ops", *words, "--url", server.will(200, DONE).url)
    assert (result.exit_code, server.asked) == (2, [])
    assert "GREENLIGHT_USER" in result.output


@pytest.mark.parametrize("act", ["terminate", "purge"])
def test_an_action_on_the_workflow_of_an_open_proposal_needs_yes(run, server, act):
    """The message says what would happen, and what to do instead."""
    server.refuses(409, "It is still open. If its workflow is gone, it is failed.", code="openProposal")
    result = run("ops", act, ID, "--as", "Mara", "--url", server.url)
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        "error: It is still open. If its workflow is gone, it is failed.",
        "  Its author can end it: greenlight withdraw 3f2a1b9c. To do it anyway, add --yes.",
    ]


def test_letters_of_a_proposal_are_sent_one_by_one(run, server):
    """Or the named one; the output says if none is left."""
    server.will(200, VIEW).will(200, {"target": "p-1 3-asked-a", "sentence": "The letter has gone."})
    result = run("ops", "letters", "send", "p-1", "--as", "Mara", "--url", server.url)
    assert (result.exit_code, result.output) == (0, "The letter has gone.\n")
    assert sent(server, 1) == ("POST", "/api/ops/letters/p-1/3-asked-a/send", {"by": "Mara"})


def test_an_empty_list_says_so(run, server):
    """Each of the lists."""
    server.will(200, {**VIEW, "messages": [], "letters": []})
    assert run("ops", "poison", "list", "--url", server.url).output == "No message was put aside.\n"
    assert run("ops", "letters", "list", "--url", server.url).output == "All letters were sent.\n"
    result = run("ops", "letters", "send", "p-9", "--as", "Mara", "--url", server.url)
    assert (result.exit_code, result.output) == (0, "All letters of this proposal were sent.\n")


def test_a_history_is_shown_in_words(run, server):
    """With its times."""
    events = [
        {"EventType": "ExecutionStarted", "FunctionName": "BillingIssuer", "Timestamp": "2026-11-27T09:00:00Z"},
        {"EventType": "TaskFailed", "FunctionName": "IssueBill", "Reason": "no \u001broom"},
    ]
    view = {"instanceId": "b-1", "name": "BillingIssuer", "runtimeStatus": "Failed", "historyEvents": events}
    result = run("ops", "history", "b-1", "--url", server.will(200, view).url)
    assert result.output.splitlines() == [
        "b-1: BillingIssuer, Failed", "27 Nov 2026 09:00:00  BillingIssuer started.", "IssueBill failed: no room.",
    ]  # fmt: skip
    assert sent(server)[1] == "/api/orchestrations/b-1?showHistory=true"
    assert json.loads(run("ops", "history", "b-1", "--json", "--url", server.url).output) == view


def test_without_a_key_the_error_says_what_is_missing(run, server):
    """The operators' routes always need one."""
    result = run("ops", "list", "--url", server.will(401, "").url)
    assert result.exit_code == 2
    assert "GREENLIGHT_KEY" in result.output


@pytest.mark.parametrize("words", [["ops"], ["ops", "poison"], ["ops", "letters"], ["ops", "terminate"]], ids=str)
def test_each_command_has_its_help(run, words):
    """In eighty columns."""
    result = run(*words, "--help")
    assert result.exit_code == 0
    assert max(map(len, result.output.splitlines())) <= 80
