"""Which keys of host.json change something here, which matter on Azure alone, and which are named at the start.

Names are compared without regard to case. A key stands for all that is below it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_ACTED_ON = (
    "version",
    "functionTimeout",
    "functions",
    "retry",
    "telemetryMode",
    "logging.logLevel",
    "logging.console.logLevel",
    "extensions.http.routePrefix",
    "extensions.http.customHeaders",
    "extensions.http.dynamicThrottlesEnabled",
    "extensions.http.hsts",
    "extensions.http.maxOutstandingRequests",
    "extensions.http.maxConcurrentRequests",
    "extensions.queues.batchSize",
    "extensions.queues.newBatchThreshold",
    "extensions.queues.maxPollingInterval",
    "extensions.queues.maxDequeueCount",
    "extensions.queues.visibilityTimeout",
    "extensions.queues.messageEncoding",
    "extensions.blobs.maxDegreeOfParallelism",
    "extensions.blobs.poisonBlobThreshold",
    "extensions.durableTask.hubName",
    "extensions.durableTask.maxConcurrentActivityFunctions",
    "extensions.durableTask.maxConcurrentOrchestratorFunctions",
    "extensions.durableTask.maxEntityOperationBatchSize",
    "extensions.durableTask.entityMessageReorderWindowInMinutes",
    "extensions.durableTask.storeInputsInOrchestrationHistory",
    "extensions.durableTask.useAppLease",
    "extensions.durableTask.defaultVersion",
    "extensions.durableTask.storageProvider.type",
    "extensions.durableTask.storageProvider.connectionName",
    "extensions.durableTask.storageProvider.connectionStringName",
    "extensions.durableTask.storageProvider.partitionCount",
    "extensions.durableTask.storageProvider.maxQueuePollingInterval",
)

ONLY_ON_AZURE: Mapping[str, str] = {
    "aggregator": "how metrics are batched for Application Insights",
    "concurrency": "how many calls run at once where the platform scales",
    "customHandler": "apps that are not in Python",
    "extensionBundle": "which extensions the host loads; devhost has its own",
    "extensions.durableTask.extendedSessionIdleTimeoutInSeconds": "apps in .NET",
    "extensions.durableTask.extendedSessionsEnabled": "apps in .NET",
    "extensions.durableTask.logReplayEvents": "what is logged of a replay",
    "extensions.durableTask.storageProvider.useTablePartitionManagement": "how hosts share partitions",
    "extensions.durableTask.traceInputsAndOutputs": "what Application Insights is sent",
    "extensions.durableTask.traceReplayEvents": "what Application Insights is sent",
    "extensions.durableTask.tracing": "what Application Insights is sent",
    "extensions.durableTask.useGracefulShutdown": "how instances of the platform are taken away",
    "healthMonitor": "when the platform restarts a host",
    "httpWorker": "apps that are not in Python",
    "isDefaultHostConfig": "a mark of a file that the platform has written",
    "logging.applicationInsights": "what Application Insights is sent",
    "logging.console.disableColors": "the container's log",
    "logging.console.isEnabled": "the container's log",
    "logging.fileLoggingMode": "log files of the platform",
    "managedDependency": "apps in PowerShell",
    "metadataProviderTimeout": "how long the host waits for an app that starts",
    "scale": "how the platform scales",
    "sendCanceledInvocationsToWorker": "what happens while the platform takes a host away",
    "singleton": "locks between the hosts of an app that has scaled out",
}
"""Keys that nobody need hear of, each with what it decides on Azure; docs/azure.md lists the same."""


def ignored_keys(tree: Mapping[str, Any], *, other_provider: bool = False) -> list[str]:
    """The keys of host.json that change nothing here though they may on Azure, dotted and as they are written.

    `other_provider` says that the storage provider is not Azure Storage, of which a line of its own tells.
    """
    known = [_split(name) for name in (*_ACTED_ON, *ONLY_ON_AZURE)]
    if other_provider:
        known.append(_split("extensions.durableTask.storageProvider"))
    return list(_unknown(tree, (), known))


def ignored_notices(
    path: str, written: Mapping[str, Any], overrides: Mapping[str, Any], *, other_provider: bool = False
) -> Iterator[str]:
    """Sentences that name the keys without effect: those of the file at `path`, then those that app settings add."""
    in_file = ignored_keys(written, other_provider=other_provider)
    added = [key for key in ignored_keys(overrides, other_provider=other_provider) if key not in in_file]
    for place, keys in ((path, in_file), ("App settings (AzureFunctionsJobHost__…)", added)):
        if keys:
            yield f"{place}: devhost does not act on {_joined(keys)}. devhost's docs/azure.md says what Azure does."


def _joined(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _unknown(tree: Mapping[str, Any], above: tuple[str, ...], known: Sequence[tuple[str, ...]]) -> Iterator[str]:
    for name, value in tree.items():
        path = (*above, name)
        lower = tuple(part.lower() for part in path)
        if any(lower[: len(one)] == one for one in known):
            continue
        if isinstance(value, Mapping) and any(one[: len(lower)] == lower for one in known):
            yield from _unknown(value, path, known)
        elif value != {}:
            yield ".".join(path)


def _split(name: str) -> tuple[str, ...]:
    return tuple(name.lower().split("."))
