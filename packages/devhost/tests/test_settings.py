"""Host settings: the defaults of the real host, what host.json changes, and what is refused."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from durable_devhost.errors import SettingsError
from durable_devhost.settings import HostSettings


def load(folder: Path, durable: dict[str, Any] | None = None, **environ: str) -> HostSettings:
    """Settings of an app with that durable section, on a machine of two CPUs."""
    content = {"version": "2.0", "extensions": {"durableTask": durable or {}}}
    (folder / "host.json").write_text(json.dumps(content))
    return HostSettings.load(folder, environ=environ, cpus=2)


def test_an_app_without_host_json_has_the_defaults_of_the_real_host(tmp_path: Path) -> None:
    """Recorded from extension 3.15 on two CPUs, but for the polling interval that the recording had set."""
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


def test_the_queue_defaults_are_those_of_the_queue_extension(tmp_path: Path) -> None:
    """Half a batch a CPU is the threshold for the next one."""
    queues = HostSettings.load(tmp_path, environ={}, cpus=2).queues
    assert (queues.batch_size, queues.new_batch_threshold, queues.max_dequeue_count) == (16, 16, 5)
    assert (queues.max_polling_interval, queues.visibility_timeout) == (timedelta(minutes=1), timedelta())
    assert queues.message_encoding == "base64"


def test_host_json_decides(tmp_path: Path) -> None:
    """Comments in it are tolerated."""
    (tmp_path / "host.json").write_text("""{
        "version": "2.0", // the only one
        "logging": {"logLevel": {"default": "Warning"}},
        "extensions": {
            "http": {"routePrefix": ""},
            "queues": {"batchSize": 8, "messageEncoding": "None", "visibilityTimeout": "00:00:05"},
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
    assert (settings.queues.message_encoding, settings.queues.visibility_timeout) == ("none", timedelta(seconds=5))
    assert (settings.route_prefix, settings.log_level) == ("", "Warning")
    assert settings.storage_connection_string == "AccountName=h"


def test_an_app_setting_overrides_host_json(tmp_path: Path) -> None:
    """From the environment or from the caller."""
    name = "AzureFunctionsJobHost__extensions__durableTask__hubName"
    assert load(tmp_path, {"hubName": "File"}, **{name: "Environment"}).durable.hub_name == "Environment"
    assert HostSettings.load(tmp_path, {name: "Caller"}, environ={name: "Environment"}).durable.hub_name == "Caller"


def test_the_hub_name_may_come_from_a_setting(tmp_path: Path) -> None:
    """As between percent signs anywhere."""
    assert load(tmp_path, {"hubName": "%HUB%"}, HUB="Blue").durable.hub_name == "Blue"


@pytest.mark.parametrize("count", [0, 17, 40, -1, "many", 1.5])
def test_a_partition_count_that_no_hub_can_have_is_refused_in_the_extensions_words(tmp_path: Path, count: Any) -> None:
    """Recorded from extension 3.15."""
    with pytest.raises(SettingsError, match=r"^PartitionCount must be an integer value between 1 and 16\.$"):
        load(tmp_path, {"storageProvider": {"partitionCount": count}})


def test_another_storage_provider_is_refused(tmp_path: Path) -> None:
    """devhost keeps its state in Azure Storage only."""
    with pytest.raises(SettingsError, match="'mssql'; devhost keeps its state in Azure Storage only"):
        load(tmp_path, {"storageProvider": {"type": "mssql"}})
    with pytest.raises(SettingsError, match=r"trackingStoreConnectionName .* second account"):
        load(tmp_path, {"storageProvider": {"trackingStoreConnectionName": "Other"}})


@pytest.mark.parametrize(("content", "given"), [("{}", "has no version"), ('{"version": "1.0"}', "has version '1.0'")])
def test_host_json_must_have_version_two(tmp_path: Path, content: str, given: str) -> None:
    """As the real host asks."""
    (tmp_path / "host.json").write_text(content)
    with pytest.raises(SettingsError, match=f"{given}"):
        HostSettings.load(tmp_path, environ={})


def test_bad_json_is_named_with_file_and_line(tmp_path: Path) -> None:
    """The person finds it at once."""
    (tmp_path / "host.json").write_text('{\n  "version": "2.0"\n  "extensions": {}\n}')
    with pytest.raises(SettingsError, match=r"host\.json is no valid JSON: line 3, column 3"):
        HostSettings.load(tmp_path, environ={})


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    """With the option to give another."""
    with pytest.raises(SettingsError, match=r"There is no folder .*nowhere\. .*--app"):
        HostSettings.load(tmp_path / "nowhere", environ={})


@pytest.mark.parametrize(("text", "count"), [(None, None), ("4", 4), ("0", None), ("many", None)])
def test_the_pool_of_sync_functions_has_its_setting(tmp_path: Path, text: str | None, count: int | None) -> None:
    """Nonsense means the default, as in the real worker."""
    environ = {} if text is None else {"PYTHON_THREADPOOL_THREAD_COUNT": text}
    assert HostSettings.load(tmp_path, environ=environ).thread_count == count


def test_the_homepage_can_be_switched_off(tmp_path: Path) -> None:
    """By the same setting as in Azure."""
    shown = [
        HostSettings.load(tmp_path, environ={"AzureWebJobsDisableHomepage": text}).homepage for text in ("", "True")
    ]
    assert [True, False] == shown


def test_settings_move_to_the_azurite_that_was_started(tmp_path: Path) -> None:
    """Every connection that was development storage, and the hub's."""
    settings = load(tmp_path, Approvals="UseDevelopmentStorage=true").on_storage("AccountName=devhost")
    assert settings.storage_connection_string == "AccountName=devhost"
    assert settings.connection_string("Approvals") == "AccountName=devhost"


def test_settings_do_not_show_secrets(tmp_path: Path) -> None:
    """A log line with them gives nothing away."""
    assert "hunter2" not in repr(load(tmp_path, Password="hunter2"))
