"""Tests that share a host run in one worker, and what is tried in both storage modes is two parts."""

import pytest

from tests.sharing import LONGEST_FIRST, SHARED, TESTS, part_of

DEVHOST = "packages/devhost/tests"
CONFORMANCE = f"{DEVHOST}/conformance/test_api.py::test_call_is_answered_as_recorded"


def test_files_of_one_host_are_one_part() -> None:
    """The modules of tests/security attack one host, but for those that start one of their own."""
    assert SHARED["security"] == 1
    places = {
        name: part_of(f"tests/security/{name}.py::test_it")
        for name in ("test_s05_others_proposals", "test_s11_uploads", "test_s17_retention")
    }
    assert places["test_s05_others_proposals"] == places["test_s11_uploads"] == "security 0"
    assert places["test_s17_retention"] == "tests/security/test_s17_retention.py"


@pytest.mark.parametrize(
    ("test", "part"),
    [
        (f"{CONFORMANCE}[standard-start.created]", "conformance 0 standard"),
        (f"{CONFORMANCE}[journal-start.created]", "conformance 0 journal"),
        (f"{DEVHOST}/crash/test_kill.py::test_it[journal]", f"{DEVHOST}/crash/test_kill.py journal"),
        (f"{DEVHOST}/durable/test_faults.py::test_it[adds-standard]", f"{DEVHOST}/durable/test_faults.py standard"),
        (f"{DEVHOST}/durable/test_faults.py::test_it", f"{DEVHOST}/durable/test_faults.py"),
        (f"{DEVHOST}/test_cli.py::test_it[non-standard words]", f"{DEVHOST}/test_cli.py"),
        (f"{DEVHOST}/test_cli.py::test_it[journals]", f"{DEVHOST}/test_cli.py"),
    ],
)
def test_each_storage_mode_is_a_part_of_its_own(test: str, part: str) -> None:
    """Two workers can run them at a time: each has a host of its own in any case."""
    assert part_of(test) == part


def test_every_file_that_is_to_run_early_is_there() -> None:
    """A file that was renamed would be waited for at the end."""
    files = [file.relative_to(top).as_posix() for top in TESTS for file in top.rglob("test_*.py")]
    assert [start for start in LONGEST_FIRST if not any(file.startswith(start) for file in files)] == []
