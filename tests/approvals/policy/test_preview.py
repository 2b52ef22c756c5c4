"""Preview: the stages, people and deadlines that it tells are those that the proposal then meets."""

from datetime import datetime, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from approvals.policy.policy import check_for, read_policy
from approvals.policy.preview import find_ways, show_way
from approvals.policy.stages import UNKNOWN
from approvals.record.entries import Kind
from approvals.validation import Invalid
from tests.approvals.policies import FINDINGS, PEOPLE, PROPOSALS, policies
from tests.approvals.story import BEGUN, Story
from tests.long import LONG

HANDED_IN = st.tuples(st.sampled_from([*PEOPLE, "Zoe", "Yan", "Xia"]), PROPOSALS, FINDINGS)
_ROUNDING = timedelta(seconds=1)
"""Of hours that are no whole numbers, added up."""
STAGE = {"name": "a", "approvers": ["Ana"], "windowHours": 10}


def as_asked(policy, findings):
    """Return findings without the checks that the policy does not ask for, as ways have them."""
    if UNKNOWN in findings:
        return (UNKNOWN,)
    asked = {word for stage in policy.stages if stage.when for word in stage.when.findings}
    return (findings[0], *(each for each in findings[1:] if each in asked))


def foretold(policy, author, proposal, findings):
    """Return the stages that are told for these findings."""
    ways = find_ways(policy, author=author, **proposal)
    [way] = [each for each in ways if as_asked(policy, findings) in each.findings]
    return show_way(way.stages, BEGUN)


@settings(max_examples=400 if LONG else 80)
@given(policies(), st.randoms(use_true_random=False), st.lists(HANDED_IN, min_size=15, max_size=15))
def test_the_preview_equals_what_happens(policy, random, handed_in):
    """Whoever answers, whatever the checks find: fifteen proposals under each of many policies."""
    for author, proposal, findings in handed_in:
        if can_be_handed_in(policy, author, proposal):
            told = foretold(policy, author, proposal, findings)
            story = Story(policy.to_dict(), author=author, **proposal).check(*findings)
            assert [each["name"] for each in told] == [stage.name for stage in story.review.stages]
            live(story, random)
            compare(story, told)


def live(story, random):
    """Let people answer as they like, and time go by where they do not, until it is over."""
    while not story.review.final:
        before = len(story.entries)
        for person in random.sample(story.waiting, len(story.waiting)):
            if person in story.waiting:
                story.decides(person, random.choice(["approve", "approve", "approve", "reject"]))
        if story.review.stage and (len(story.entries) == before or random.random() < 0.1):
            story.passes((story.review.stage.deadline - story.now) / timedelta(hours=1))


def compare(story, told):
    """Hold every stage and rung that was opened against what was told of it."""
    for entry in story.of(Kind.STAGE_OPENED):
        stage = told[entry.index]
        assert [each.person for each in entry.asked] == stage["approvers"]
        window = entry.deadline - entry.at
        assert window == datetime.fromisoformat(stage["deadline"]) - BEGUN
    ladders = {each["name"]: each["escalateTo"] for each in told}
    for entry in story.of(Kind.ESCALATED):
        rung = ladders[entry.stage][entry.rung - 1]
        assert {each.person for each in entry.asked} - set(entry.missing) <= set(rung["to"])
        assert entry.deadline - entry.at == timedelta(hours=rung["windowHours"])
    for entry in story.of(Kind.STAGE_CLOSED):
        assert entry.at <= datetime.fromisoformat(told[entry.index]["latestEnd"]) + _ROUNDING


def can_be_handed_in(policy, author, proposal):
    """Say whether the policy takes it."""
    try:
        check_for(policy, author, **proposal)
    except Invalid:
        return False
    return True


@given(policies(), st.sampled_from([*PEOPLE, "Zoe"]), PROPOSALS)
def test_ways_differ_and_findings_lead_to_one_way_each(policy, author, proposal):
    """The first way is that of documents that pass."""
    assume(can_be_handed_in(policy, author, proposal))
    ways = find_ways(policy, author=author, **proposal)
    assert len({each.stages for each in ways}) == len(ways)
    found = [findings for each in ways for findings in each.findings]
    assert len(set(found)) == len(found)
    assert ("passed",) in ways[0].findings


@pytest.mark.parametrize(
    ("words", "ways"),
    [
        ([], [[("passed",), ("warnings",), ("objections",), ("incomplete",)]]),
        (
            ["virus"],
            [
                [("passed",), ("warnings",), ("objections",)],
                [("warnings", "virus"), ("objections", "virus"), ("incomplete",)],
            ],
        ),
    ],
)
def test_only_findings_that_the_policy_uses_lead_to_different_ways(words, ways):
    """The others lead the same way."""
    more = [{"name": "b", "approvers": ["Ben"], "when": {"findings": words}}]
    policy = read_policy({"stages": [STAGE, *more]})
    found = find_ways(policy, author="Zoe", cost=1.0, currency="EUR", department=None)
    assert [list(each.findings) for each in found] == ways


def test_a_warning_always_comes_with_a_finding_if_all_checks_are_listed():
    """So no findings lead to a plan without a stage."""
    every = {"name": "b", "approvers": ["Ben"], "when": {"findings": ["type", "size", "virus", "text", "image"]}}
    policy = read_policy({"stages": [{**STAGE, "when": {"findings": ["passed"]}}, every]})
    clean, *others = find_ways(policy, author="Zoe", cost=1.0, currency="EUR", department=None)
    assert clean.findings == (("passed",),)
    assert [[stage.name for stage in each.stages] for each in others] == [["b"], ["a", "b"]]


def test_the_preview_gives_the_latest_end_of_each_stage():
    """The end of its ladder; if a timeout ends the stage, nobody is escalated to."""
    climbs = {**STAGE, "escalateTo": ["Ben", {"to": ["Cem"], "windowHours": 5}]}
    policy = read_policy({"stages": [climbs, {**STAGE, "name": "b", "onTimeout": "reject"}]})
    [way] = find_ways(policy, author="Zoe", cost=1.0, currency="EUR", department=None)
    first, second = show_way(way.stages, BEGUN)
    assert datetime.fromisoformat(first["deadline"]) == BEGUN + timedelta(hours=10)
    assert datetime.fromisoformat(first["latestEnd"]) == BEGUN + timedelta(hours=25)
    assert datetime.fromisoformat(second["latestEnd"]) == BEGUN + timedelta(hours=35)
