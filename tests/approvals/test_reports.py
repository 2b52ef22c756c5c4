"""Reports: sums that agree with the proposals, whatever they are, and months in which nothing happened."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from approvals.reports import OUTCOMES, ReportedProposal, report

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
OPEN = ReportedProposal(
    proposal_id="p", status="inReview", submitted_at=NOW - timedelta(days=3), ended_at=None,
    stage="design", asked_at=NOW - timedelta(days=2), deadline=NOW + timedelta(days=1), waiting_for=("Mara",),
    stage_hours=(),
)  # fmt: skip
TIMES = st.integers(0, 425 * 24).map(lambda hours: NOW - timedelta(hours=hours))
ENDED = st.builds(
    lambda status, ended, hours: replace(
        OPEN, status=status, ended_at=ended, stage="", deadline=None, waiting_for=(), stage_hours=hours
    ),
    st.sampled_from(OUTCOMES),
    TIMES,
    st.lists(st.tuples(st.sampled_from(("design", "works")), st.floats(0, 500)), max_size=3).map(tuple),
)


def test_a_stage_has_its_median_and_its_ninth_decile():
    """Of one value both are that value."""
    rows = [replace(OPEN, stage_hours=(("design", float(hours)),)) for hours in range(1, 11)]
    (design,) = report(rows, now=NOW).stages
    assert (design.count, design.median, round(design.percentile_90, 1)) == (10, 5.5, 9.1)
    (one,) = report([replace(OPEN, stage_hours=(("works", 4.0),))], now=NOW).stages
    assert (one.median, one.percentile_90) == (4.0, 4.0)


def test_waiting_stages_name_the_longest_waiting_proposal():
    """The stage with the most proposals comes first."""
    rows = [OPEN, replace(OPEN, asked_at=NOW - timedelta(days=9)), replace(OPEN, stage="works", asked_at=None)]
    design, works = report(rows, now=NOW).waiting
    assert (design.stage, design.count, design.oldest) == ("design", 2, NOW - timedelta(days=9))
    assert (works.stage, works.count, works.oldest) == ("works", 1, NOW)


def test_overdue_people_come_with_their_earliest_deadline():
    """Each person once; open deadlines are left out."""
    late = replace(OPEN, deadline=NOW, waiting_for=("Mara", "Jonas"))
    later = replace(OPEN, deadline=NOW - timedelta(days=1))
    mara, jonas = report([OPEN, late, later], now=NOW).overdue
    assert (mara.person, mara.count, mara.oldest) == ("Mara", 2, NOW - timedelta(days=1))
    assert (jonas.person, jonas.count) == ("Jonas", 1)


def test_the_last_twelve_months_are_all_listed():
    """Also over the turn of the year, and if nothing ended."""
    months = report([], now=NOW).months
    assert [each.month for each in months][0::11] == ["2025-04", "2026-03"]
    assert len(months) == 12
    assert all(count == 0 for month in months for _, count in month.outcomes)


@given(st.lists(ENDED, max_size=30))
def test_every_end_is_counted_in_its_month_only(rows):
    """Ends before the listed months are not counted."""
    told = report(rows, now=NOW)
    counted = {(month.month, outcome): count for month in told.months for outcome, count in month.outcomes}
    for month in told.months:
        for outcome in OUTCOMES:
            expected = sum(row.status == outcome and f"{row.ended_at:%Y-%m}" == month.month for row in rows)
            assert counted[month.month, outcome] == expected
    assert sum(stage.count for stage in told.stages) == sum(len(row.stage_hours) for row in rows)
    assert all(stage.median <= stage.percentile_90 + 1e-9 or stage.count < 3 for stage in told.stages)
