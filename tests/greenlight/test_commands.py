"""Commands as people type them: what is sent, what is printed, with which exit status it ends."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from greenlight.cli import SECTIONS, main
from tests.greenlight.played import PLAN, REVIEWS, Played

ID = "3f2a1b9c4e0d4c0f8f0f1b2a3c4d5e6f"


@pytest.fixture
def bridge():
    """A proposal that is being decided."""
    return Played("footbridge", files=(PLAN,)).checked()


def sent(server, number=0):
    """The body of the n-th request."""
    return json.loads(server.asked[number]["body"])


ACTS = [
    (["approve", ID, "-m", "Fine."], "decisions", {"approver": "Mara", "decision": "approve", "comment": "Fine."}),
    (["reject", ID], "decisions", {"approver": "Mara", "decision": "reject", "comment": ""}),
    (["decide", ID, "send back"], "decisions", {"approver": "Mara", "decision": "send back", "comment": ""}),
    (["changes", ID, "-m", "More."], "changes", {"approver": "Mara", "comment": "More."}),
    (["comment", ID, "Well."], "comments", {"by": "Mara", "comment": "Well."}),
    (["delegate", ID, "--to", "Ana"], "delegate", {"from": "Mara", "to": "Ana", "comment": ""}),
    (
        ["reassign", ID, "--from", "Ben", "--to", "Ana"],
        "reassign",
        {"from": "Ben", "to": "Ana", "by": "Mara", "comment": ""},
    ),
    (["remind", ID], "remind", {"by": "Mara"}),
    (["withdraw", ID, "-m", "Too late."], "withdraw", {"by": "Mara", "reason": "Too late."}),
    (["resubmit", ID, "--cost", "9"], "resubmit", {"by": "Mara", "cost": 9.0}),
]


@pytest.mark.parametrize(("words", "verb", "body"), ACTS, ids=[words[0] for words, _, _ in ACTS])
def test_a_verb_is_sent_and_its_effect_shown(run, server, bridge, words, verb, body):
    """One request for the verb, one for the new state."""
    server.will(200, {"entry": 5}).will(200, bridge.shown)
    result = run(*words, "--as", "Mara", "--url", server.url)
    assert result.exit_code == 0, result.output
    assert server.asked[0]["path"] == f"/api/proposals/{ID}/{verb}"
    assert {key: value for key, value in sent(server).items() if key != "decisionId"} == body
    assert "“Mill Stream footbridge”." in result.output
    assert "Now in review: design waits for" in result.output


def test_every_command_is_in_the_help_text(run):
    """Grouped by its users."""
    listed = {command for section in SECTIONS.values() for command in section}
    assert set(main.commands.values()) == listed
    result = run("--help")
    assert [command.name for command in listed if f"\n  {command.name} " not in result.output] == []
    assert max(len(row) for row in result.output.splitlines()) <= 80


def test_a_verb_without_a_name_is_not_sent(run, server):
    """The error says how to set the name once for all."""
    server.will(200, {})
    result = run("approve", ID, "--url", server.url)
    assert result.exit_code == 2
    assert "GREENLIGHT_USER" in result.output
    assert server.asked == []


def test_name_address_and_key_may_come_from_the_environment(run, server, bridge):
    """The key can come from nowhere else."""
    server.will(200, {"entry": 5}).will(200, bridge.shown)
    result = run("approve", ID, GREENLIGHT_URL=server.url, GREENLIGHT_USER="Mara", GREENLIGHT_KEY="k")
    assert result.exit_code == 0, result.output
    assert sent(server)["approver"] == "Mara"
    assert server.asked[0]["headers"]["x-functions-key"] == "k"


def test_a_refusal_is_two_lines_and_exit_status_one(run, server):
    """What happened, and what to do."""
    server.refuses(409, "The proposal was approved by Ana at 2026-11-21 09:04 UTC.", code="over")
    result = run("approve", ID, "--as", "Mara", "--url", server.url)
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        "error: The proposal was approved by Ana at 2026-11-21 09:04 UTC.",
        "  To see why: greenlight show 3f2a1b9c",
    ]
    assert result.stdout == ""


def test_a_short_id_is_accepted(run, server, bridge):
    """As the list shows it."""
    page = {"proposals": [{"proposalId": ID}], "continuationToken": None}
    server.refuses(404, "There is no proposal.").will(200, page).will(200, {"entry": 5}).will(200, bridge.shown)
    result = run("approve", "3f2a", "--as", "Mara", "--url", server.url)
    assert result.exit_code == 0, result.output
    assert [each["path"].split("?")[0] for each in server.asked[2:]] == [
        f"/api/proposals/{ID}/decisions",
        f"/api/proposals/{ID}",
    ]


def test_a_complete_unknown_id_is_reported_with_the_apps_answer(run, server):
    """One look at the list shows that it was not shortened."""
    page = {"proposals": [{"proposalId": ID}], "continuationToken": None}
    server.refuses(404, "This proposal has no file 'x'.").will(200, page)
    result = run("download", ID, "x", "--url", server.url)
    assert result.exit_code == 2
    assert "no file 'x'" in result.stderr


def test_a_proposal_is_submitted_from_a_file_and_options_override_it(run, server, tmp_path):
    """Documents are named beside the file, or with --attach."""
    (tmp_path / "plan.md").write_text("# Plan", "utf-8")
    form = tmp_path / "bench.json"
    form.write_text(json.dumps({"title": "Bench", "cost": 900, "attachments": ["plan.md"]}), "utf-8")
    server.will(202, {"proposalId": ID, "instanceId": ID})
    more = REVIEWS.parent / "footbridge" / "elevation.png"
    result = run("submit", form, "--cost", "950", "--attach", more, "--as", "Noor", "--url", server.url)
    assert result.exit_code == 0, result.output
    body = sent(server)
    assert (body["title"], body["author"], body["cost"]) == ("Bench", "Noor", 950.0)
    assert [(each["name"], each["contentType"]) for each in body["attachments"]] == [
        ("plan.md", "text/markdown"),
        ("elevation.png", "image/png"),
    ]
    assert "Handed in: Bench, 950 EUR" in result.output
    assert "greenlight watch 3f2a1b9c" in result.output


def test_a_proposal_is_submitted_from_standard_input_or_from_options_alone(run, server):
    """For other programs, and for people in a hurry."""
    server.will(202, {"proposalId": ID, "instanceId": ID})
    piped = run("submit", "-", "--json", "--url", server.url, stdin='{"title": "Bench", "author": "Noor"}')
    typed = run("submit", "--title", "Bench", "--policy", "small-purchase", "--as", "Noor", "--url", server.url)
    assert json.loads(piped.stdout)["proposalId"] == ID
    assert typed.exit_code == 0
    assert [sent(server, n).get("policy") for n in (0, 1)] == [None, "small-purchase"]


def test_a_preview_shows_who_must_approve(run, server):
    """With the stages that the checks may add, or as JSON; nothing is submitted."""
    at = {"now": "2026-03-02T09:00:00+00:00"}
    stage = {"name": "board", "approvers": ["Ana", "Ben"], "needed": 1, "escalateTo": [{"to": ["Cem"]}],
             "latestEnd": "2026-03-04T09:00:00+00:00"}  # fmt: skip
    more = {**stage, "name": "security", "needed": 2, "escalateTo": []}
    ways = [{"findings": [["objections", "virus"], ["incomplete"]], "stages": [stage, more]}]
    answer = {"policy": "works", "policyVersion": "7", "policyHash": "x", "stages": [stage], "otherWays": ways,
              "keepAnswersOn": ["title", "addedFiles"], **at}  # fmt: skip
    server.will(200, answer)
    asked = ("preview", "--policy", "works", "--cost", "950", "--as", "Noor", "--url", server.url)
    words = " ".join(run(*asked).output.split())
    assert server.asked[0]["path"] == "/api/proposals?preview=true"
    body = {"title": "a proposal", "policy": "works", "cost": 950.0, "author": "Noor"}
    assert sent(server) == body
    assert "Under works, version 7" in words
    assert "board 1 of Ana and Ben, then Cem; ends by Wed 04 Mar 2026" in words
    assert "If the checks say objections, virus or incomplete:" in words
    assert "security Ana and Ben; ends by" in words
    assert "Answers are kept if only this changes: title, addedFiles" in words
    assert json.loads(run(*asked, "--json").stdout) == answer


def test_an_id_may_be_chosen(run, server):
    """So that a repeated script submits once."""
    server.will(202, {"proposalId": "bench-10", "instanceId": "bench-10"})
    result = run("submit", "--title", "Bench", "--id", "bench-10", "--as", "Noor", "--url", server.url)
    assert server.asked[0]["path"] == "/api/proposals?id=bench-10"
    assert "greenlight watch bench-10" in result.output


def test_the_policy_option_may_be_a_file(run, server, tmp_path):
    """A name is one of the app's."""
    path = tmp_path / "mine.json"
    path.write_text('{"stages": []}', "utf-8")
    server.will(202, {"proposalId": ID, "instanceId": ID})
    run("submit", "--title", "Bench", "--policy", path, "--as", "Noor", "--url", server.url)
    assert sent(server)["policy"] == {"stages": []}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "is not JSON"),
        ("[]", "does not hold a JSON object"),
        ('{"summary": "x"}', "has no title"),
        ('{"title": "x", "attachments": {}}', "are not a list"),
        ('{"title": "x", "attachments": ["none.pdf"]}', "none.pdf cannot be read"),
    ],
)
def test_an_invalid_proposal_file_is_not_sent(run, server, tmp_path, content, words):
    """The message says what is wrong."""
    path = tmp_path / "form.json"
    path.write_text(content, "utf-8")
    server.will(202, {})
    result = run("submit", path, "--as", "Noor", "--url", server.url)
    assert result.exit_code == 2
    assert words in result.stderr
    assert server.asked == []


def test_documents_are_uploaded_one_by_one_in_the_authors_name(run, server, bridge, tmp_path):
    """The body is the file alone, so the name is in the URL."""
    path = tmp_path / "plan 2.md"
    path.write_bytes(b"# Plan")
    server.will(201, {"entry": 4}).will(200, bridge.shown)
    result = run("attach", ID, path, "--as", "Ines", "--url", server.url)
    assert result.exit_code == 0, result.output
    assert server.asked[0]["path"] == f"/api/proposals/{ID}/attachments/plan%202.md?by=Ines"
    assert server.asked[0]["body"] == b"# Plan"


def test_a_refused_document_is_named(run, server, tmp_path):
    """One of several."""
    path = tmp_path / "odd.bin"
    path.write_bytes(b"\0")
    server.refuses(415, "Files of this type are not accepted.")
    result = run("attach", ID, path, "--as", "Ines", "--url", server.url)
    assert result.exit_code == 2
    assert "odd.bin: Files of this type are not accepted" in result.stderr


def test_a_download_never_overwrites_a_file_by_the_documents_name(run, server, tmp_path, monkeypatch):
    """Whoever attached the document chose that name."""
    monkeypatch.chdir(tmp_path)
    server.will(200, "content")
    assert run("download", ID, "../plan.md", "--url", server.url).exit_code == 0
    assert (tmp_path / "plan.md").read_text("utf-8") == "content"
    again = run("download", ID, "../plan.md", "--url", server.url)
    assert again.exit_code == 2
    assert "--output" in again.stderr
    assert run("download", ID, "plan.md", "-o", "-", "--url", server.url).stdout == "content"


def rows(*ids):
    """Lines of the list."""
    return [{"proposalId": each, "title": "A\tbench", "status": "approved", "waitingFor": []} for each in ids]


def test_a_list_in_a_pipe_has_whole_ids_and_tabs(run, server):
    """For cut and grep."""
    server.will(200, {"proposals": rows(ID), "continuationToken": None})
    result = run("list", "--status", "approved", "--author", "Noor", "--url", server.url)
    assert result.output == f"{ID}\tapproved\tA bench\t\n"
    assert server.asked[0]["path"].endswith("?top=25&status=approved&author=Noor")


def test_a_list_reads_as_many_pages_as_it_needs(run, server):
    """A page may have fewer rows than asked for, and still not be the last."""
    server.will(200, {"proposals": rows("a1"), "continuationToken": "t1"})
    server.will(200, {"proposals": [], "continuationToken": "t2"})
    server.will(200, {"proposals": rows("a2"), "continuationToken": "t3"})
    told = json.loads(run("list", "-n", "2", "--json", "--url", server.url).output)
    assert [each["proposalId"] for each in told["proposals"]] == ["a1", "a2"]
    assert told["continuationToken"] == "t3"
    assert "continuationToken=t2" in server.asked[2]["path"]


def test_a_page_has_a_timeline_from_the_record(run, server, bridge):
    """Two requests: the present state, and the history."""
    server.will(200, bridge.shown).will(200, {"entries": bridge.raw, "head": "h"})
    result = run("show", ID, "--url", server.url)
    assert result.exit_code == 0, result.output
    assert "Timeline" in result.output
    assert "hands it in" in result.output
    assert "\x1b" not in result.output
    assert [row for row in result.output.splitlines() if row != row.rstrip()] == []


def test_a_proposal_is_json_on_request(run, server, bridge):
    """As the API sends it."""
    server.will(200, bridge.shown)
    assert json.loads(run("show", ID, "--json", "--url", server.url).output) == bridge.shown


def test_the_installed_command_works_from_any_folder(tmp_path):
    """`make setup` installs it beside the Python of the virtual environment."""
    command = Path(sys.executable).with_name("greenlight")
    done = subprocess.run([command, "--version"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("greenlight ")


@pytest.mark.parametrize(
    ("words", "verb"), [(words, verb) for words, verb, _ in ACTS], ids=[each[0][0] for each in ACTS]
)
def test_a_verb_prints_the_apps_answer_as_json_on_request(run, server, words, verb):
    """With no second request."""
    server.will(200, {"entry": 5})
    result = run(*words, "--json", "--as", "Mara", "--url", server.url)
    assert json.loads(result.stdout) == {"entry": 5}
    assert [each["path"].rpartition("/")[2] for each in server.asked] == [verb]


def test_a_folder_stands_for_its_files(run, server, tmp_path):
    """By their names; hidden files and subfolders are left out."""
    (tmp_path / "inside").mkdir()
    for name in ("b.md", "a.docx", ".hidden", "inside/c.md"):
        (tmp_path / name).write_text("text", "utf-8")
    server.will(202, {"proposalId": ID, "instanceId": ID})
    run("submit", "--title", "Bench", "--attach", tmp_path, "--as", "Noor", "--url", server.url)
    office = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
    assert [(each["name"], each["contentType"]) for each in sent(server)["attachments"]] == [
        ("a.docx", office),
        ("b.md", "text/markdown"),
    ]
    told = run("attach", ID, tmp_path, "--json", "--as", "Noor", "--url", server.url)
    assert len(json.loads(told.stdout)) == 2


def test_a_folder_without_files_is_an_error(run, server, tmp_path):
    """Nothing is sent."""
    result = run("attach", ID, tmp_path, "--as", "Noor", "--url", server.url)
    assert result.exit_code == 2
    assert "There is no file in" in result.stderr
    assert server.asked == []
