"""What operators are shown and send: each reason has words, and what they send is read strictly."""

import pytest

from approvals.operations import OperatorRequest, StuckReason
from approvals.validation import Invalid


def test_every_reason_to_look_at_a_review_has_its_own_words():
    """No two share them."""
    assert len({lag.words for lag in StuckReason}) == len(StuckReason)


def test_a_reason_is_one_line():
    """It is stored in a table row, and shown in a URL."""
    asked = OperatorRequest.from_dict({"by": "Mara", "reason": "  the cause\nis  mended " + "x" * 300})
    assert asked.reason.startswith("the cause is mended xxx")
    assert len(asked.reason) == 200
    assert not asked.even_if_open


@pytest.mark.parametrize("body", [{}, {"by": ""}, {"by": "Ma\u202era"}, {"by": "Mara", "act": "approve"}, []])
def test_the_operator_must_be_named(body):
    """By a name that looks like no other; unknown fields are refused."""
    with pytest.raises(Invalid):
        OperatorRequest.from_dict(body)
