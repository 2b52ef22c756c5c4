"""The query parameters of the durable HTTP API."""

from datetime import UTC, datetime

import pytest
from multidict import MultiDict

from durable_devhost.durable.client.errors import BadArgument
from durable_devhost.durable.client.status import StatusFields
from durable_devhost.model.history import RuntimeStatus
from durable_devhost.triggers.management.query import Query, Wait

COMPLETED_AND_FAILED = frozenset({RuntimeStatus.COMPLETED, RuntimeStatus.FAILED})


def query(*pairs: tuple[str, str]) -> Query:
    """A request's parameters."""
    return Query(MultiDict(pairs))


def test_flags_ignore_case() -> None:
    """The SDK writes True."""
    asked = query(("showhistory", "True"), ("showInput", "FALSE"), ("showHistoryOutput", "yes"))
    assert StatusFields(input=False, history=True, history_output=False) == asked.status_fields


@pytest.mark.parametrize(
    ("values", "statuses"),
    [
        (["completed,Failed"], COMPLETED_AND_FAILED),
        (["Completed", "FAILED"], COMPLETED_AND_FAILED),
        (["Bogus, Completed ,Failed"], COMPLETED_AND_FAILED),
        (["Bogus"], frozenset()),
        ([""], frozenset()),
    ],
)
def test_statuses_are_a_list_or_repeated_and_unknown_ones_are_ignored(
    values: list[str], statuses: frozenset[RuntimeStatus]
) -> None:
    """Recorded: an unknown status alone filters nothing."""
    assert statuses == query(*(("runtimeStatus", value) for value in values)).instances.statuses


@pytest.mark.parametrize(
    "text", ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000000Z", "2026-01-02T04:04:05 01:00", "2026-01-02T03:04:05"]
)
def test_times_are_iso_8601(text: str) -> None:
    """A plus sign may have become a blank in the URL."""
    expected = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert expected == query(("createdTimeFrom", text)).instances.created_from


def test_an_invalid_time_counts_as_missing() -> None:
    """As with DateTime.TryParse."""
    assert query(("createdTimeTo", "yesterday")).instances.created_to is None


@pytest.mark.parametrize(("text", "size"), [("5", 5), ("0", 100), ("many", 100), ("-1", 100), ("5000", 1000)])
def test_a_page_has_100_entries_by_default(text: str, size: int) -> None:
    """A table returns at most 1,000."""
    assert size == query(("top", text)).page_size


def test_entities_are_found_by_the_prefix_of_their_ids() -> None:
    """Names are in lower case; inputs are read only for states."""
    asked = query(("fetchState", "true"), ("lastOperationTimeFrom", "2026-01-02T03:04:05Z"))
    assert ("@counter@", True, datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)) == (
        (wanted := asked.entities("Counter")).id_prefix,
        wanted.with_input,
        wanted.created_from,
    )
    assert ("@", False) == ((everything := query().entities(None)).id_prefix, everything.with_input)


@pytest.mark.parametrize(
    ("timeout", "interval", "wait"),
    [("10", "1", Wait(timeout=10, interval=1)), ("10", "", None), ("", "1", None), ("x", "1", None), ("10", "0", None)],
)
def test_a_start_waits_only_if_both_parameters_are_given(timeout: str, interval: str, wait: Wait | None) -> None:
    """In seconds."""
    assert wait == query(("timeout", timeout), ("pollingInterval", interval)).wait


def test_an_interval_above_the_timeout_is_refused() -> None:
    """400 in the HTTP API."""
    with pytest.raises(BadArgument, match="Total timeout 1 should be bigger than retry timeout 2"):
        _ = query(("timeout", "1"), ("pollingInterval", "2")).wait
