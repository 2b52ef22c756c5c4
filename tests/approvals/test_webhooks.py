"""What an answer of another system means for the next step."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.validation import Invalid
from approvals.webhooks import Answer, CallGivenUp, Delivered, FollowUp, TryAgain, WebhookForm, as_text, judge

URL = "https://api.example.com/jobs/1?x=1"


def verdict(status, *, failures=0, polls=0, most=3, **headers):
    """Judge an answer of that status."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = Answer.of(status, named, "body") if status else Answer(status=None, trouble="nobody answered")
    return judge(answer, URL, failures=failures, polls=polls, most=most)


@pytest.mark.parametrize("status", [200, 201, 204, 202])
def test_any_2xx_answer_is_a_success(status):
    """Also a 202 without a location."""
    assert verdict(status) == Delivered()


def test_a_202_with_a_location_is_polled():
    """Relative to its URL, with growing pauses, and never sooner than asked."""
    assert verdict(202, Location="/jobs/2") == FollowUp(url="https://api.example.com/jobs/2", after_seconds=2)
    assert verdict(202, location="/j", polls=3).after_seconds == 16
    assert verdict(202, location="/j", Retry_After="60").after_seconds == 60
    assert verdict(202, location="/j", Retry_After="soon", polls=99).after_seconds == 300


@pytest.mark.parametrize("status", [None, 408, 429, 500, 503])
def test_a_temporary_failure_is_retried_a_limited_number_of_times(status):
    """Then it ends with the last answer."""
    assert verdict(status, failures=1) == TryAgain(after_seconds=4)
    assert verdict(status, failures=2).outcome == "failed"


@pytest.mark.parametrize(("status", "outcome"), [(301, "refused"), (307, "refused"), (400, "failed"), (404, "failed")])
def test_a_permanent_failure_is_not_retried(status, outcome):
    """A redirect is not followed."""
    given_up = verdict(status)
    assert isinstance(given_up, CallGivenUp)
    assert (given_up.outcome, str(status) in given_up.reason) == (outcome, True)


def test_a_forbidden_url_is_refused():
    """With the reason of the list."""
    answer = Answer(status=None, refused="not on the list")
    assert judge(answer, URL, failures=0, polls=0, most=3) == CallGivenUp(outcome="refused", reason="not on the list")


@pytest.mark.parametrize("location", ["http://[::1", "ftp://api.example.com/", "/" + "x" * 60_000])
def test_an_invalid_location_is_refused(location):
    """It would otherwise reach the custom status and a failed workflow."""
    assert verdict(202, Location=location).outcome == "refused"


def test_the_first_of_two_equal_headers_counts():
    """The host returns such a header as a list."""
    answer = Answer.of(202, {"Location": ["/a", "/b"], "Retry-After": ["7", "9"]}, "")
    assert (answer.location, answer.retry_after) == ("/a", 7)


@given(st.integers(0, 50), st.integers(0, 50), st.integers(100, 599), st.integers(0, 10**400))
def test_no_pause_is_longer_than_five_minutes(failures, polls, status, seconds):
    """Whatever the other system asks for."""
    judged = verdict(status, failures=failures, polls=polls, most=99, location="/", retry_after=str(seconds))
    if isinstance(judged, TryAgain | FollowUp):
        assert 2 <= judged.after_seconds <= 300


def test_the_form_has_defaults():
    """POST, by the activity, up to five tries."""
    form = WebhookForm.from_dict(dict(WebhookForm.example))
    assert (form.method, form.way, form.attempts) == ("POST", "activity", 5)


def test_a_large_body_is_refused():
    """It would not fit into a durable message."""
    with pytest.raises(Invalid, match="at most"):
        WebhookForm.from_dict({"url": URL, "body": "x" * 40_000})


def test_a_long_answer_is_cut_and_any_body_becomes_text():
    """The workflow keeps little."""
    assert len(Answer.of(200, {}, "x" * 9_000).body) == 2_000
    assert [as_text(None), as_text("a"), as_text({"a": "ä"})] == ["", "a", '{"a": "ä"}']
