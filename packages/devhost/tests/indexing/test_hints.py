"""Sentences at the start about what may be another thing on Azure."""

import pytest

from durable_devhost.indexing.hints import hints
from packages.devhost.tests.indexing.conftest import LoadApp

TIMER = """
app = func.FunctionApp()

@app.timer_trigger(arg_name="tick", schedule="{}")
def tick(tick: func.TimerRequest): ...
"""


@pytest.mark.parametrize(
    ("schedule", "said"),
    [
        ("0 0 3 * * *", []),
        ("01:00:00", ["The schedule '01:00:00' of 'tick' is a time span, which on Azure works in dedicated (App "
                      "Service) plans only: write an NCRONTAB expression for the others."]),
        ("0 0 0 30 2 *", ["The schedule '0 0 0 30 2 *' of 'tick' never comes, here as on Azure: none of its months has "
                          "such a day."]),
    ],
)  # fmt: skip
def test_a_schedule_with_another_meaning_on_azure_is_a_hint(load: LoadApp, schedule: str, said: list[str]) -> None:
    """With the function's name."""
    assert list(hints(load(TIMER.format(schedule)), [{"name": "tick"}], ())) == said


def test_functions_left_out_by_the_list_and_unknown_names_are_a_hint(load: LoadApp) -> None:
    """Names ignore case."""
    catalog = load(TIMER.format("0 0 3 * * *"))
    assert list(hints(catalog, [{"name": "tick"}, {"name": "tock"}], ["TICK", "tack"])) == [
        "'functions' in host.json leaves out tock: they are not there, here as on Azure.",
        "'functions' in host.json names tack, which the app does not have.",
    ]
