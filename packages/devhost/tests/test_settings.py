"""Host settings: the defaults of the real host, what host.json changes, and what is refused."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from durable_devhost.errors import SettingsError
from durable_devhost.log_levels import Level
from durable_devhost.settings import HostSettings, Telemetry


def load(folder: Path, durable: dict[str, Any] | None = None, **environ: str) -> HostSettings:
    """Settings of an app with that durable section, on a machine of two CPUs."""
    content = {"version": "2.0", "extensions": {"durableTask": durable or {}}}
    (folder / "host.json").write_text(json.dumps(content))
    return HostSettings.load(folder, environ=environ, cpus=2)


def test_an_app_without_host_json_has_the_defaults_of_the_real_host(tmp_path: Path) -> None:
    """Recorded from extension 3.15 on two CPUs, except the polling interval, which the recording had set."""
    settings = HostSettings.load(tmp_path, environ={}, cpus=2)
    durable = settings.durable
    assert (durable.hub_name, durable.connection_name, durable.partition_count) == (None, None, 4)
    assert (durable.control_queue_batch_size, durable.control_queue_buffer_threshold) == (32, 256)
    assert durable.control_queue_visibility_timeout == timedelta(minutes=5)
    assert durable.work_item_queue_visibility_timeout == timedelta(minutes=5)
    assert durable.max_queue_polling_interval == timedelta(seconds=30)
    assert durable.max_concurrent_activities == 20
    assert durable.max_concurrent_orchestrators == 20
    assert durable.max_concurrent_entities == 20
    assert (durable.max_entity_operation_batch_size, durable.max_orchestration_actions) == (5000, 100_000)
    assert durable.overridable_existing_instance_states == "NonRunningStates"
    assert durable.entity_reorder_window == timedelta(minutes=30)
    assert (durable.store_inputs_in_history, durable.use_app_lease, durable.use_forwarded_host) == (False, True, False)
    assert durable.http_async_sleep == timedelta(seconds=30)
    assert (durable.default_version, durable.version_match_strategy) == (None, "CurrentOrOlder")
    assert durable.version_failure_strategy == "Reject"


def test_the_queue_defaults_equal_those_of_the_queue_extension(tmp_path: Path) -> None:
    """The next batch is fetched at half a batch for each CPU."""
    queues = HostSettings.load(tmp_path, environ={}, cpus=2).queues
    assert (queues.batch_size, queues.new_batch_threshold, queues.max_dequeue_count) == (16, 16, 5)
    assert (queues.max_polling_interval, queues.visibility_timeout) == (timedelta(minutes=1), timedelta())
    assert queues.message_encoding == "base64"
    blobs = HostSettings.load(tmp_path, environ={}, cpus=2).blobs
    assert (blobs.max_degree_of_parallelism, blobs.poison_blob_threshold) == (16, 5)


def test_the_values_of_host_json_win_over_the_defaults(tmp_path: Path) -> None:
    """Comments in it are accepted."""
    (tmp_path / "host.json").write_text("""{
        "version": "2.0", // the only one
        "logging": {"logLevel": {"default": "Warning"}},
        "extensions": {
            "http": {"routePrefix": ""},
            "queues": {"batchSize": 8, "messageEncoding": "None", "visibilityTimeout": "00:00:05"},
            "blobs": {"maxDegreeOfParallelism": 2, "poisonBlobThreshold": 1},
            "durableTask": {
                "hubName": "MyHub",
                "overridableExistingInstanceStates": "anystate",
                "storageProvider": {"connectionName": "Hub", "partitionCount": 2}
            }
        }
    }""")
    settings = HostSettings.load(tmp_path, environ={"Hub": "AccountName=h"}, cpus=2)
    assert (settings.durable.hub_name, settings.durable.partition_count) == ("MyHub", 2)
    assert settings.durable.overridable_existing_instance_states == "AnyState"
    assert (settings.queues.batch_size, settings.queues.new_batch_threshold) == (8, 8)
    assert (settings.blobs.max_degree_of_parallelism, settings.blobs.poison_blob_threshold) == (2, 1)
    assert (settings.queues.message_encoding, settings.queues.visibility_timeout) == ("none", timedelta(seconds=5))
    assert (settings.route_prefix, settings.log_levels.of("Host")) == ("", Level.WARNING)
    assert settings.storage_connection_string == "AccountName=h"


def test_telemetry_is_on_if_host_json_or_a_setting_says_so(tmp_path: Path) -> None:
    """Instances are traced only with version 2 of the durable extension's tracing."""
    assert load(tmp_path).telemetry is Telemetry.OFF
    assert load(tmp_path, APPINSIGHTS_INSTRUMENTATIONKEY="k").telemetry is Telemetry.APPLICATION_INSIGHTS
    insights = {"APPLICATIONINSIGHTS_CONNECTION_STRING": "InstrumentationKey=k"}
    assert load(tmp_path, **insights).telemetry is Telemetry.APPLICATION_INSIGHTS
    tracing = {"distributedTracingEnabled": True}
    versions = [load(tmp_path, {"tracing": {**tracing, **more}}).durable.is_traced for more in ({}, {"version": "v2"})]
    assert versions == [False, True]
    assert not load(tmp_path, {"tracing": {"version": "V2"}}).durable.is_traced
    (tmp_path / "host.json").write_text('{"version": "2.0", "telemetryMode": "openTelemetry"}')
    assert HostSettings.load(tmp_path, environ=insights).telemetry is Telemetry.OPEN_TELEMETRY


def test_an_app_setting_overrides_host_json(tmp_path: Path) -> None:
    """From the environment or from the caller."""
    name = "AzureFunctionsJobHost__extensions__durableTask__hubName"
    assert load(tmp_path, {"hubName": "File"}, **{name: "Environment"}).durable.hub_name == "Environment"
    assert HostSettings.load(tmp_path, {name: "Caller"}, environ={name: "Environment"}).durable.hub_name == "Caller"


def test_the_hub_name_may_come_from_a_setting(tmp_path: Path) -> None:
    """Between percent signs, as anywhere."""
    assert load(tmp_path, {"hubName": "%HUB%"}, HUB="Blue").durable.hub_name == "Blue"


@pytest.mark.parametrize("count", [0, 17, 40, -1, "many", 1.5])
def test_an_invalid_partition_count_is_refused_with_the_extensions_text(tmp_path: Path, count: Any) -> None:
    """Recorded from extension 3.15."""
    with pytest.raises(SettingsError, match=r"^PartitionCount must be an integer value between 1 and 16\.$"):
        load(tmp_path, {"storageProvider": {"partitionCount": count}})


@pytest.mark.parametrize(
    ("kind", "provider"),
    [
        ("azureManaged", "the Durable Task Scheduler"),
        ("AzureManaged", "the Durable Task Scheduler"),
        ("durabletask-scheduler", "the Durable Task Scheduler"),
        ("mssql", "Microsoft SQL Server"),
        ("Netherite", "Netherite"),
    ],
)
def test_an_app_with_another_storage_provider_runs_on_azure_storage(tmp_path: Path, kind: str, provider: str) -> None:
    """In a hub of the same name, at the default connection; the other provider's values are ignored."""
    storage = {"type": kind, "connectionStringName": "SCHEDULER", "partitionCount": 32}
    settings = load(tmp_path, {"hubName": "%HUB%", "storageProvider": storage}, HUB="Orders")
    durable = settings.durable
    assert (durable.hub_name, durable.connection_name, durable.partition_count) == ("Orders", None, 4)
    assert settings.storage_connection_string == "UseDevelopmentStorage=true"
    assert settings.notices == (
        f"host.json keeps the durable state in {provider}, which devhost does not have. "
        "Here it is in Azure Storage (AzureWebJobsStorage), in the task hub 'Orders'.",
    )


@pytest.mark.parametrize("durable", [{"hubName": "%TASKHUB_NAME%"}, {"hubName": ""}, {}])
def test_the_hub_of_another_provider_is_named_default_without_a_name(tmp_path: Path, durable: dict[str, str]) -> None:
    """As in the scheduler's emulator: samples leave the name to a setting that a clone lacks."""
    settings = load(tmp_path, {**durable, "storageProvider": {"type": "azureManaged"}})
    assert settings.durable.hub_name == "default"
    assert "in the task hub 'default'." in settings.notices[0]


@pytest.mark.parametrize(
    ("name", "hub"),
    [
        ("my-hub", "myhub"),
        ("TASKHUB_NAME", "TASKHUBNAME"),
        ("7-eleven", "t7eleven"),
        ("ab", "abHub"),
        ("a-" * 40, "a" * 40),
        ("x" * 60, "x" * 44),
        ("4" * 60, "t" + "4" * 44),
        ("-", "default"),
    ],
)
def test_a_hub_name_that_azure_storage_refuses_is_changed(tmp_path: Path, name: str, hub: str) -> None:
    """In the same way at every start, with a notice."""
    settings = load(tmp_path, {"hubName": name, "storageProvider": {"type": "azureManaged"}})
    assert settings.durable.hub_name == hub
    assert f"in the task hub '{hub}' ('{name}' in host.json; Azure Storage takes 3 to 45" in settings.notices[0]


@pytest.mark.parametrize("kind", [None, "AzureStorage", "azure_storage"])
def test_an_app_on_azure_storage_gets_no_notice(tmp_path: Path, kind: str | None) -> None:
    """Its hub name is unchanged, even if a later check refuses it; a missing setting is reported."""
    storage = {"type": kind} if kind else {}
    settings = load(tmp_path, {"hubName": "my-hub", "storageProvider": storage})
    assert (settings.notices, settings.durable.hub_name) == ((), "my-hub")
    with pytest.raises(SettingsError, match="refers to %TASKHUB_NAME%, which is no app setting"):
        load(tmp_path, {"hubName": "%TASKHUB_NAME%", "storageProvider": storage})


def test_an_unknown_storage_provider_is_refused(tmp_path: Path) -> None:
    """The error lists the known ones; a second account is not supported either."""
    with pytest.raises(SettingsError, match=r"'azuremanged', which is no storage provider.*azureManaged, mssql"):
        load(tmp_path, {"storageProvider": {"type": "azuremanged"}})
    with pytest.raises(SettingsError, match=r"trackingStoreConnectionName .* second account"):
        load(tmp_path, {"storageProvider": {"trackingStoreConnectionName": "Other"}})


@pytest.mark.parametrize(("content", "given"), [("{}", "has no version"), ('{"version": "1.0"}', "has version '1.0'")])
def test_host_json_must_have_version_two(tmp_path: Path, content: str, given: str) -> None:
    """The real host requires it."""
    (tmp_path / "host.json").write_text(content)
    with pytest.raises(SettingsError, match=f"{given}"):
        HostSettings.load(tmp_path, environ={})


def test_bad_json_is_reported_with_file_and_line(tmp_path: Path) -> None:
    """So that the user finds it at once."""
    (tmp_path / "host.json").write_text('{\n  "version": "2.0"\n  "extensions": {}\n}')
    with pytest.raises(SettingsError, match=r"host\.json is no valid JSON: .* line 3, position 2"):
        HostSettings.load(tmp_path, environ={})


def test_a_missing_folder_is_reported(tmp_path: Path) -> None:
    """With the option for another one."""
    with pytest.raises(SettingsError, match=r"There is no folder .*nowhere\. .*--app"):
        HostSettings.load(tmp_path / "nowhere", environ={})


@pytest.mark.parametrize(("text", "count"), [(None, None), ("4", 4), ("0", None), ("many", None)])
def test_a_setting_gives_the_number_of_threads(tmp_path: Path, text: str | None, count: int | None) -> None:
    """An invalid value means the default, as in the real worker."""
    environ = {} if text is None else {"PYTHON_THREADPOOL_THREAD_COUNT": text}
    assert HostSettings.load(tmp_path, environ=environ).thread_count == count


@pytest.mark.parametrize(("text", "count"), [(None, 1), ("", 1), ("4", 4), (" 10 ", 10), ("0", 1), ("-3", 1)])
def test_a_setting_gives_the_number_of_worker_processes(tmp_path: Path, text: str | None, count: int) -> None:
    """One if it is unset or below one, as in the real host."""
    environ = {} if text is None else {"FUNCTIONS_WORKER_PROCESS_COUNT": text}
    assert HostSettings.load(tmp_path, environ=environ).worker_processes == count


@pytest.mark.parametrize("text", ["11", "many", "2.5"])
def test_an_invalid_number_of_worker_processes_is_refused(tmp_path: Path, text: str) -> None:
    """The real host starts no worker then, and only its log says why."""
    with pytest.raises(SettingsError, match=rf"WORKER_PROCESS_COUNT is '{text}'\. Make it a whole number from 1 to 10"):
        HostSettings.load(tmp_path, environ={"FUNCTIONS_WORKER_PROCESS_COUNT": text})


def test_the_homepage_can_be_switched_off(tmp_path: Path) -> None:
    """By the same setting as in Azure."""
    shown = [
        HostSettings.load(tmp_path, environ={"AzureWebJobsDisableHomepage": text}).homepage for text in ("", "True")
    ]
    assert [True, False] == shown


def test_settings_point_to_the_azurite_that_was_started(tmp_path: Path) -> None:
    """Every connection that was development storage, and the hub's."""
    settings = load(tmp_path, Approvals="UseDevelopmentStorage=true").on_storage("AccountName=devhost")
    assert settings.storage_connection_string == "AccountName=devhost"
    assert settings.connection_string("Approvals") == "AccountName=devhost"


def test_settings_do_not_show_secrets(tmp_path: Path) -> None:
    """A log line with them reveals nothing."""
    assert "hunter2" not in repr(load(tmp_path, Password="hunter2"))


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        (None, timedelta(minutes=30)),
        ("00:00:05", timedelta(seconds=5)),
        ("1", timedelta(days=1)),
        (-1, None),
        ("-1", None),
        ("-1.00:00:00", None),
        ("", timedelta(minutes=30)),
    ],
)
def test_the_timeout_of_functions_equals_that_of_the_real_host(
    tmp_path: Path, text: Any, limit: timedelta | None
) -> None:
    """Half an hour by default; -1 means no limit."""
    (tmp_path / "host.json").write_text(json.dumps({"version": "2.0", "functionTimeout": text}))
    assert HostSettings.load(tmp_path, environ={}).function_timeout == limit


@pytest.mark.parametrize("text", ["00:00:00.5", "-00:01:00", "soon", "-2", "00:99:00", ["00:01:00"]])
def test_a_timeout_with_which_the_real_host_does_not_start_is_refused(tmp_path: Path, text: Any) -> None:
    """The error names file and key."""
    (tmp_path / "host.json").write_text(json.dumps({"version": "2.0", "functionTimeout": text}))
    with pytest.raises(SettingsError, match=r"functionTimeout in host\.json"):
        HostSettings.load(tmp_path, environ={})


def test_unsupported_keys_are_named_with_their_place(tmp_path: Path) -> None:
    """Those of the file, and those of app settings that override it."""
    (tmp_path / "host.json").write_text('{"version": "2.0", "healthMonitor": {}, "watchFiles": ["a.txt"], "x": 1}')
    environ = {"AzureFunctionsJobHost__extensions__queues__batchsise": "4", "AzureFunctionsJobHost__x": "2"}
    what = "devhost's docs/azure.md says what Azure does."
    assert HostSettings.load(tmp_path, environ=environ).notices == (
        f"{tmp_path / 'host.json'}: devhost does not act on watchFiles and x. {what}",
        f"App settings (AzureFunctionsJobHost__…): devhost does not act on extensions.queues.batchsise. {what}",
    )


def test_log_levels_below_information_need_a_setting_of_the_worker(tmp_path: Path) -> None:
    """As on Azure; the start says so."""
    (tmp_path / "host.json").write_text('{"version": "2.0", "logging": {"logLevel": {"Function": "Debug"}}}')
    settings = HostSettings.load(tmp_path, environ={})
    (said,) = settings.notices
    assert (settings.worker_log_level, "PYTHON_ENABLE_DEBUG_LOGGING is 1" in said) == (Level.INFORMATION, True)
    settings = HostSettings.load(tmp_path, environ={"PYTHON_ENABLE_DEBUG_LOGGING": "true"})
    assert (settings.worker_log_level, settings.notices) == (Level.DEBUG, ())


def test_a_setting_gives_the_time_zone_of_schedules(tmp_path: Path) -> None:
    """The start reports it."""
    settings = HostSettings.load(tmp_path, environ={"WEBSITE_TIME_ZONE": "Europe/Berlin"})
    (said,) = settings.notices
    assert (str(settings.time_zone), "Europe/Berlin" in said) == ("Europe/Berlin", True)
