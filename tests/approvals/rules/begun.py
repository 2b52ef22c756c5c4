"""A proposal with a file, as the tests of documents begin with it."""

from typing import Any

from approvals.rules.eligibility import ActionRefused
from approvals.rules.progress import EDIT_PAUSE
from tests.approvals.story import Story, policy

ONE = {"approvers": ["Mara"]}
TWO = ONE, {"approvers": ["Jonas"]}
PAUSE_H = EDIT_PAUSE.total_seconds() / 3600


def refused(answer: object, code: str = "documentChanged") -> ActionRefused:
    """The refusal that an answer is."""
    assert isinstance(answer, ActionRefused), answer
    assert answer.code == code, answer
    return answer


def begun(*stages: dict[str, Any], **fields: Any) -> Story:
    """A proposal with a file, whose first stage is open."""
    story = Story(policy(*(stages or (ONE,)), **fields))
    story.attaches("offer.md", "v1")
    return story.check()
