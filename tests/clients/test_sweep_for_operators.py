"""What the sweep writes down for operators: what it found, why, and what it did about it."""

from datetime import timedelta

import pytest

from approvals.operations import StuckReason
from clients.sweep import MOST_NAMED
from gateways.operations import TableOperations, open_operations

pytestmark = pytest.mark.usefixtures("own_storage")


def kept():
    """The line of the last run."""
    return next(each.line for each in open_operations().runs() if each.name == "sweep")


async def test_each_found_review_is_listed_with_reason_and_action(sweep, client, hand_in):
    """The ones that need a person come first, those that were only woken last."""
    unlisted, behind, lost = hand_in(entered=False), hand_in(size=1), hand_in(ago=timedelta(minutes=5))
    client.add(behind)
    client.add(lost, status="Terminated")
    told = await sweep()
    line = kept()
    assert {name: line[name] for name in told} == told
    assert (line["stuckCount"], line["stuck"][-1]) == (
        3,
        {"proposalId": behind, "lag": StuckReason.BEHIND, "done": "woken"},
    )
    assert {(each["proposalId"], each["lag"], each["done"]) for each in line["stuck"][:-1]} == {
        (unlisted, StuckReason.UNLISTED, "started"),
        (lost, StuckReason.LOST, "failed"),
    }


async def test_a_sweep_without_findings_lists_nothing(sweep):
    """It replaces the row of the run before."""
    await sweep()
    assert (kept()["stuckCount"], kept()["stuck"]) == (0, [])


async def test_a_few_reviews_are_listed_and_all_are_counted(sweep, client, hand_in, monkeypatch):
    """Those beyond the run's limit are left to the next."""
    monkeypatch.setattr("clients.sweep.MOST_A_RUN", 2)
    monkeypatch.setattr("clients.sweep.MOST_NAMED", 2)
    for _ in range(3):
        client.add(hand_in(size=1))
    await sweep()
    assert (kept()["stuckCount"], [each["done"] for each in kept()["stuck"]]) == (3, ["later", "woken"])
    assert MOST_NAMED == 50


async def test_a_run_that_cannot_be_stored_has_still_fixed_the_reviews(sweep, hand_in, monkeypatch, caplog):
    """The log has it."""

    def fail(*_, **__):
        raise ConnectionError("storage is away")

    monkeypatch.setattr(TableOperations, "keep_run", fail)
    hand_in(entered=False)
    assert (await sweep())["started"] == 1
    assert "could not be written down" in caplog.text
