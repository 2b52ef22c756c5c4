"""Who this host is to others on its storage account: the id under which locks, receipts and timer blobs are kept."""

import platform

from durable_devhost.settings import HostSettings

_SETTING = "AzureFunctionsWebHost__hostid"
_LONGEST = 32
_INT32 = 1 << 31


def host_id(settings: HostSettings) -> str:
    """The id that the real host gives itself on a developer's machine, for the same app in the same folder.

    It is made of the machine's name and the app's folder (`ScriptHostIdProvider.cs`), so two apps of one machine do not
    take each other's blobs. A setting `AzureFunctionsWebHost__hostid` wins.
    """
    given = next((value for name, value in settings.app_settings.items() if name.lower() == _SETTING.lower()), "")
    machine = "".join(char for char in platform.node().partition(".")[0] if char.isalnum())
    made = f"{machine or 'local'}-{abs(_stable_hash(str(settings.app_dir)))}"
    return (given or made)[:_LONGEST].lower().rstrip("-")


def _stable_hash(text: str) -> int:
    """`Utility.GetStableHash`: 31 times what was before and the next UTF-16 unit, in 32 bits with a sign."""
    units = text.encode("utf-16-le", errors="surrogatepass")
    value = 23
    for low, high in zip(units[::2], units[1::2], strict=True):
        value = value * 31 + (high << 8 | low)
    value &= 2 * _INT32 - 1
    return value - 2 * _INT32 if value >= _INT32 else value
