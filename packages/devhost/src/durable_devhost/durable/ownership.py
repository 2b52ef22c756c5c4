"""Which partitions of the hub are ours: takes, renews, shares and gives up their leases.

Only the owner of a partition works on its instances; all others put messages into its control queue. A lease that was
not renewed in time is not ours any more, whatever the table says: a host that slept (a suspended laptop) must not go on
as if nothing had happened.

A hub in journal mode has one owner for all partitions, which takes the app lease in any case: what is on its way there
is known to that host alone.
"""

import asyncio
import os
import platform
import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from time import monotonic

from durable_devhost.clock import real_now
from durable_devhost.durable.balance import Move, Step, plan, until_next_expiry
from durable_devhost.durable.patience import Patience
from durable_devhost.durable.ports import Observer
from durable_devhost.errors import SettingsError, StorageUnavailable
from durable_devhost.storage.account import StorageFailure
from durable_devhost.storage_mode import StorageMode
from durable_devhost.taskhub.failures import LostRace
from durable_devhost.taskhub.hub import TaskHub
from durable_devhost.taskhub.partitions import LEASE, PartitionLease

_EVERY_S = 12.0
_SOON_S = 1.0
_AFTER_EXPIRY_S = 0.1
_DRAIN_AT_MOST_S = 60.0
_APP_LEASE_EVERY_S = 25.0
_WORKER = re.compile(r"devhost-(.+)-(\d+)")


def worker_id() -> str:
    """The name of this process among the workers of a hub: the machine's and the process's number."""
    return f"devhost-{platform.node()}-{os.getpid()}"


def is_alive(owner: str) -> bool | None:
    """Whether `owner` is a devhost of this machine that runs; None for any other worker, of which nobody can tell."""
    found = _WORKER.fullmatch(owner)
    if found is None or found[1] != platform.node():
        return None
    try:
        os.kill(int(found[2]), 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True  # another user's
    return True


def is_gone(owner: str) -> bool:
    """Whether `owner` was a devhost of this machine whose process has ended, so that its leases mean nothing."""
    return is_alive(owner) is False


class Ownership:
    """The partitions of one host. `run` keeps them; one event loop touches all, so no lock.

    `is_drained` tells whether no work of a partition is in hand. `on_gained` and `on_lost` are called with the number
    of each partition that comes and goes after `claim`; `on_regained` with that of one whose lease ran out and is
    renewed, so that nobody else had it.
    """

    def __init__(
        self,
        *,
        hub: TaskHub,
        observer: Observer,
        me: str,
        is_alone: bool,
        uses_app_lease: bool,
        is_drained: Callable[[int], bool] = lambda _: True,
        on_gained: Callable[[int], None] = lambda _: None,
        on_regained: Callable[[int], None] = lambda _: None,
        on_lost: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._hub = hub
        self._observer = observer
        self._me = me
        self._is_alone = is_alone
        self._is_exclusive = hub.mode is StorageMode.JOURNAL
        self._uses_app_lease = uses_app_lease or self._is_exclusive
        self.is_drained = is_drained
        self.on_gained = on_gained
        self.on_regained = on_regained
        self.on_lost = on_lost
        self._leases: dict[int, PartitionLease] = {}
        self._valid_until: dict[int, float] = {}
        self._draining_since: dict[int, float] = {}
        self._app_lease_due = 0.0
        self._patience = Patience(observer, "The leases of the task hub")
        self._is_running = False
        self.crashed_at: datetime | None = None
        """When an owner before us renewed a lease for the last time, one that did not give it up; the earliest."""
        self.is_shared = False
        """Whether other hosts own partitions of the hub, as of the last look."""

    def owns(self, instance_id: str) -> bool:
        """Whether an instance's partition is ours."""
        return self.holds(self._hub.queues.partition_of(instance_id))

    def takes(self, instance_id: str) -> bool:
        """Whether new messages for an instance may be worked on here; those of a partition that drains go on."""
        return self.listens(self._hub.queues.partition_of(instance_id))

    def holds(self, partition: int) -> bool:
        """Whether a partition is ours, draining or not."""
        return monotonic() < self._valid_until.get(partition, 0.0)

    def listens(self, partition: int) -> bool:
        """Whether to read a partition's control queue."""
        return self.holds(partition) and partition not in self._draining_since

    def partitions(self) -> list[int]:
        """The partitions whose control queues we read."""
        return [number for number in range(self._hub.partition_count) if self.listens(number)]

    async def claim(self) -> None:
        """Take what is free at the start; with storage of our own also what a host that is gone has left.

        Raises SettingsError where the app lease is another app's, or in journal mode a partition another host's.
        """
        if self._uses_app_lease:
            await self._take_app_lease()
        leases = await self._read(self._pass_over)
        if self._is_exclusive:
            self._refuse_others(leases)
        steps = plan(leases, self._me, real_now(), is_gone=self._has_left, is_drained=self._is_drained)
        await self._carry_out_all(step for step in steps if step.move in (Move.CLAIM, Move.RENEW))
        self._look_around(leases)
        missing = self._hub.partition_count - len(self._leases)
        if missing and self._is_exclusive:
            await self.release()
            raise SettingsError(_not_alone(self._hub.names.hub, "Another host, which started at the same time,"))
        if missing:
            self._observer.trouble(
                f"{missing} of {self._hub.partition_count} partitions of the hub belong to another host; "
                "they are shared with it, or taken over when its leases run out."
            )

    async def release(self) -> None:
        """Give everything up, so that the next host need not wait for the leases to run out.

        What storage says of it changes nothing: leases that cannot be given up run out.
        """
        for lease in self._leases.values():
            with suppress(LostRace, StorageFailure, StorageUnavailable):
                await self._hub.partitions.release(lease)
        if self.is_shared:
            with suppress(LostRace, StorageFailure, StorageUnavailable):
                for lease in await self._read():
                    if lease.next_owner == self._me:
                        await self._hub.partitions.ask(lease, None)
        self._leases.clear()
        self._valid_until.clear()
        if self._uses_app_lease:
            with suppress(StorageFailure, StorageUnavailable):
                await self._hub.app_lease.release()

    async def run(self) -> None:
        """Keep and share the leases until cancelled."""
        self._is_running, pause = True, _EVERY_S
        while True:
            await asyncio.sleep(pause)
            pause = _EVERY_S
            async with self._patience.attempt():
                pause = await self._pass()

    async def _pass(self) -> float:
        """One look at all leases; returns in how many seconds the next one is to come.

        Soon where a partition is on its way, and where somebody's lease is about to run out, right after that.
        """
        if self._uses_app_lease and monotonic() >= self._app_lease_due:
            await self._renew_app_lease()
        if await self._keep_all():
            return _EVERY_S
        leases = await self._read()
        self._look_around(leases)
        self._let_go_of_what_others_have(leases)
        steps = plan(leases, self._me, real_now(), is_gone=is_gone, is_drained=self._is_drained)
        await self._carry_out_all(steps)
        if any(step.move in (Move.DRAIN, Move.ASK) for step in steps) or any(
            lease.next_owner == self._me for lease in leases
        ):
            return _SOON_S
        return min(_EVERY_S, max(_SOON_S, until_next_expiry(leases, self._me, real_now()) + _AFTER_EXPIRY_S))

    async def _keep_all(self) -> bool:
        """Renew all leases with one request where every partition is ours; False where somebody has changed a row.

        A change is how others ask for a partition, or take one, so nothing is to be read where there is none.
        """
        leases, now = list(self._leases.values()), real_now()
        valid_until = monotonic() + LEASE.total_seconds()
        if len(leases) < self._hub.partition_count or self._draining_since:
            return False
        if not all(self.holds(lease.partition) for lease in leases):
            return False
        try:
            kept = await self._hub.partitions.renew_all(leases, now)
        except LostRace:
            return False
        for lease in kept:
            self._leases[lease.partition] = lease
            self._valid_until[lease.partition] = valid_until
        self.is_shared = False
        return True

    def _refuse_others(self, leases: Sequence[PartitionLease]) -> None:
        now = real_now()
        for lease in leases:
            owner, until = lease.current_owner, lease.expires_at
            if owner in (None, self._me) or self._has_left(owner) or until is None or until <= now:
                continue
            left = f" If it was killed, its lease runs out in {(until - now).total_seconds():.0f} s."
            raise SettingsError(_not_alone(self._hub.names.hub, f"Another host ({owner})") + left)

    def _pass_over(self, row: str) -> None:
        self._observer.trouble(
            f"Table {self._hub.names.partitions} has a row '{row}', which is no control queue of this hub. "
            "It is left alone."
        )

    async def _read(self, pass_over: Callable[[str], None] = lambda _: None) -> list[PartitionLease]:
        leases = await self._hub.partitions.read(pass_over)
        ours = [lease for lease in leases if lease.partition < self._hub.partition_count]
        if self._is_exclusive:  # nobody's wish for a share is heard
            ours = [replace(lease, next_owner=None) if lease.current_owner == self._me else lease for lease in ours]
        return ours

    def _look_around(self, leases: list[PartitionLease]) -> None:
        self.is_shared = any(lease.current_owner not in (None, self._me) for lease in leases)

    def _let_go_of_what_others_have(self, leases: list[PartitionLease]) -> None:
        for lease in leases:
            if lease.partition in self._leases and lease.current_owner != self._me:
                self._forget(lease.partition)
                self._observer.trouble(f"Another host has taken partition {lease.partition} of the hub.")

    def _has_left(self, owner: str) -> bool:
        """Whether an owner from before our start is gone: where storage is our own, any but a devhost that runs."""
        return is_gone(owner) or (self._is_alone and not is_alive(owner))

    async def _carry_out_all(self, steps: Iterable[Step]) -> None:
        for step in steps:
            with suppress(LostRace):  # the row has changed since it was read: the next pass sees how
                await self._carry_out(step)

    async def _carry_out(self, step: Step) -> None:
        lease, partition, now = step.lease, step.lease.partition, real_now()
        valid_until = monotonic() + LEASE.total_seconds()
        match step.move:
            case Move.CLAIM:
                self._note_a_crash(lease)
                self._leases[partition] = await self._hub.partitions.claim(lease, self._me, now)
                self._valid_until[partition] = valid_until
                self._draining_since.pop(partition, None)
                self._tell(self.on_gained, partition)
            case Move.RENEW | Move.DRAIN:
                is_draining = step.move is Move.DRAIN
                if not is_draining:
                    self._draining_since.pop(partition, None)  # whoever asked for it is gone
                was_held, was_ours = self.holds(partition), partition in self._leases
                self._leases[partition] = await self._hub.partitions.renew(lease, now, is_draining=is_draining)
                self._valid_until[partition] = valid_until
                if not was_held:  # where it was not ours, the answer to our claim was lost
                    self._tell(self.on_regained if was_ours else self.on_gained, partition)
            case Move.RELEASE:
                self._forget(partition)
                await self._hub.partitions.release(lease)
            case Move.ASK:
                await self._hub.partitions.ask(lease, self._me)

    def _note_a_crash(self, lease: PartitionLease) -> None:
        if lease.current_owner is not None and lease.last_renewal is not None:
            self.crashed_at = min(lease.last_renewal, self.crashed_at or lease.last_renewal)

    def _tell(self, listener: Callable[[int], None], partition: int) -> None:
        if self._is_running:
            listener(partition)

    def _is_drained(self, partition: int) -> bool:
        since = self._draining_since.setdefault(partition, monotonic())
        return self.is_drained(partition) or monotonic() - since > _DRAIN_AT_MOST_S

    def _forget(self, partition: int) -> None:
        self._leases.pop(partition, None)
        self._valid_until.pop(partition, None)
        self._draining_since.pop(partition, None)
        self.on_lost(partition)

    async def _take_app_lease(self) -> None:
        self._app_lease_due = monotonic() + _APP_LEASE_EVERY_S
        try:
            await self._hub.app_lease.acquire()
        except LostRace as error:
            raise SettingsError(
                f"{error} Give this app a hub of its own (extensions.durableTask.hubName in host.json), "
                "or stop the other app."
            ) from None

    async def _renew_app_lease(self) -> None:
        self._app_lease_due = monotonic() + _APP_LEASE_EVERY_S
        try:
            await self._hub.app_lease.renew()
        except LostRace:
            await self._take_app_lease()


def _not_alone(hub: str, who: str) -> str:
    return (
        f"{who} works on the task hub {hub}, and in journal mode one host at a time can. Stop it, or give this one "
        "another data folder with --data, or a hub of its own (extensions.durableTask.hubName in host.json)."
    )
