"""Levels by category, as Microsoft.Extensions.Logging chooses them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from durable_devhost.errors import SettingsError
from durable_devhost.log_levels import Level, LogLevels
from durable_devhost.sections import Section

parts = st.sampled_from(["Function", "Host", "Worker", "User", "charge", "Triggers", "DurableTask"])
categories = st.lists(parts, min_size=1, max_size=4).map(".".join)


def read(levels: dict[str, Any], console: dict[str, Any] | None = None) -> LogLevels:
    """The section `logging` as levels."""
    return LogLevels.read(Section({"logLevel": levels, "console": {"logLevel": console or {}}}, {}, "logging."))


def test_everything_is_shown_from_information_on() -> None:
    """Where host.json says nothing."""
    assert read({}).of("Function.charge.User") is Level.INFORMATION


def test_the_longest_name_that_fits_decides() -> None:
    """Without regard to case, and else `default`."""
    levels = read({
        "default": "Warning", "Function": "Error", "function.charge": "Debug", "Function.charge.User": "none",
        "Host.*": "Trace", "Worker": "2",
    })  # fmt: skip
    assert [levels.of(name).name for name in ("Other", "Function.x", "Function.Charge", "Function.charge.User")] == [
        "WARNING", "ERROR", "DEBUG", "NONE",
    ]  # fmt: skip
    assert [levels.of("Host.Triggers.DurableTask"), levels.of("Worker.rpc")] == [Level.TRACE, Level.INFORMATION]


def test_what_is_said_of_the_console_goes_before() -> None:
    """As for the provider of that name; an empty level says nothing."""
    levels = read({"default": "Warning", "Host": "Error"}, {"default": "Debug", "Host": ""})
    assert [levels.of("Function.x"), levels.of("Host.x")] == [Level.DEBUG, Level.ERROR]


@pytest.mark.parametrize("word", ["Loud", "7", "-1", "Info"])
def test_a_word_that_is_no_level_is_refused(word: str) -> None:
    """The real host does not start with it either."""
    with pytest.raises(
        SettingsError, match=rf"logging\.logLevel\.default in host\.json is '{word}', which is no level"
    ):
        read({"default": word})


@pytest.mark.parametrize(
    ("levels", "lowest"),
    [
        ({}, Level.INFORMATION),
        ({"default": "Error"}, Level.ERROR),
        ({"default": "Error", "Function.charge.User": "Debug"}, Level.DEBUG),
        ({"default": "Error", "Host": "Debug"}, Level.ERROR),
    ],
)
def test_the_worker_sends_what_anybody_can_see(levels: dict[str, str], lowest: Level) -> None:
    """The lowest level of all that user code may log under."""
    assert read(levels).lowest_of_functions is lowest


@given(rules=st.dictionaries(categories, st.sampled_from([level.name for level in Level]), max_size=6), name=categories)
def test_a_level_is_that_of_a_name_which_fits_and_of_no_shorter_one(rules: dict[str, str], name: str) -> None:
    """Looked for the slow way: cut the category from its end until a rule has that very name."""
    by_name = {rule.lower(): level for rule, level in rules.items()}
    beginnings = (name.lower()[:end] for end in range(len(name), 0, -1))
    expected = next((by_name[text] for text in beginnings if text in by_name), "INFORMATION")
    assert read(rules).of(name).name == expected
