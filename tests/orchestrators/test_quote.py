"""TryGetQuote in the SDK's own executor: which timers stay behind, and what a failure in each step comes to."""

import pytest

from orchestrators.quote import try_get_quote

pytestmark = pytest.mark.filterwarnings("ignore:Potential duplicate Task completion")

FORM = {"item": "railing", "supplierUrl": "https://suppliers.example/quote"}
QUOTE = {"price": 425.0, "currency": "EUR", "validUntil": "2030-12-31"}


@pytest.fixture
def run(drive):
    """A run that has asked the supplier."""
    asked = drive(try_get_quote, FORM)
    asked.begin()
    return asked


def test_a_quote_in_time_cancels_the_timer(run):
    """An open timer would keep the instance running."""
    run.complete("RequestQuote", {"quote": QUOTE})
    assert run.open_timers == []
    run.complete("KeepQuote", QUOTE)
    assert (run.done, run.output) == (True, True)


def test_the_output_is_the_recorded_quote(run):
    """An earlier run of this instance may have stored another one."""
    run.complete("RequestQuote", {"quote": QUOTE})
    run.complete("KeepQuote", {**QUOTE, "price": 400.0})
    assert run.status["price"] == 400.0


def test_a_late_quote_is_ignored(run):
    """It comes after the output, and calls nothing."""
    run.pass_time(seconds=31)
    assert (run.done, run.output) == (True, False)
    run.complete("RequestQuote", {"quote": QUOTE})
    assert (run.output, run.status["state"], run.called) == (False, "timed out", ["RequestQuote"])


def test_a_failed_request_gives_no_quote(run):
    """With the reason, and no open timer."""
    run.fail("RequestQuote")
    assert (run.done, run.output, run.status["state"]) == (True, False, "no quote")
    assert "storage is down" in run.status["reason"] or "no luck" in run.status["reason"]
    assert run.open_timers == []


def test_an_instance_fails_if_its_quote_cannot_be_stored(run):
    """After all attempts: its output would promise a row that does not exist."""
    run.complete("RequestQuote", {"quote": QUOTE})
    run.fail_for_good("KeepQuote")
    assert run.error
    assert run.output is None
