"""The deployed policies: each can be used by anybody it is meant for, and a name finds nothing but a policy."""

import json
import subprocess
from pathlib import Path

import pytest

from approvals.policy.plan import choose_stages
from approvals.policy.policy import check_for
from approvals.validation import Invalid
from gateways.policies import DEFAULT, FOLDER, find_policy, policy_names


def plan(name, *, cost=0.0, department="works", findings=("passed",), author="Ines Carvalho"):
    """Return the stages that a proposal meets under a deployed policy."""
    fields = {"cost": cost, "currency": "EUR", "department": department, "findings": findings}
    return choose_stages(find_policy(name), author=author, **fields)


def names(stages):
    """Return what stages are called."""
    return [stage.name for stage in stages]


@pytest.fixture
def folder(tmp_path):
    """A folder with one good policy, one bad one, and files that are none."""
    good = {"stages": [{"name": "a", "approvers": ["Ana"]}]}
    (tmp_path / "good.json").write_text(json.dumps(good))
    (tmp_path / "bad.json").write_text(json.dumps({"stages": [{"name": "a", "approvers": [], "rule": "most"}]}))
    (tmp_path / "torn.json").write_text('{"stages": [')
    (tmp_path / "people.json").write_text("{}")
    (tmp_path / "Notes.json").write_text(json.dumps(good))
    (tmp_path / "readme.txt").write_text("not a policy")
    (tmp_path.parent / "outside.json").write_text(json.dumps(good))
    return tmp_path


@pytest.mark.parametrize("name", policy_names())
def test_every_deployed_policy_is_valid(name):
    """For an author who is not among its approvers, at any cost; and it has a description."""
    policy = find_policy(name)
    for cost in (0.0, 1e12):
        for department in policy.departments or (None,):
            check_for(policy, "Ines Carvalho", cost=cost, currency="EUR", department=department)
    assert policy.description


@pytest.fixture(autouse=True)
def _people(monkeypatch):
    """Let the settings say who is behind the default policy."""
    monkeypatch.setenv("DESIGN_BOARD", "Mara Lindqvist; Jonas Weber ;")
    monkeypatch.setenv("HEAD_OF_DESIGN", "Helena Brandt")


def test_the_default_policy_asks_the_people_of_the_settings():
    """One stage of three days, then the head of design; nobody else."""
    [stage] = plan(DEFAULT)
    assert (stage.name, stage.rule, stage.anyone) == ("design-review", "first", False)
    assert stage.approvers == ("Mara Lindqvist", "Jonas Weber")
    assert (stage.window_hours, stage.on_timeout) == (72.0, "escalate")
    assert [rung.to for rung in stage.escalate_to] == [("Helena Brandt",)]


@pytest.mark.parametrize("setting", ["DESIGN_BOARD", "HEAD_OF_DESIGN"])
@pytest.mark.parametrize("value", [None, "", " ; "])
def test_a_policy_with_an_empty_setting_says_what_to_set(monkeypatch, setting, value):
    """Otherwise it would ask a person who does not exist."""
    monkeypatch.delenv(setting)
    if value is not None:
        monkeypatch.setenv(setting, value)
    with pytest.raises(Invalid, match=f"the setting {setting} is empty: set it to the names of these people"):
        find_policy(DEFAULT)


def test_people_of_a_setting_are_checked_like_those_of_the_file(monkeypatch):
    """Nobody is named twice."""
    monkeypatch.setenv("DESIGN_BOARD", "Mara; mara")
    with pytest.raises(Invalid, match=r"stages\.0\.approvers\.1: is somebody who is named before"):
        find_policy(DEFAULT)


def test_no_deployed_policy_lets_systems_name_anybody():
    """Each name is a person."""
    assert [name for name in policy_names() if any(stage.anyone for stage in find_policy(name).stages)] == []


def test_the_policy_for_public_works_asks_for_a_budget_above_the_limit():
    """Engineers, board, budget."""
    assert names(plan("footbridge-works", cost=100_000.0)) == ["technical review", "works board"]
    technical, board, budget = plan("footbridge-works", cost=148_500.0)
    assert (technical.needed, board.needed, board.required) == (2, 2, ("Amara Okafor",))
    assert budget.approvers == ("Tomas Novak",)


@pytest.mark.parametrize(
    ("proposal", "way"),
    [
        ({"cost": 300.0}, ["team lead"]),
        ({"cost": 300.0, "department": "it"}, ["team lead", "IT security"]),
        ({"cost": 1000.01}, ["team lead", "purchasing"]),
        ({"cost": 40_000.0, "department": "engineering"}, ["team lead", "IT security", "purchasing", "budget"]),
    ],
)
def test_the_policy_for_purchases_follows_cost_and_department(proposal, way):
    """The file's conditions, on both sides of their limits."""
    assert names(plan("small-purchase", **proposal)) == way


def test_two_of_four_people_sign_whoever_of_them_is_the_author():
    """Nobody signs twice, and a timeout rejects."""
    first, second = plan("two-person-rule", author="Yuki Tanaka")
    assert first.approvers == second.approvers == ("Kofi Mensah", "Lars Holm", "Sofia Marin")
    assert (first.on_timeout, second.on_timeout) == ("reject", "reject")
    assert find_policy("two-person-rule").four_eyes


def test_only_the_emergency_policy_approves_on_timeout():
    """Of all deployed policies."""
    silent = [
        name for name in policy_names() if any(each.on_timeout == "approve" for each in find_policy(name).all_stages)
    ]
    assert silent == ["emergency"]


@pytest.mark.parametrize(
    ("findings", "way"),
    [
        (("passed",), ["peer review"]),
        (("warnings", "text"), ["peer review"]),
        (("warnings", "virus"), ["peer review", "security"]),
        (("objections", "type"), ["peer review", "security"]),
        (("incomplete",), ["peer review", "security"]),
    ],
)
def test_security_is_asked_if_the_checks_object(findings, way):
    """Also if a check could not run."""
    assert names(plan("security-findings", findings=findings)) == way


def test_the_planning_policy_has_its_own_words():
    """Each with its meaning."""
    assert find_policy("planning-application").outcomes == {
        "approved with conditions": "approve",
        "deferred": "changes",
        "not in our remit": "reject",
    }


def test_the_contract_policy_has_a_ladder_of_three_rungs():
    """Each with its own window."""
    signature = plan("supplier-contract", cost=60_000.0)[-1]
    assert [(rung.to, rung.window_hours) for rung in signature.escalate_to] == [
        (("Helena Brandt",), 24.0),
        (("Greta Lindholm", "Clara Voss"), 24.0),
        (("Henrik Aalto",), 12.0),
    ]


def test_policy_names_are_those_of_the_files_that_can_be_policies(folder):
    """Neither the directory of people nor a name that no proposal could use."""
    assert policy_names(folder) == ("bad", "good", "torn")


@pytest.mark.parametrize("name", ["none", "people", "Notes", "", "../outside", "..", "good.json", "good\n", "a/b", "é"])
def test_an_unknown_policy_name_finds_nothing(folder, name):
    """Least of all a file elsewhere."""
    assert find_policy(name, folder) is None


def test_a_policy_is_found_by_its_name(folder):
    """With the present content of its file."""
    assert find_policy("good", folder).stages[0].approvers == ("Ana",)
    (folder / "good.json").write_text(json.dumps({"stages": [{"name": "a", "approvers": ["Ben"]}]}))
    assert find_policy("good", folder).stages[0].approvers == ("Ben",)


def test_every_fault_of_an_invalid_policy_names_its_file(folder):
    """Operators read it."""
    with pytest.raises(Invalid, match="the policy 'bad' of this app cannot be used") as raised:
        find_policy("bad", folder)
    assert raised.value.errors == (
        "policies/bad.json: stages.0.rule: must be 'first', 'all' or 'quorum'",
        "policies/bad.json: stages.0.approvers: must have at least 1 item, not 0",
    )
    with pytest.raises(Invalid, match="the policy 'torn' of this app cannot be used: this is not JSON"):
        find_policy("torn", folder)


def test_the_policies_are_deployed():
    """No pattern of .funcignore, which follows .gitignore's rules, excludes one."""
    root = FOLDER.parent
    paths = [str(path.relative_to(root)) for path in FOLDER.glob("*.json")]
    assert paths
    command = ["git", "-c", f"core.excludesFile={root / '.funcignore'}", "check-ignore", "--no-index", "--stdin"]
    tried = subprocess.run(command, cwd=root, input="\n".join([*paths, "tests/x.py"]), text=True, capture_output=True)
    assert tried.stdout.split() == ["tests/x.py"]
    assert Path(root, "host.json").exists()
