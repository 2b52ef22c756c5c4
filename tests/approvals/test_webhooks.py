"""What an answer of another system means for the next step."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.validation import Invalid
from approvals.webhooks import Answer, Delivered, FollowUp, GivenUp, TryAgain, WebhookForm, as_text, judge

URL = "https://api.example.com/jobs/1?x=1"


def verdict(status, *, failures=0, polls=0, most=3, **headers):
    """Judge an answer of that status."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = Answer.of(status, named, "body") if status else Answer(status=None, trouble="nobody answered")
    return judge(answer, URL, failures=failures, polls=polls, most=most)


@pytest.mark.parametrize("status", [200, 201, 204, 202])
def test_any_answer_from_the_two_hundreds_is_enough(status):
    """A 202 without a place to ask is one too."""
    assert verdict(status) == Delivered()


def test_a_202_with_a_location_is_followed_up():
    """Relative to where it came from, after growing waits, and never sooner than asked."""
    assert verdict(202, Location="/jobs/2") == FollowUp(url="https://api.example.com/jobs/2", after_seconds=2)
    assert verdict(202, location="/j", polls=3).after_seconds == 16
    assert verdict(202, location="/j", Retry_After="60").after_seconds == 60
    assert verdict(202, location="/j", Retry_After="soon", polls=99).after_seconds == 300


@pytest.mark.parametrize("status", [None, 408, 429, 500, 503])
def test_what_may_work_later_is_tried_again_so_often(status):
    """After that it is given up with the last answer."""
    assert verdict(status, failures=1) == TryAgain(after_seconds=4)
    assert verdict(status, failures=2).outcome == "failed"


@pytest.mark.parametrize(("status", "outcome"), [(301, "refused"), (307, "refused"), (400, "failed"), (404, "failed")])
def test_the_rest_is_given_up_at_once(status, outcome):
    """A redirect is not followed."""
    given_up = verdict(status)
    assert isinstance(given_up, GivenUp)
    assert (given_up.outcome, str(status) in given_up.reason) == (outcome, True)


def test_an_address_that_may_not_be_called_is_refused():
    """With the reason of the list."""
    answer = Answer(status=None, refused="not on the list")
    assert judge(answer, URL, failures=0, polls=0, most=3) == GivenUp(outcome="refused", reason="not on the list")


@pytest.mark.parametrize("location", ["http://[::1", "ftp://api.example.com/", "/" + "x" * 60_000])
def test_a_location_that_is_no_address_is_refused(location):
    """It would end in the custom status, and in a workflow that has failed."""
    assert verdict(202, Location=location).outcome == "refused"


def test_of_a_header_that_came_twice_the_first_counts():
    """The host hands such a header over as a list."""
    answer = Answer.of(202, {"Location": ["/a", "/b"], "Retry-After": ["7", "9"]}, "")
    assert (answer.location, answer.retry_after) == ("/a", 7)


@given(st.integers(0, 50), st.integers(0, 50), st.integers(100, 599), st.integers(0, 10**400))
def test_no_wait_is_longer_than_five_minutes(failures, polls, status, seconds):
    """Whatever the other system asks for."""
    judged = verdict(status, failures=failures, polls=polls, most=99, location="/", retry_after=str(seconds))
    if isinstance(judged, TryAgain | FollowUp):
        assert 2 <= judged.after_seconds <= 300


def test_a_form_says_little_and_the_rest_is_usual():
    """POST, by the activity, up to five tries."""
    form = WebhookForm.from_dict(dict(WebhookForm.example))
    assert (form.method, form.way, form.attempts) == ("POST", "activity", 5)


def test_a_large_body_is_not_sent():
    """A durable message would not hold it."""
    with pytest.raises(Invalid, match="at most"):
        WebhookForm.from_dict({"url": URL, "body": "x" * 40_000})


def test_a_long_answer_is_cut_and_any_body_becomes_text():
    """The workflow keeps little."""
    assert len(Answer.of(200, {}, "x" * 9_000).body) == 2_000
    assert [as_text(None), as_text("a"), as_text({"a": "ä"})] == ["", "a", '{"a": "ä"}']
