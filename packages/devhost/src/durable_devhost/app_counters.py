"""The counters of an App Service sandbox, which `dynamicThrottlesEnabled` of host.json goes by. Pure.

Facts: azure-functions-host 4.1037, `HostPerformanceManager.cs` and `ApplicationPerformanceCounters.cs`. The host reads
them from a variable of its environment, and only the sandbox of Windows plans sets it.
"""

from durable_devhost.dotnet.json_reader import JsonReaderError, deserialize

COUNTERS = "WEBSITE_COUNTERS_APP"
"""The app setting that has the counters, as a JSON object."""

DEFAULT_THRESHOLD = 0.8
"""The share of its limit that a counter may reach, unless `healthMonitor.counterThreshold` says otherwise."""

_LIMITED = {
    "ActiveConnections": "activeConnectionLimit",
    "Connections": "connectionLimit",
    "Threads": "threadLimit",
    "Processes": "processLimit",
    "NamedPipes": "namedPipeLimit",
    "Sections": "sectionLimit",
    "RemoteDirMonitors": "remoteDirMonitorLimit",
}


def exceeded_counters(text: str | None, threshold: float = DEFAULT_THRESHOLD) -> tuple[str, ...]:
    """The names of the counters above their share of the limit, in the host's order.

    A limit of 0 or less is none. Text that cannot be read has no counters, as on the real host.
    """
    values = {name.lower(): number for name, number in _counters(text).items() if isinstance(number, int)}
    return tuple(
        name
        for name, limit in _LIMITED.items()
        if (most := values.get(limit.lower(), 0)) > 0 and values.get(name.lower(), 0) / most > threshold
    )


def _counters(text: str | None) -> dict[str, object]:
    """The object; what follows its last brace is cut off, since the sandbox sometimes writes one character more."""
    whole = (text or "")[: (text or "").rfind("}") + 1]
    try:
        value = deserialize(whole)
    except JsonReaderError:
        return {}
    return value if isinstance(value, dict) else {}
