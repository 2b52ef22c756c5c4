"""How a task hub names things: its tables, queues and containers, its table keys, and the partition of an instance."""

import re
from dataclasses import dataclass
from functools import lru_cache

from durable_devhost.errors import SettingsError

MAX_PARTITIONS = 16
"""The most control queues of a hub."""

_EXPLICIT = re.compile(r"[A-Za-z][A-Za-z0-9]{2,49}")
_ESCAPED = {"^": "^^", "/": "^0", "\\": "^1", "#": "^2", "?": "^3"} | {
    chr(code): "^" + chr(0xC0 + code) for code in (*range(0x20), *range(0x7F, 0xA0))
}
_ESCAPES = str.maketrans(_ESCAPED)
_PLAIN = {escape[1]: plain for plain, escape in _ESCAPED.items()}
_ESCAPE = re.compile(r"\^(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class HubNames:
    """The resources of the hub named `hub` in host.json. Tables keep its spelling, all else is lower-case."""

    hub: str

    @property
    def history(self) -> str:
        """The table of history rows."""
        return f"{self.hub}History"

    @property
    def instances(self) -> str:
        """The table with one row for each instance."""
        return f"{self.hub}Instances"

    @property
    def partitions(self) -> str:
        """The table that says which worker owns which control queue."""
        return f"{self.hub}Partitions"

    @property
    def work_items(self) -> str:
        """The queue of scheduled activities."""
        return f"{self.hub.lower()}-workitems"

    def control(self, partition: int) -> str:
        """The control queue of one partition."""
        return f"{self.hub.lower()}-control-{partition:02d}"

    @property
    def large_messages(self) -> str:
        """The container of what is too large for a queue message or a table column."""
        return f"{self.hub.lower()}-largemessages"

    @property
    def app_lease(self) -> str:
        """The container whose lease says which app works on the hub."""
        return f"{self.hub.lower()}-applease"

    @property
    def app_lease_info(self) -> str:
        """The blob in the app lease's container that names the owner."""
        return f"{self.hub.lower()}-appleaseinfo"

    @classmethod
    def of_setting(cls, hub: str) -> "HubNames":
        """The names of a hub that host.json names; raises SettingsError in the extension's own words.

        Lengths of 46 to 50 pass although the text says otherwise, as recorded from extension 3.15.
        """
        if not _EXPLICIT.fullmatch(hub):
            raise SettingsError(
                f"Task hub name '{hub}' should contain only alphanumeric characters, start with a letter, "
                "and have length between 3 and 45."
            )
        return cls(hub)


def check_partition_count(count: int) -> int:
    """Return `count` if a hub can have so many partitions; raises SettingsError in the extension's own words."""
    if not 1 <= count <= MAX_PARTITIONS:
        raise SettingsError("PartitionCount must be an integer value between 1 and 16.")
    return count


def default_hub_name(site_name: str | None) -> str:
    """The hub name of an app whose host.json names none: made of the site's name, `TestHubName` without one.

    As `AzureStorageOptions.cs` of the durable extension does it.
    """
    if not site_name:
        return "TestHubName"
    kept = "".join(character for character in site_name if character.isascii() and character.isalnum())
    if not kept:
        return "DefaultTaskHub"
    if kept[0].isdigit():
        kept = "t" + kept
    kept = kept[:45]
    return kept if len(kept) >= 3 else kept + "Hub"


def fnv1a(text: str) -> int:
    """The 32-bit FNV-1a hash of the UTF-8 bytes of `text` (`Fnv1aHashHelper.cs`)."""
    value = 2166136261
    for byte in text.encode(errors="replace"):
        value = (value ^ byte) * 16777619 & 0xFFFFFFFF
    return value


@lru_cache(maxsize=10_000)  # asked several times for each message
def partition_of(instance_id: str, count: int) -> int:
    """The partition, 0 to `count` - 1, whose control queue gets the messages of an instance."""
    return fnv1a(instance_id) % count


def escape_key(instance_id: str) -> str:
    """An instance id as a PartitionKey, where some characters are forbidden (`KeySanitation.cs`)."""
    return instance_id.translate(_ESCAPES)


def unescape_key(key: str) -> str:
    """The instance id that `escape_key` made `key` of; an escape that it never writes stays as it is."""
    return _ESCAPE.sub(lambda found: _PLAIN.get(found[1], found[0]), key)
