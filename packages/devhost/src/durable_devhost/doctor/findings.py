"""What the doctor finds, and the remedies for each kind of damage."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from durable_devhost.doctor.lost import LostMessage
from durable_devhost.durable.damage import Damage, Fault
from durable_devhost.durable.entities.messages import EntityId


class Remedy(StrEnum):
    """A remedy; the value is what a user types."""

    REQUEUE = "requeue"
    TERMINATE = "terminate"
    PURGE = "purge"


_WAYS_OUT: Mapping[Fault, tuple[Remedy, ...]] = {
    Fault.LOST_MESSAGES: (Remedy.REQUEUE, Remedy.TERMINATE, Remedy.PURGE),
    Fault.NOT_STARTED: (Remedy.REQUEUE, Remedy.TERMINATE, Remedy.PURGE),
    Fault.NO_RECORD: (Remedy.REQUEUE, Remedy.PURGE),
    Fault.UNREADABLE: (Remedy.TERMINATE, Remedy.PURGE),
    Fault.NO_HISTORY: (Remedy.TERMINATE, Remedy.REQUEUE, Remedy.PURGE),
    Fault.LEFTOVER: (Remedy.PURGE,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One damaged instance; `name` is its orchestrator's if a row has it, `lost_messages` what it waits for in vain."""

    damage: Damage
    name: str = ""
    lost_messages: tuple[LostMessage, ...] = ()

    @property
    def instance_id(self) -> str:
        """Which instance it is."""
        return self.damage.instance_id

    @property
    def ways_out(self) -> tuple[Remedy, ...]:
        """The possible remedies, the safest first. An entity that has lost its state can only be purged."""
        if EntityId.is_one(self.instance_id) and self.damage.fault is not Fault.NO_RECORD:
            return (Remedy.PURGE,)
        return _WAYS_OUT[self.damage.fault]
