"""Policies in words, and the faults of one in the making."""

import json

import pytest

from greenlight.files import POLICIES, policy_names
from tests.greenlight.played import REVIEWS


def test_every_policy_of_the_app_is_listed(run):
    """None of them has a fault."""
    result = run("policies")
    assert result.exit_code == 0, result.output
    names = policy_names(POLICIES)
    assert names
    assert [name for name in names if name not in result.output] == []


@pytest.fixture
def folder(tmp_path):
    """A folder of the test's own."""

    def write(name, **policy):
        (tmp_path / f"{name}.json").write_text(json.dumps(policy), "utf-8")
        return tmp_path

    return write


def test_a_policy_is_shown_in_words(run, folder):
    """People who choose one need not read JSON."""
    stage = {
        "name": "board",
        "rule": "quorum",
        "quorum": 2,
        "approvers": ["Ana", "Ben", "Cem"],
        "required": ["Ana"],
        "veto": ["Cem"],
        "windowHours": 36,
        "remindAfterHours": [12, 24],
        "escalateTo": ["Dee", {"to": ["Eve", "Fay"], "windowHours": 24}],
        "anyone": True,
        "when": {"costAbove": 1000, "costUpTo": 9000, "departments": ["parks"], "findings": ["warnings"]},
    }
    path = folder(
        "mine",
        stages=[stage],
        departments=["Parks"],
        otherwise={"name": "rest", "approvers": ["Gil"]},
        rates={"date": "2026-03-02", "worth": {"USD": 0.9}},
        budgetLimit=5000,
        fourEyes=True,
        allowSelfApproval=True,
        outcomes={"fine": "approve"},
        keepAnswersOn=["title", "addedFiles"],
    )
    words = " ".join(run("policies", path / "mine.json").output.split())
    for part in (
        "2 of Ana, Ben and Cem, within 36 hours",
        "only if the cost is above 1,000 EUR and the cost is at most 9,000 EUR and the department is parks",
        "rest Gil, within 3 days only if no other stage is asked",
        "costs in USD are compared in EUR by the rates of 2026-03-02",
        "and the checks say warnings",
        "required: Ana",
        "a no from Cem is enough",
        "reminded after 12 hours and 24 hours",
        "then Dee, then Eve and Fay within 24 hours",
        "anybody except the author",
        "budget the budget owner, above 5,000 EUR",
        "nobody decides in two stages",
        "the author may decide too",
        "answers are kept if only this changes: the title and added files",
        "“fine” means approve",
    ):
        assert part in words


def test_a_policy_says_for_which_proposals_it_is(run, folder):
    """Its authors, its costs, and what happens to others."""
    stage = {"name": "board", "approvers": ["Ana"], "when": {"costFrom": 1500}}
    told = run(
        "policies", folder("mine", stages=[stage], currency="JPY", otherwise="refuse", usedBy=["Zoe"]) / "mine.json"
    ).output
    assert "only if the cost is 1,500 JPY or more" in told
    assert "a proposal that needs no stage is refused" in told
    assert "only for proposals of Zoe" in told


@pytest.mark.parametrize(("outcome", "words"), [("reject", "no answer means no"), ("approve", "no answer means yes")])
def test_a_policy_says_what_happens_on_timeout(run, folder, outcome, words):
    """Nobody should be surprised."""
    path = folder("mine", stages=[{"name": "board", "approvers": ["Ana"], "onTimeout": outcome}])
    assert words in run("policies", path / "mine.json").output


def test_every_fault_is_listed_at_once(run, folder):
    """With exit status 1, for a check before a commit."""
    stages = [{"name": "board", "approvers": ["Ana"], "rule": "quorum", "quorum": 3}, {"approvers": []}]
    result = run("policies", "--folder", folder("broken", stages=stages))
    assert result.exit_code == 1
    assert "stages.0" in result.output
    assert "stages.1" in result.output


def test_the_policy_inside_a_proposal_is_checked(run):
    """So that authors can check before they submit."""
    result = run("policies", REVIEWS / "footbridge.json")
    assert result.exit_code == 0
    assert "Helen Okoro, above 100,000" in result.output


def test_a_file_that_is_not_json_is_a_fault(run, tmp_path):
    """Not a crash."""
    (tmp_path / "odd.json").write_text("{", "utf-8")
    result = run("policies", "odd", "--folder", tmp_path)
    assert result.exit_code == 1
    assert "not JSON" in result.output


def test_the_file_of_people_is_no_policy(run, folder):
    """It is in the same folder."""
    result = run("policies", "--folder", folder("people", Ana={"mail": "ana@example.org"}))
    assert result.exit_code == 0
    assert "no policies here" in result.output


def test_an_unknown_policy_is_an_error(run, tmp_path):
    """With where to look."""
    result = run("policies", "nope", "--folder", tmp_path)
    assert result.exit_code == 2
    assert "greenlight policies" in result.output


def test_policies_are_json_on_request(run):
    """Each with its name and its faults."""
    told = json.loads(run("policies", REVIEWS / "footbridge.json", "--json").output)
    assert [(each["name"], each["faults"], each["policy"]["fourEyes"]) for each in told] == [("footbridge", [], True)]
