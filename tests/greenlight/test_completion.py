"""What the tabulator completes: ids with their titles, and policies."""

import pytest
from click.shell_completion import ShellComplete

from greenlight.cli import main


@pytest.fixture
def complete(monkeypatch):
    """What a shell would be offered for the last of some words, with what is said about it."""
    for name in ("GREENLIGHT_URL", "GREENLIGHT_USER", "GREENLIGHT_KEY"):
        monkeypatch.delenv(name, raising=False)

    def offered(*words):
        shell = ShellComplete(main, {}, "greenlight", "_GREENLIGHT_COMPLETE")
        return [(each.value, each.help) for each in shell.get_completions(list(words[:-1]), words[-1])]

    return offered


ROWS = {
    "proposals": [
        {"proposalId": "3f2a1b9c4e0d4c0f8f0f1b2a3c4d5e6f", "title": "Mill Stream\nfootbridge"},
        {"proposalId": "bench-10", "title": "Bench"},
    ]
}


@pytest.mark.parametrize("command", [["show"], ["approve"], ["watch"], ["audit", "show"], ["audit", "verify"]])
def test_ids_are_completed_with_their_titles(complete, server, command):
    """In their short form."""
    server.will(200, ROWS)
    assert complete(*command, "--url", server.url, "3f") == [("3f2a1b9c", "Mill Stream footbridge")]
    assert complete(*command, "--url", server.url, "be") == [("bench-10", "Bench")]


def test_without_an_answer_nothing_is_completed(complete, server):
    """And no message appears in the middle of a line."""
    server.refuses(401, "Who are you?")
    assert complete("show", "--url", server.url, "3f") == []
    assert complete("show", "--url", "no address", "3f") == []


def test_policies_are_completed_and_files_if_no_policy_matches(complete):
    """A policy may be a file."""
    assert "footbridge-works" in [value for value, _ in complete("submit", "--policy", "foot")]
    assert "people" not in [value for value, _ in complete("submit", "--policy", "")]
    assert complete("submit", "--policy", "./mine.js") == [("./mine.js", None)]
