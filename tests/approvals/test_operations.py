"""What operators are shown and send: each reason has words, and what they send is read strictly."""

import pytest

from approvals.operations import Lag, OperatorRequest
from approvals.validation import Invalid


def test_every_reason_to_look_at_a_review_has_words():
    """Each other ones."""
    assert len({lag.words for lag in Lag}) == len(Lag)


def test_a_reason_is_one_line():
    """It stands in a row of a table, and in a URL."""
    asked = OperatorRequest.from_dict({"by": "Mara", "reason": "  the cause\nis  mended " + "x" * 300})
    assert asked.reason.startswith("the cause is mended xxx")
    assert len(asked.reason) == 200
    assert not asked.even_if_open


@pytest.mark.parametrize("body", [{}, {"by": ""}, {"by": "Ma\u202era"}, {"by": "Mara", "act": "approve"}, []])
def test_who_it_is_must_be_said(body):
    """In a name that is what it looks like, and with nothing else."""
    with pytest.raises(Invalid):
        OperatorRequest.from_dict(body)
