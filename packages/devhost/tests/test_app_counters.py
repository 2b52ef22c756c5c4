"""Which counters of a sandbox are above their share of the limit."""

import json

import pytest

from durable_devhost.app_counters import exceeded_counters


@pytest.mark.parametrize(
    ("current", "limit", "exceeded"), [(0, 0, False), (5, 0, False), (80, 100, False), (81, 100, True), (9, -1, False)]
)
def test_a_counter_is_exceeded_above_its_share_of_a_limit(current: int, limit: int, exceeded: bool) -> None:
    """Four fifths by default; a limit of 0 or less is none."""
    text = json.dumps({"connections": current, "connectionLimit": limit})
    assert exceeded_counters(text) == (("Connections",) if exceeded else ())


def test_all_counters_with_limits_are_looked_at_in_the_hosts_order() -> None:
    """Names in any case; what has no limit never counts."""
    names = ["activeConnection", "connection", "thread", "process", "namedPipe", "section", "remoteDirMonitor"]
    plural = ["processes" if name == "process" else f"{name}s" for name in names]
    counters = dict.fromkeys(plural, 10) | {f"{name}Limit": 10 for name in names} | {"handles": 10**9}
    assert exceeded_counters(json.dumps(counters).upper()) == (
        "ActiveConnections", "Connections", "Threads", "Processes", "NamedPipes", "Sections", "RemoteDirMonitors",
    )  # fmt: skip


@pytest.mark.parametrize("text", [None, "", "no counters", "{bad", "[]", "1}", '{"threads": "x", "threadLimit": 1}'])
def test_what_cannot_be_read_has_no_counters(text: str | None) -> None:
    """As on the real host, which goes on."""
    assert exceeded_counters(text) == ()


def test_what_follows_the_last_brace_is_cut_off() -> None:
    """The sandbox sometimes writes one character more."""
    assert exceeded_counters('{"threads": 99, "threadLimit": 100}\x00') == ("Threads",)
