"""The proposals that the demo plays are ones that the app takes, each under a policy that can decide it."""

import json

import pytest
from review_scenes import REVIEW_SCENES, REVIEWS

from approvals.policy.policy import check_for, read_policy
from approvals.rules.forms import SubmissionForm

FILES = sorted(path.name for path in REVIEWS.glob("*.json"))


@pytest.mark.parametrize("name", FILES)
def test_an_example_review_can_be_submitted_unchanged(name):
    """With curl, or with `greenlight submit`."""
    form = SubmissionForm.from_dict(json.loads((REVIEWS / name).read_text("utf-8")))
    check_for(
        read_policy(form.policy),
        form.author,
        cost=form.given_cost,
        currency=form.currency,
        department=form.department,
    )


def test_each_review_is_a_scene_once():
    """And no two have the same policy."""
    assert sorted(scene.file for scene in REVIEW_SCENES) == FILES
    policies = {json.dumps(json.loads((REVIEWS / name).read_text("utf-8"))["policy"]["stages"]) for name in FILES}
    assert len(policies) == len(FILES) >= 5


def test_the_scenes_have_every_outcome_that_people_cause():
    """Approved, rejected, expired, withdrawn."""
    assert {scene.end for scene in REVIEW_SCENES} == {"approved", "rejected", "expired", "withdrawn"}
