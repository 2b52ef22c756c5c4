"""All that host.json and the command line decide, read once at the start into values that never change.

Names, defaults and limits are those of the durable extension 3.15 (`DurableTaskOptions.cs`, `AzureStorageOptions.cs`)
and of the queue extension (`QueuesOptions.cs`).
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta, tzinfo
from enum import Enum
from pathlib import Path
from typing import Any, Literal, Self, cast

from durable_devhost.app_settings import DEFAULT_CONNECTION, AppSettings, read_object
from durable_devhost.errors import SettingsError
from durable_devhost.host_keys import ignored_notices
from durable_devhost.http_settings import HttpSettings
from durable_devhost.local_host import LocalHost
from durable_devhost.log_levels import LogLevels
from durable_devhost.retry_policy import RetryPolicy, read_host_policy
from durable_devhost.sections import Section, overridden
from durable_devhost.time_zones import time_zone
from durable_devhost.worker_settings import (
    DEBUG_NOTICE,
    function_timeout,
    thread_count,
    worker_log_level,
    worker_processes,
)

HOST_FILE = "host.json"
_PARTITIONS = 4
_HUB_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]{2,49}")
_DEFAULT_HUB = "default"
_OTHER_PROVIDERS = {"mssql": "Microsoft SQL Server", "netherite": "Netherite"} | dict.fromkeys(
    ("azuremanaged", "durabletaskscheduler"), "the Durable Task Scheduler"
)
MessageEncoding = Literal["base64", "none"]
OverridableStates = Literal["NonRunningStates", "AnyState"]


class Telemetry(Enum):
    """Who is told of each call; that decides what functions know of their trace."""

    OFF = "off"
    APPLICATION_INSIGHTS = "Application Insights"
    OPEN_TELEMETRY = "OpenTelemetry"


@dataclass(frozen=True, slots=True, kw_only=True)
class DurableSettings:
    """`extensions.durableTask`. `hub_name` is None where host.json names none; the hub and the count are checked where
    the hub is opened.
    """

    hub_name: str | None
    connection_name: str | None
    partition_count: int
    control_queue_batch_size: int
    control_queue_buffer_threshold: int
    control_queue_visibility_timeout: timedelta
    work_item_queue_visibility_timeout: timedelta
    max_queue_polling_interval: timedelta
    max_concurrent_activities: int
    max_concurrent_orchestrators: int
    max_concurrent_entities: int
    max_entity_operation_batch_size: int
    max_orchestration_actions: int
    overridable_existing_instance_states: OverridableStates
    entity_reorder_window: timedelta
    store_inputs_in_history: bool
    use_app_lease: bool
    http_async_sleep: timedelta
    use_forwarded_host: bool
    default_version: str | None
    version_match_strategy: str
    version_failure_strategy: str
    throw_status_exceptions_on_raise_event: bool
    is_traced: bool

    @classmethod
    def read(cls, section: Section, cpus: int) -> Self:
        """Read the section; the concurrency limits default to ten a CPU."""
        storage, http = section.section("storageProvider"), section.section("httpSettings")
        tracing = section.section("tracing")
        hub_name, connection_name, partitions = _hub_place(section)
        five_minutes, per_host = timedelta(minutes=5), 10 * cpus
        states = section.choice(
            "overridableExistingInstanceStates", ("NonRunningStates", "AnyState"), "NonRunningStates"
        )
        return cls(
            hub_name=hub_name,
            connection_name=connection_name,
            partition_count=partitions,
            control_queue_batch_size=storage.integer("controlQueueBatchSize", 32, at_least=1, at_most=32),
            control_queue_buffer_threshold=storage.integer(
                "controlQueueBufferThreshold", 256, at_least=1, at_most=1000
            ),
            control_queue_visibility_timeout=storage.duration("controlQueueVisibilityTimeout", five_minutes),
            work_item_queue_visibility_timeout=storage.duration("workItemQueueVisibilityTimeout", five_minutes),
            max_queue_polling_interval=storage.duration("maxQueuePollingInterval", timedelta(seconds=30)),
            max_concurrent_activities=section.integer("maxConcurrentActivityFunctions", per_host, at_least=1),
            max_concurrent_orchestrators=section.integer("maxConcurrentOrchestratorFunctions", per_host, at_least=1),
            max_concurrent_entities=section.integer("maxConcurrentEntityFunctions", per_host, at_least=1),
            max_entity_operation_batch_size=section.integer("maxEntityOperationBatchSize", 5000, at_least=1),
            max_orchestration_actions=section.integer("maxOrchestrationActions", 100_000, at_least=1),
            overridable_existing_instance_states=cast(OverridableStates, states),
            entity_reorder_window=timedelta(minutes=section.integer("entityMessageReorderWindowInMinutes", 30)),
            store_inputs_in_history=section.boolean("storeInputsInOrchestrationHistory", False),
            use_app_lease=section.boolean("useAppLease", True),
            http_async_sleep=timedelta(milliseconds=http.integer("defaultAsyncRequestSleepTimeMilliseconds", 30_000)),
            use_forwarded_host=http.boolean("useForwardedHost", False),
            default_version=section.text("defaultVersion") or None,
            version_match_strategy=section.choice(
                "versionMatchStrategy", ("None", "Strict", "CurrentOrOlder"), "CurrentOrOlder"
            ),
            version_failure_strategy=section.choice("versionFailureStrategy", ("Reject", "Fail"), "Reject"),
            throw_status_exceptions_on_raise_event=section.boolean("throwStatusExceptionsOnRaiseEvent", False),
            is_traced=tracing.boolean("distributedTracingEnabled", False)
            and tracing.choice("version", ("None", "V1", "V2"), "V1") == "V2",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueSettings:
    """`extensions.queues`: how queue triggers fetch, and how queue messages are written."""

    batch_size: int
    new_batch_threshold: int
    max_polling_interval: timedelta
    max_dequeue_count: int
    visibility_timeout: timedelta
    message_encoding: MessageEncoding

    @classmethod
    def read(cls, section: Section, cpus: int) -> Self:
        """Read the section; the threshold for fetching again defaults to half a batch a CPU."""
        batch_size = section.integer("batchSize", 16, at_least=1, at_most=32)
        encoding = section.choice("messageEncoding", ("base64", "none"), "base64")
        return cls(
            batch_size=batch_size,
            new_batch_threshold=section.integer("newBatchThreshold", batch_size // 2 * cpus),
            max_polling_interval=section.duration(
                "maxPollingInterval", timedelta(minutes=1), at_least=timedelta(milliseconds=100)
            ),
            max_dequeue_count=section.integer("maxDequeueCount", 5, at_least=1),
            visibility_timeout=section.duration("visibilityTimeout", timedelta()),
            message_encoding=cast(MessageEncoding, encoding),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class BlobSettings:
    """`extensions.blobs`: how many blobs are handled at once, and how often one is tried (`BlobsOptions.cs`)."""

    max_degree_of_parallelism: int
    poison_blob_threshold: int

    @classmethod
    def read(cls, section: Section, cpus: int) -> Self:
        """Read the section; eight blobs a CPU at once by default."""
        return cls(
            max_degree_of_parallelism=section.integer("maxDegreeOfParallelism", 8 * cpus, at_least=1),
            poison_blob_threshold=section.integer("poisonBlobThreshold", 5, at_least=1),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSettings:
    """Everything that one start of the host goes by."""

    app_dir: Path
    app_settings: AppSettings = field(repr=False)
    durable: DurableSettings
    queues: QueueSettings
    blobs: BlobSettings
    route_prefix: str
    http: HttpSettings
    local: LocalHost
    homepage: bool
    functions: tuple[str, ...]
    """The only functions that run, by name; none is no limit."""
    function_timeout: timedelta | None
    """How long an invocation, or one step of an orchestrator, may run; None for no limit."""
    time_zone: tzinfo
    thread_count: int | None
    worker_processes: int
    log_levels: LogLevels
    worker_log_level: int
    """The level of the worker's root logger, in Python's numbers."""
    retry: RetryPolicy | None = None
    """The policy of every function that has none of its own."""
    telemetry: Telemetry = Telemetry.OFF
    notices: tuple[str, ...] = ()
    """Sentences about what is otherwise here than host.json says, for the person at the console."""

    @classmethod
    def load(
        cls,
        app_dir: Path,
        overrides: Mapping[str, str] | None = None,
        *,
        environ: Mapping[str, str] | None = None,
        cpus: int | None = None,
        local: LocalHost | None = None,
    ) -> Self:
        """Read host.json and local.settings.json of the app; changes nothing, not even the environment.

        `overrides` are app settings that win over all others, `local` stands for the section of local.settings.json. A
        missing host.json means all defaults.
        Raises SettingsError, with file and line for bad JSON, with key and value for anything unusable.
        """
        folder = app_dir.resolve()
        if not folder.is_dir():
            raise SettingsError(f"There is no folder {folder}. Give the folder of a function app with --app.")
        settings = AppSettings.load(folder, os.environ if environ is None else environ, overrides)
        written = _host_json(folder / HOST_FILE)
        top = Section(overridden(written, settings), settings)
        extensions, count = top.section("extensions"), cpus or os.cpu_count() or 1
        durable, http = extensions.section("durableTask"), extensions.section("http")
        prefix = http.text("routePrefix")
        local = local or LocalHost.load(folder)
        zone, zone_notice = time_zone(settings)
        levels, worker_level = LogLevels.read(top.section("logging")), worker_log_level(settings)
        notices = (
            *local.notices,
            *_notices(durable),
            *ignored_notices(
                str(folder / HOST_FILE),
                written,
                overridden({}, settings),
                other_provider=_other_provider(durable.section("storageProvider")) is not None,
            ),
            *([zone_notice] if zone_notice else []),
            *([DEBUG_NOTICE] if levels.lowest_of_functions < worker_level else []),
        )
        return cls(
            app_dir=folder,
            app_settings=settings,
            durable=DurableSettings.read(durable, count),
            queues=QueueSettings.read(extensions.section("queues"), count),
            blobs=BlobSettings.read(extensions.section("blobs"), count),
            route_prefix="api" if prefix is None else prefix,
            http=HttpSettings.read(http, top.section("healthMonitor"), settings),
            local=local,
            homepage=not _is_true(settings.get("AzureWebJobsDisableHomepage")),
            functions=tuple(top.texts("functions")),
            function_timeout=function_timeout(top),
            time_zone=zone,
            thread_count=thread_count(settings.get("PYTHON_THREADPOOL_THREAD_COUNT")),
            worker_processes=worker_processes(settings.get("FUNCTIONS_WORKER_PROCESS_COUNT")),
            retry=read_host_policy(top.section("retry")),
            log_levels=levels,
            worker_log_level=worker_level,
            telemetry=_telemetry(top, settings),
            notices=notices,
        )

    @property
    def storage_connection_string(self) -> str:
        """Where the task hub is: `storageProvider.connectionName`, or AzureWebJobsStorage."""
        return self.connection_string(self.durable.connection_name)

    def connection_string(self, name: str | None = None) -> str:
        """The storage connection string of a binding's connection; SettingsError where no setting has that name."""
        return self.app_settings.connection_string(name)

    def on_storage(self, connection_string: str) -> Self:
        """The same settings for an app whose development storage is at `connection_string`."""
        return replace(self, app_settings=self.app_settings.with_storage(connection_string))

    def with_app_settings(self, values: Mapping[str, str]) -> Self:
        """The same settings with these app settings, which win."""
        return replace(self, app_settings=self.app_settings.with_values(values))


def _host_json(path: Path) -> dict[str, Any]:
    content = read_object(path)
    if content is not None and (version := content.get("version")) != "2.0":
        given = "has no version" if version is None else f"has version {version!r}"
        raise SettingsError(f'{path} {given}. Write "version": "2.0", the only one that the host knows.')
    return content or {}


def _other_provider(storage: Section) -> str | None:
    """What the app keeps its state in where that is not Azure Storage, else None."""
    kind = storage.text("type") or "AzureStorage"
    key = re.sub("[^a-z]", "", kind.lower())
    if key not in ("azurestorage", *_OTHER_PROVIDERS):
        raise SettingsError(
            f"extensions.durableTask.storageProvider.type in host.json is {kind!r}, which is no storage provider. "
            "Leave the key out, or write AzureStorage, azureManaged, mssql or netherite."
        )
    return _OTHER_PROVIDERS.get(key)


def _hub_place(section: Section) -> tuple[str | None, str | None, int]:
    """The hub's name, connection and number of partitions. What a section says for another provider is not for us."""
    storage = section.section("storageProvider")
    if _other_provider(storage):
        return _fitting(_foreign_hub_name(section)), None, _PARTITIONS
    for name in ("trackingStoreConnectionName", "trackingStoreConnectionStringName"):
        if storage.text(name):
            raise SettingsError(
                f"extensions.durableTask.storageProvider.{name} in host.json asks for a second account, which devhost "
                "does not support. Leave the key out: history and instances then live beside the queues."
            )
    connection = storage.text("connectionName") or storage.text("connectionStringName")
    return section.text("hubName") or None, connection or None, _partition_count(storage)


def _foreign_hub_name(section: Section) -> str:
    """The hub's name at another provider; the emulator's `default` where it is missing, or its setting is."""
    try:
        return section.text("hubName") or _DEFAULT_HUB
    except SettingsError:
        return _DEFAULT_HUB


def _fitting(name: str) -> str:
    """A hub name that Azure Storage takes, made as the extension makes one of a site's name."""
    if _HUB_NAME.fullmatch(name):
        return name
    kept = re.sub("[^A-Za-z0-9]", "", name)[:44] or _DEFAULT_HUB
    kept = f"t{kept}" if kept[0].isdigit() else kept
    return kept if len(kept) >= 3 else f"{kept}Hub"


def _notices(section: Section) -> tuple[str, ...]:
    provider = _other_provider(section.section("storageProvider"))
    if not provider:
        return ()
    name = _foreign_hub_name(section)
    hub = _fitting(name)
    renamed = "" if hub == name else f" ('{name}' in host.json; Azure Storage takes 3 to 45 letters and digits)"
    return (
        f"host.json keeps the durable state in {provider}, which devhost does not have. "
        f"Here it is in Azure Storage ({DEFAULT_CONNECTION}), in the task hub '{hub}'{renamed}.",
    )


def _partition_count(storage: Section) -> int:
    """The number of control queues; the extension's own words for one that no hub can have (recorded from 3.15)."""
    try:
        return storage.integer("partitionCount", _PARTITIONS, at_least=1, at_most=16)
    except SettingsError:
        raise SettingsError("PartitionCount must be an integer value between 1 and 16.") from None


def _telemetry(top: Section, settings: AppSettings) -> Telemetry:
    """What `telemetryMode` and the settings of Application Insights come to (azure-functions-host `TelemetryMode`)."""
    if (top.text("telemetryMode") or "").strip().lower() == Telemetry.OPEN_TELEMETRY.value.lower():
        return Telemetry.OPEN_TELEMETRY
    is_connected = settings.get("APPLICATIONINSIGHTS_CONNECTION_STRING") or settings.get(
        "APPINSIGHTS_INSTRUMENTATIONKEY"
    )
    return Telemetry.APPLICATION_INSIGHTS if is_connected else Telemetry.OFF


def _is_true(text: str | None) -> bool:
    return (text or "").strip().lower() in ("true", "1")
