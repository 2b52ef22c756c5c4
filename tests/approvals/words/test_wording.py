"""Wording: times, money and sizes as people write them, and text that cannot play tricks."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.policy.stages import Stage
from approvals.visible import one_line, visible
from approvals.words.wording import (
    LONGEST_EXCERPT,
    ago,
    excerpt,
    hours,
    moment,
    money,
    people,
    rule_name,
    short_moment,
    size,
    span,
    stage_name,
    time_left,
)

NOW = datetime(2026, 3, 2, 9, 5, tzinfo=UTC)


def test_a_time_names_the_day_and_utc():
    """Readers are in several time zones, and numeric months are ambiguous."""
    assert moment(NOW) == "Monday 2 March 2026, 09:05 UTC"
    assert short_moment(NOW) == "2 Mar 2026, 09:05 UTC"


@pytest.mark.parametrize(
    ("left", "said"),
    [
        (timedelta(seconds=-1), "no time left"),
        (timedelta(0), "no time left"),
        (timedelta(seconds=20), "less than a minute left"),
        (timedelta(minutes=59), "59 minutes left"),
        (timedelta(hours=1), "1 hour left"),
        (timedelta(hours=47, minutes=59), "1 day 23 hours left"),
        (timedelta(hours=48), "2 days left"),
        (timedelta(days=2, minutes=59), "2 days left"),
        (timedelta(days=400), "400 days left"),
    ],
)
def test_the_time_left_has_two_units_and_is_never_too_long(left: timedelta, said: str):
    """Nobody plans by the second."""
    assert time_left(NOW + left, NOW) == said


@pytest.mark.parametrize(
    ("passed", "said"),
    [
        (timedelta(seconds=-9), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(minutes=119), "1 hour 59 minutes ago"),
        (timedelta(hours=49), "2 days 1 hour ago"),
    ],
)
def test_the_time_since_an_event_is_rounded_down(passed: timedelta, said: str):
    """If a clock is ahead, nothing lies in the future."""
    assert ago(NOW - passed, NOW) == said


@pytest.mark.parametrize(
    ("amount", "currency", "said"),
    [
        (148500.0, "EUR", "148,500 EUR"),
        (12.5, "EUR", "12.50 EUR"),
        (0.0, "EUR", "0 EUR"),
        (1234567.89, "EUR", "1,234,567.89 EUR"),
        (1500.0, "JPY", "1,500 JPY"),
        (1.25, "KWD", "1.250 KWD"),
        (0.5, "JPY", "0.5 JPY"),
        (12.5, "ZZZ", "12.5 ZZZ"),
    ],
)
def test_money_has_decimals_only_if_needed(amount: float, currency: str, said: str):
    """As people write it; an amount that does not fit its currency is not rounded."""
    assert money(amount, currency) == said


@pytest.mark.parametrize(
    ("number", "said"),
    [(1, "1 byte"), (999, "999 bytes"), (1_000, "1.0 KB"), (999_949, "999.9 KB"), (999_950, "1.0 MB")],
)
def test_a_size_uses_the_largest_fitting_unit(number: int, said: str):
    """Rounding never gives 1000.0 KB."""
    assert size(number) == said


def test_names_form_a_list_as_in_a_sentence():
    """Also one name, and none."""
    assert [people(()), people(("Ana",)), people(("Ana", "Ben")), people(("Ana", "Ben", "Cem"))] == [
        "", "Ana", "Ana and Ben", "Ana, Ben and Cem",
    ]  # fmt: skip


def test_marks_that_reverse_text_are_removed():
    """A name with one would be shown as another name."""
    assert visible("Ana\u202eneB \u2066x\u2069 a\u200bb\ufeffc\x07\u00ad") == "AnaneB x abc"


NEEDED = "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 \U0001f469\u200d\U0001f467\n\tx"


def test_invisible_joiners_that_scripts_need_stay():
    """Persian needs them, and so do emoji of families."""
    assert visible(NEEDED) == NEEDED


@given(st.text())
def test_a_one_line_text_has_no_line_break(text: str):
    """A title must not start another mail header."""
    line = one_line(text)
    assert len(line.splitlines()) <= 1
    assert line == line.strip()
    assert one_line(line) == line


def test_a_long_text_is_cut_at_a_word():
    """A short one is not."""
    assert excerpt("short") == "short"
    cut = excerpt("word " * 400)
    assert len(cut) <= LONGEST_EXCERPT + 2
    assert cut.endswith("word …")


def test_a_long_text_without_spaces_is_cut_too():
    """A letter has a limit."""
    assert len(excerpt("x" * 8_000)) == LONGEST_EXCERPT + 2


def test_a_policy_is_called_by_name_and_version():
    """A policy inside the proposal has no name."""
    assert rule_name("small-purchase", "2") == "small-purchase, version 2"
    assert rule_name("own", "3f9a2c41") == "its own, version 3f9a2c41"


def test_a_stage_has_its_policys_name_and_the_budget_stage_a_standard_one():
    """Greenlight adds the budget stage itself."""
    assert stage_name(Stage(name="design", approvers=("Ana",))) == "stage “design”"
    assert stage_name(Stage(name="budget", approvers=("Ana",), kind="budget")) == "the budget stage"


@pytest.mark.parametrize(
    ("length", "words"),
    [
        ({"seconds": 59}, "less than a minute"),
        ({"minutes": 1}, "1 minute"),
        ({"hours": 1, "minutes": 59, "seconds": 59}, "1 hour 59 minutes"),
        ({"days": 2, "hours": 3, "minutes": 9}, "2 days 3 hours"),
        ({"days": 1, "minutes": 9}, "1 day"),
        ({"days": 400}, "400 days"),
    ],
)
def test_a_duration_has_its_two_largest_units(length, words):
    """A third one would only count down."""
    assert span(timedelta(**length)) == words


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=3000)))
def test_a_duration_in_words_never_exceeds_the_real_one(length):
    """People rely on the time left; the words may fall short by less than an hour."""
    units = {"day": timedelta(days=1), "hour": timedelta(hours=1), "minute": timedelta(minutes=1)}
    words = span(length).split() if length >= timedelta(minutes=1) else []
    said = sum(
        (int(n.replace(",", "")) * units[unit.rstrip("s")] for n, unit in zip(words[::2], words[1::2], strict=True)),
        timedelta(),
    )
    assert said <= length < said + timedelta(hours=1)


@pytest.mark.parametrize(
    ("number", "words"), [(72, "3 days"), (36, "36 hours"), (24, "24 hours"), (1, "1 hour"), (0.5, "30 minutes")]
)
def test_a_window_is_given_in_hours_or_days(number, words):
    """24 hours of it are a day; from two days on it is given in days."""
    assert hours(number) == words
