"""The way as a line: what is behind, what is open and until when, what comes next."""

from datetime import timedelta
from typing import Any

import pytest

from pages.way import Person, Station, draw_way
from tests.approvals.story import AUTHOR, Story, policy

PLAN = policy(
    {"name": "design", "approvers": ["Ana", "Ben"], "rule": "all", "windowHours": 10, "escalateTo": ["Olga"]},
    {"name": "works", "approvers": ["Cem"], "windowHours": 48, "onTimeout": "approve"},
    budgetLimit=50,
    budgetOwners=["Helen"],
)


def way(story: Story) -> dict[str, Station]:
    """Return the stations by their titles, in their order."""
    return {each.title: each for each in draw_way(story.review, story.now)}


def people(station: Station) -> list[tuple[str, str]]:
    """Return who is at a station, and how it stands with them."""
    return [(each.name, each.state) for each in station.people]


def test_before_the_checks_the_page_shows_the_expected_stages():
    """Those without findings."""
    found = way(Story(PLAN))
    assert list(found) == ["Handed in", "Checks of the documents", "design", "works", "Budget", "Decision"]
    assert [each.mark for each in found.values()] == ["done", "open", "next", "next", "next", "next"]
    assert people(found["works"]) == [("Cem", "will be asked")]
    assert found["works"].lines == ("They have 2 days", "Without an answer in time it counts as a yes")
    assert found["Budget"].lines[0] == "100 EUR is above the limit of 50 EUR"


def test_an_open_stage_shows_who_has_answered_who_is_waited_for_and_until_when():
    """With its rule, and with what happens on timeout."""
    story = Story(PLAN).check()
    story.decides("Ana")
    design = way(story)["design"]
    assert (design.mark, design.state, design.time_left) == ("open", "Open now", "10 hours left")
    assert design.until == story.now + timedelta(hours=10)
    assert people(design) == [("Ana", "approved"), ("Ben", "is waited for")]
    assert design.lines == ("All must agree", "Without an answer in time Olga will be asked")


def test_a_delegated_task_names_both_people():
    """The delegate and the owner."""
    story = Story(PLAN).check()
    story.does("delegate", **{"from": "Ana", "to": "Dora"})
    assert way(story)["design"].people[0] == Person(name="Dora", on_behalf_of="Ana", state="is waited for", mark="open")


def test_an_escalation_is_shown_with_earlier_answers():
    """And with the rest of the ladder."""
    story = Story(PLAN).check()
    story.decides("Ana")
    story.passes(11)
    design = way(story)["design"]
    assert people(design) == [("Olga", "is waited for"), ("Ana", "approved")]
    assert design.lines == ("Escalated, step 1 of 1", "Without an answer in time the proposal expires")


def test_a_rung_shows_how_many_must_agree():
    """As many as did not answer."""
    rung = {"to": ["Olga", "Pia"]}
    story = Story(policy({"approvers": ["Ana", "Ben"], "rule": "all", "windowHours": 1, "escalateTo": [rung]})).check()
    story.passes(2)
    assert "2 of those who are asked now must agree" in way(story)["A"].lines


def test_a_deadline_that_is_not_yet_processed_is_overdue():
    """The sweep comes within a minute."""
    story = Story(PLAN).check().waits(11)
    design = way(story)["design"]
    assert (design.mark, design.state, design.time_left) == ("late", "Overdue", "no time left")


def test_requested_changes_stop_the_clock():
    """And start the author's."""
    story = Story(PLAN).check()
    story.does("changes", approver="Ana", comment="Use oak.")
    found = way(story)
    assert list(found)[2:4] == ["Changes by the author", "design"]
    assert people(found["Changes by the author"]) == [(AUTHOR, "is waited for")]
    assert found["Changes by the author"].lines == ("Ana asked for them",)
    assert (found["design"].state, found["design"].until) == ("The clock stands still", None)
    story.waits(800)
    assert way(story)["Changes by the author"].state == "Overdue"


def test_an_early_answer_is_shown_at_its_stage():
    """Cem is not asked again."""
    story = Story(PLAN).check()
    story.decides("Cem")
    assert people(way(story)["works"]) == [("Cem", "approved")]


@pytest.mark.parametrize(
    ("ends", "title", "mark", "lines"),
    [
        ({"verb": "withdraw", "by": AUTHOR, "reason": "No money."}, "Withdrawn", "bad", ("No money.",)),
        ({"verb": "decisions", "approver": "Ana", "decision": "reject"}, "Rejected", "bad", ()),
        ({"hours": 1_000}, "Expired", "bad", ("stage 'design': nobody answered, not even after the last escalation",)),
    ],
)
def test_the_end_is_shown_and_later_stages_are_off(ends: dict[str, Any], title, mark, lines):
    """Nobody is asked any more."""
    story = Story(PLAN).check()
    if "hours" in ends:
        story.passes(11)
        story.passes(ends["hours"])
    else:
        story.does(**ends)
    found = way(story)
    assert (found[title].mark, found[title].state, found[title].lines) == (mark, "The end", lines)
    assert (found["works"].mark, found["works"].state, found["works"].people) == ("off", "Not reached", ())


def test_a_passed_stage_shows_by_whom_or_that_nobody_answered():
    """An approval by timeout must not look like a person's."""
    story = Story(PLAN).check()
    story.decides("Ana")
    story.decides("Ben", "approve")
    assert way(story)["design"].lines == ("decided by Ben",)
    story.passes(50)
    assert way(story)["works"].lines == ("Nobody answered in time, which the policy takes for a yes",)
    story.decides("Helen")
    assert (way(story)["Approved"].mark, way(story)["Budget"].state) == ("done", "Passed")


def test_a_proposal_that_ends_during_its_checks_has_no_result_of_them():
    """They had not finished."""
    story = Story(PLAN)
    story.does("withdraw", by=AUTHOR)
    assert way(story)["Checks of the documents"].state == "Not finished"


def test_after_a_new_file_the_review_pauses():
    """Another file may follow."""
    story = Story(PLAN).check()
    story.attaches("plan.md", "p1")
    story.check(waits=False)
    checks = way(story)["Checks of the documents"]
    assert (checks.mark, checks.state) == ("open", "Waiting")
    assert way(story)["Handed in"].lines == (f"by {AUTHOR}", f"{AUTHOR} added plan.md")


@pytest.mark.parametrize(
    ("stage", "lines"),
    [
        ({"approvers": ["Ana", "Ben"]}, ("The first answer decides",)),
        (
            {"approvers": ["Ana", "Ben", "Cem"], "rule": "quorum", "quorum": 2, "required": ["Cem"]},
            ("2 of 3 must agree", "Cem must agree in any case"),
        ),
        ({"approvers": ["Board"], "anyone": True}, ("Another system may name who answers",)),
        ({"approvers": ["Ana"], "onTimeout": "reject"}, ()),
    ],
)
def test_a_stage_shows_its_rule_if_it_has_several_people(stage, lines):
    """One person needs none."""
    found = way(Story(policy(stage)).check())["A"].lines
    assert found[: len(lines)] == lines
    end = "it counts as a no" if "onTimeout" in stage else "the proposal expires"
    assert found[len(lines) :] == (f"Without an answer in time {end}",)


def test_a_word_of_the_policy_is_shown_unchanged():
    """It may mean an approval."""
    story = Story(policy({"approvers": ["Ana", "Ben"], "rule": "all"}, outcomes={"with conditions": "approve"})).check()
    story.decides("Ana", "with conditions")
    assert way(story)["A"].people[0].state == "answered “with conditions”"
    assert way(story)["A"].people[0].mark == "done"
