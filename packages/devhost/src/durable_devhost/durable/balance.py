"""How several hosts of one hub share its partitions: a host's next steps, given all leases. Pure.

The rules are those of the real extension (DurableTask.AzureStorage `TablePartitionManager.cs`): a host claims free
partitions, renews its own leases, and, with less than its share, asks the host with the most for one. The owner
then drains the partition (it reads no more of its queue) and releases it when its work in progress is done; the host
that asked claims it.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum

from durable_devhost.taskhub.partitions import PartitionLease


class Move(Enum):
    """What to do with one lease."""

    CLAIM = "claim"
    RENEW = "renew"
    DRAIN = "drain"
    RELEASE = "release"
    ASK = "ask"


@dataclass(frozen=True, slots=True)
class Step:
    """One lease, and what to do with it."""

    move: Move
    lease: PartitionLease


def plan(
    leases: Sequence[PartitionLease],
    me: str,
    now: datetime,
    *,
    is_gone: Callable[[str], bool],
    is_drained: Callable[[int], bool],
) -> list[Step]:
    """The steps of the host `me` in one pass over all leases of its hub, in the order of the leases.

    `is_gone` says that an owner is known to have ended, so that its lease need not run out first. `is_drained` says
    that no work of one of our partitions is in progress.
    """
    steps: list[Step] = []
    for stored in leases:
        is_promise_void = stored.next_owner is not None and is_gone(stored.next_owner)
        lease = replace(stored, next_owner=None) if is_promise_void else stored
        if lease.current_owner == me:
            steps.append(Step(_keep(lease, me, is_drained), lease))
        elif lease.can_be_claimed(me, now) or (lease.current_owner is not None and is_gone(lease.current_owner)):
            steps.append(Step(Move.CLAIM, lease))
    return steps + _ask_for_a_share(leases, steps, me)


def until_next_expiry(leases: Sequence[PartitionLease], me: str, now: datetime) -> float:
    """Return the seconds until the first valid foreign lease runs out; infinity if there is none.

    So a partition can be taken over as soon as its owner's time is up, not only at the next usual pass.
    """
    others = (lease.expires_at for lease in leases if lease.current_owner != me and lease.expires_at is not None)
    return min(((at - now).total_seconds() for at in others if at > now), default=math.inf)


def _keep(lease: PartitionLease, me: str, is_drained: Callable[[int], bool]) -> Move:
    if lease.next_owner in (None, me):
        return Move.RENEW
    return Move.RELEASE if is_drained(lease.partition) else Move.DRAIN


def _ask_for_a_share(leases: Sequence[PartitionLease], steps: Sequence[Step], me: str) -> list[Step]:
    """Ask the owners with the most for partitions, until we have, or were promised, our share."""
    claimed = {step.lease.queue for step in steps if step.move is Move.CLAIM}
    heading: dict[str, str] = {}
    for lease in leases:
        owner = me if lease.queue in claimed else lease.next_owner or lease.current_owner
        if owner is not None:
            heading[lease.queue] = owner
    owned = Counter(heading.values())
    share = len(leases) // len({*owned, me})
    asked: list[Step] = []
    for lease in leases:
        if owned[me] >= share:
            break
        owner = heading.get(lease.queue)
        if owner in (None, me) or lease.next_owner is not None or owned[owner] <= share:
            continue
        owned[owner] -= 1
        owned[me] += 1
        asked.append(Step(Move.ASK, lease))
    return asked
