"""Whose an answer is that does not say so."""

from approvals.review.entries import Via
from approvals.review.standing import Refused
from approvals.review.unnamed import whose
from tests.approvals.review.story import Story

TWO = {
    "stages": [{"name": "board", "approvers": ["Mara", "Jonas"], "rule": "all"}, {"name": "end", "approvers": ["Vera"]}]
}


def test_it_is_of_the_only_person_who_is_waited_for():
    """Of several it is nobody's, until all but one have answered."""
    story = Story(TWO).check("passed")
    several = whose(story.review, "m-1")
    assert isinstance(several, Refused)
    assert "2 people are waited for" in several.reason
    story.does("decisions", approver="Mara", decision="approve")
    assert whose(story.review, "m-1") == "Jonas"


def test_it_is_nobodys_while_nobody_is_waited_for():
    """During the checks, and when all is over."""
    story = Story(TWO)
    during = whose(story.review, "m-1")
    story.does("withdraw", by="Ines")
    assert isinstance(during, Refused)
    assert isinstance(whose(story.review, "m-1"), Refused)


def test_delivered_twice_it_is_the_same_persons():
    """And not that of the next stage's only one."""
    story = Story(TWO).check("passed")
    story.does("decisions", approver="Mara", decision="approve")
    story.does("decisions", Via.QUEUE, approver="Jonas", decision="approve", decisionId="m-1")
    assert story.waiting == ["Vera"]
    assert (whose(story.review, "m-1"), whose(story.review, "m-2")) == ("Jonas", "Vera")
