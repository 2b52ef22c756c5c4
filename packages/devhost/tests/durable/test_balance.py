"""How hosts share the partitions of a hub: by random lives of up to four hosts, in steps of a pass each."""

import math
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from durable_devhost.durable.balance import Move, Step, plan, until_next_expiry
from durable_devhost.taskhub.partitions import LEASE, PartitionLease

START = datetime(2026, 1, 1, tzinfo=UTC)
PASS = timedelta(seconds=10)


@dataclass
class Table:
    """The Partitions table and its time; hosts act one after the other, as etags make them do."""

    leases: list[PartitionLease]
    now: datetime = START
    busy: set[tuple[str, int]] = field(default_factory=set)

    @classmethod
    def of(cls, count: int) -> "Table":
        """A new hub's table."""
        return cls([PartitionLease(queue=f"hub-control-{number:02}") for number in range(count)])

    def run_pass(self, host: str, *, gone: frozenset[str] = frozenset()) -> list[Step]:
        """Let one host look and act."""
        steps = plan(
            self.leases,
            host,
            self.now,
            is_gone=lambda owner: owner in gone,
            is_drained=lambda partition: (host, partition) not in self.busy,
        )
        for step in steps:
            at = next(at for at, lease in enumerate(self.leases) if lease.queue == step.lease.queue)
            self.leases[at] = self._after(step, host)
        return steps

    def _after(self, step: Step, host: str) -> PartitionLease:
        lease, until = step.lease, self.now + LEASE
        match step.move:
            case Move.CLAIM:
                return replace(lease, current_owner=host, next_owner=None, expires_at=until, is_draining=False)
            case Move.RENEW:
                return replace(lease, expires_at=until, is_draining=False)
            case Move.DRAIN:
                return replace(lease, expires_at=until, is_draining=True)
            case Move.RELEASE:
                return replace(lease, current_owner=None, is_draining=False)
            case Move.ASK:
                return replace(lease, next_owner=host)

    def count_owned(self, host: str) -> int:
        """How many partitions a host has."""
        return sum(lease.current_owner == host for lease in self.leases)

    def settle(self, *hosts: str) -> None:
        """Let these hosts, and no others, act for two minutes."""
        for _ in range(12):
            for host in hosts:
                self.run_pass(host)
            self.now += PASS


def test_the_first_host_takes_all_partitions() -> None:
    """In one pass."""
    table = Table.of(4)
    table.run_pass("a")
    assert table.count_owned("a") == 4


@pytest.mark.parametrize(("hosts", "share"), [("ab", 2), ("abc", 1), ("abcd", 1)])
def test_a_new_host_gets_its_share_of_partitions(hosts: str, share: int) -> None:
    """From the hosts with the most; no host is left with none."""
    table = Table.of(4)
    table.run_pass("a")
    table.settle(*hosts)
    assert sorted(table.count_owned(host) for host in hosts)[0] == share
    assert sum(table.count_owned(host) for host in hosts) == 4


def test_a_partition_finishes_its_work_before_it_is_given_up() -> None:
    """Until then its owner keeps it and renews the lease."""
    table = Table.of(2)
    table.run_pass("a")
    (asked,) = table.run_pass("b")
    assert asked.move is Move.ASK
    number = asked.lease.partition
    table.busy.add(("a", number))
    moves = {step.lease.partition: step.move for step in table.run_pass("a")}
    assert moves == {number: Move.DRAIN, 1 - number: Move.RENEW}
    assert table.run_pass("b") == []
    table.busy.clear()
    assert Move.RELEASE in [step.move for step in table.run_pass("a")]
    assert [step.move for step in table.run_pass("b")] == [Move.CLAIM]


@pytest.mark.parametrize(("is_gone", "seconds"), [(True, 0), (False, 30)])
def test_partitions_of_a_dead_host_are_taken_over(is_gone: bool, seconds: int) -> None:
    """At once if it is known to be gone, else when its leases have run out."""
    table = Table.of(4)
    table.run_pass("a")
    gone = frozenset("a") if is_gone else frozenset[str]()
    if seconds:
        assert Move.CLAIM not in [step.move for step in table.run_pass("b", gone=gone)]
    table.now += timedelta(seconds=seconds)
    table.run_pass("b", gone=gone)
    assert table.count_owned("b") == 4


def test_the_next_pass_is_due_when_the_first_foreign_lease_runs_out() -> None:
    """Own leases, free partitions and expired leases do not count."""
    ends = {"me": 3, "other": 12, "third": 7, "late": -1}
    leases = [
        PartitionLease(queue=f"q-{owner}", current_owner=owner, expires_at=START + timedelta(seconds=left))
        for owner, left in ends.items()
    ]
    assert until_next_expiry([*leases, PartitionLease(queue="q-free")], "me", START) == 7.0
    assert until_next_expiry([PartitionLease(queue="q-free")], "me", START) == math.inf


def test_a_promise_to_a_dead_host_is_void() -> None:
    """The owner keeps the partition; one that was released for it is free."""
    table = Table.of(2)
    table.run_pass("a")
    (asked,) = table.run_pass("b")
    assert [step.move for step in table.run_pass("a", gone=frozenset("b"))] == [Move.RENEW, Move.RENEW]
    assert {lease.next_owner for lease in table.leases} == {None}
    table.run_pass("b")
    table.run_pass("a")
    assert table.count_owned("a") == 1
    table.run_pass("a", gone=frozenset("b"))
    assert table.count_owned("a") == 2
    assert asked.move is Move.ASK


@given(
    count=st.integers(1, 16),
    life=st.lists(st.tuples(st.sampled_from("abcd"), st.integers(0, 40)), max_size=40),
    survivors=st.sets(st.sampled_from("abcd"), min_size=1),
)
def test_the_remaining_hosts_share_all_partitions_evenly(
    count: int, life: list[tuple[str, int]], survivors: set[str]
) -> None:
    """Hosts come, go and sleep in any order; after two quiet minutes each has at least the whole share."""
    table = Table.of(count)
    for host, seconds in life:
        table.run_pass(host)
        table.now += timedelta(seconds=seconds)
    table.settle(*sorted(survivors))
    owned = [table.count_owned(host) for host in survivors]
    assert sum(owned) == count
    assert min(owned) == count // len(survivors)
    before = list(table.leases)
    steps = [step.move for host in sorted(survivors) for step in table.run_pass(host)]
    assert set(steps) <= {Move.RENEW}
    assert [lease.current_owner for lease in before] == [lease.current_owner for lease in table.leases]
