"""The id of this host on its storage account: locks, receipts and timer blobs are stored under it."""

import platform

from durable_devhost.settings import HostSettings

_SETTING = "AzureFunctionsWebHost__hostid"
_LONGEST = 32
_INT32 = 1 << 31


def host_id(settings: HostSettings) -> str:
    """The id of the real host on a developer's machine, for the same app in the same folder.

    It is made of the machine's name and the app's folder (`ScriptHostIdProvider.cs`), so two apps on one machine do not
    use each other's blobs. A setting `AzureFunctionsWebHost__hostid` wins.
    """
    given = next((value for name, value in settings.app_settings.items() if name.lower() == _SETTING.lower()), "")
    machine = "".join(char for char in platform.node().partition(".")[0] if char.isalnum())
    made = f"{machine or 'local'}-{abs(_stable_hash(str(settings.app_dir)))}"
    return (given or made)[:_LONGEST].lower().rstrip("-")


def _stable_hash(text: str) -> int:
    """`Utility.GetStableHash`: 31 times the value before plus the next UTF-16 unit, as a signed 32-bit number."""
    units = text.encode("utf-16-le", errors="surrogatepass")
    value = 23
    for low, high in zip(units[::2], units[1::2], strict=True):
        value = value * 31 + (high << 8 | low)
    value &= 2 * _INT32 - 1
    return value - 2 * _INT32 if value >= _INT32 else value
