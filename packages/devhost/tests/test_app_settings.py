"""App settings: the file below the environment, connections looked up as WebJobs does, development storage replaced."""

import json
from pathlib import Path
from typing import Any

import pytest

from durable_devhost.app_settings import DEVELOPMENT_KEY, AppSettings, is_development_storage, worker_environment
from durable_devhost.errors import SettingsError

SHORTHAND = "UseDevelopmentStorage=true"
REAL = "AccountName=a;AccountKey=b"
ACCOUNT = f"AccountName=devstoreaccount1;AccountKey={DEVELOPMENT_KEY}"
BLOB = "BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1"
QUEUE = "QueueEndpoint=http://127.0.0.1:10001/devstoreaccount1"
TABLE = "TableEndpoint=http://127.0.0.1:10002/devstoreaccount1"


def load(folder: Path, content: dict[str, Any] | None = None, **environ: str) -> AppSettings:
    """Settings of an app with that local.settings.json."""
    if content is not None:
        (folder / "local.settings.json").write_text(json.dumps(content))
    return AppSettings.load(folder, environ)


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    """As with Core Tools; overrides win over both."""
    (tmp_path / "local.settings.json").write_text('{"Values": {"A": "file", "B": "file", "C": "file"}} // local')
    settings = AppSettings.load(tmp_path, {"B": "environment", "C": "environment"}, {"C": "override"})
    assert ["file", "environment", "override"] == [settings["A"], settings["B"], settings["C"]]


def test_an_empty_variable_does_not_win(tmp_path: Path) -> None:
    """Core Tools counts it as unset; it is used if the file has no value."""
    settings = load(tmp_path, {"Values": {"A": "file"}}, A="", B="")
    assert ["file", ""] == [settings["A"], settings["B"]]


def test_values_may_be_numbers_and_booleans(tmp_path: Path) -> None:
    """They become text; null is no setting."""
    settings = load(tmp_path, {"Values": {"n": 5, "yes": True, "none": None}})
    assert ["5", "true", None] == [settings.get("n"), settings.get("yes"), settings.get("none")]


def test_names_ignore_case_and_two_underscores_are_a_colon(tmp_path: Path) -> None:
    """As in .NET's configuration."""
    settings = load(tmp_path, {"Values": {"My__Nested": "x"}})
    assert ["x", "x"] == [settings["MY:NESTED"], settings["my__nested"]]


def test_an_app_without_a_file_gets_development_storage(tmp_path: Path) -> None:
    """So every app starts."""
    settings = load(tmp_path)
    assert settings.connection_string() == SHORTHAND
    assert settings.uses_development_storage


def test_development_storage_is_replaced_in_every_spelling(tmp_path: Path) -> None:
    """The shorthand and nothing else; the original settings are unchanged."""
    before = load(
        tmp_path,
        {"Values": {"AzureWebJobsStorage": SHORTHAND, "Mine": f"{ACCOUNT};{BLOB}", "Other": REAL}},
    )
    after = before.with_storage("REAL")
    assert {"AzureWebJobsStorage": "REAL", "Mine": "REAL", "Other": REAL} == dict(after)
    assert before["AzureWebJobsStorage"] == SHORTHAND
    assert not after.uses_development_storage


def test_a_written_out_connection_string_needs_azurite_too(tmp_path: Path) -> None:
    """Even if it is the only one."""
    assert load(tmp_path, AzureWebJobsStorage=f"{ACCOUNT};{BLOB};{QUEUE};{TABLE}").uses_development_storage
    assert not load(tmp_path, AzureWebJobsStorage=REAL).uses_development_storage


@pytest.mark.parametrize(
    "text",
    [
        SHORTHAND,
        " usedevelopmentstorage = TRUE; ",
        f"{SHORTHAND};DevelopmentStorageProxyUri=http://127.0.0.1",
        f"DevelopmentStorageProxyUri=http://localhost/;{SHORTHAND};",
        f"DefaultEndpointsProtocol=http;{ACCOUNT};{BLOB};{QUEUE};{TABLE};",
        f"{TABLE};{QUEUE};{BLOB};{ACCOUNT};DefaultEndpointsProtocol=http",
        f"{ACCOUNT};{BLOB}",
        f"{ACCOUNT};{QUEUE};{TABLE}",
        f"accountname=devstoreaccount1; ACCOUNTKEY = {DEVELOPMENT_KEY} ; {BLOB.lower()}/",
        f"{ACCOUNT};BlobEndpoint=https://LOCALHOST:10000/devstoreaccount1",
        f"{ACCOUNT};BlobEndpoint=http://[::1]:10000/devstoreaccount1;EndpointSuffix=core.windows.net",
    ],
)
def test_these_mean_development_storage(text: str) -> None:
    """The shorthand and its long form, in any case and order, with all three services or some."""
    assert is_development_storage(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5",
        REAL,
        "UseDevelopmentStorage=false",
        f"{SHORTHAND};DevelopmentStorageProxyUri=http://azurite",
        f"{SHORTHAND};{BLOB}",
        ACCOUNT,
        f"DefaultEndpointsProtocol=https;{ACCOUNT};EndpointSuffix=core.windows.net",
        f"AccountName=other;AccountKey={DEVELOPMENT_KEY};BlobEndpoint=http://127.0.0.1:10000/other",
        f"AccountName=devstoreaccount1;AccountKey=b3RoZXI=;{BLOB}",
        f"AccountName=devstoreaccount1;SharedAccessSignature=sv;{BLOB}",
        f"{ACCOUNT};{BLOB};QueueEndpoint=http://127.0.0.1:20001/devstoreaccount1",
        f"{ACCOUNT};BlobEndpoint=http://127.0.0.1:10001/devstoreaccount1",
        f"{ACCOUNT};BlobEndpoint=http://azurite:10000/devstoreaccount1",
        f"{ACCOUNT};BlobEndpoint=http://127.0.0.1:10000/other",
        f"{ACCOUNT};BlobEndpoint=http://127.0.0.1/devstoreaccount1",
        f"{ACCOUNT};BlobEndpoint=http://[::1",
        f"{ACCOUNT};BlobEndpoint=http://127.0.0.1:many/devstoreaccount1",
        f"{ACCOUNT};FileEndpoint=http://127.0.0.1:10000/devstoreaccount1",
    ],
)
def test_these_do_not_mean_development_storage(text: str) -> None:
    """Other accounts, keys, machines, ports and services; the account without an endpoint is one in Azure."""
    assert not is_development_storage(text)


@pytest.mark.parametrize(
    ("values", "name"),
    [
        ({"Approvals": REAL}, "Approvals"),
        ({"AzureWebJobsApprovals": REAL}, "Approvals"),
        ({"ConnectionStrings__Approvals": REAL}, "Approvals"),
        ({"ConnectionStrings:AzureWebJobsApprovals": REAL}, "Approvals"),
        ({"AzureWebJobsApprovals": REAL, "Approvals": "not this"}, "Approvals"),
        ({"AzureWebJobsStorage": REAL}, None),
        ({"AzureWebJobsStorage": REAL}, ""),
        ({"AzureWebJobsStorage": REAL}, "Storage"),
        ({"AzureWebJobsStorage": REAL}, "azurewebjobsstorage"),
    ],
)
def test_a_connection_is_found_as_webjobs_finds_it(tmp_path: Path, values: dict[str, str], name: str | None) -> None:
    """With the prefix first, below ConnectionStrings or at the top; no name means AzureWebJobsStorage."""
    assert load(tmp_path, {"Values": values}).connection_string(name) == REAL


@pytest.mark.parametrize("value", [REAL, {"ConnectionString": REAL, "ProviderName": "x"}])
def test_the_connection_strings_of_the_file_count(tmp_path: Path, value: object) -> None:
    """In both forms that Core Tools reads."""
    assert load(tmp_path, {"ConnectionStrings": {"Sql": value}}).connection_string("Sql") == REAL


def test_the_error_for_a_missing_connection_says_what_to_add(tmp_path: Path) -> None:
    """The whole line, ready to paste."""
    with pytest.raises(SettingsError, match=r"no connection 'Approvals'\. Add Approvals to Values.*UseDevelopment"):
        load(tmp_path).connection_string("Approvals")


def test_an_identity_is_not_a_connection_string(tmp_path: Path) -> None:
    """It works only in Azure, and devhost must not use development storage instead."""
    settings = load(tmp_path, AzureWebJobsStorage__accountName="prod")
    with pytest.raises(SettingsError, match="identity, which works in Azure only"):
        settings.connection_string()


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({"IsEncrypted": True, "Values": {}}, "is encrypted.*func settings decrypt"),
        ({"Values": ["A"]}, "Values in .* must be an object"),
        ({"Values": {"A": {"B": "c"}}}, r"Values\.A in .* must be a text.*A__key"),
        ({"ConnectionStrings": "x"}, "ConnectionStrings in .* must be an object"),
    ],
)
def test_an_invalid_file_is_refused(tmp_path: Path, content: dict[str, Any], text: str) -> None:
    """Each mistake with its own sentence."""
    with pytest.raises(SettingsError, match=text):
        load(tmp_path, content)


def test_bad_json_and_unreadable_bytes_are_reported_with_the_file(tmp_path: Path) -> None:
    """Never as a bare traceback."""
    path = tmp_path / "local.settings.json"
    path.write_text("{\n  oops\n}")
    with pytest.raises(SettingsError, match=r"local\.settings\.json is no valid JSON: .* line 3, position 0"):
        load(tmp_path)
    path.write_bytes(b'{"Values": {"A": "\xff"}}')
    with pytest.raises(SettingsError, match=r"local\.settings\.json cannot be read"):
        load(tmp_path)


def test_the_repr_of_settings_shows_no_secret(tmp_path: Path) -> None:
    """A log line with the settings reveals nothing."""
    assert "AccountKey" not in repr(load(tmp_path, {"Values": {"A": REAL}}))


def worker(settings: AppSettings, **environ: str) -> dict[str, str]:
    """The environment of the worker of an app in /app, whose host is on port 7071."""
    return worker_environment(settings, environ, port=7071, app_dir=Path("/app"), python=Path("/venv/bin/python"))


def test_the_worker_gets_the_environment_the_settings_and_the_hosts_variables(tmp_path: Path) -> None:
    """Names and values as `func start` gives them."""
    made = worker(load(tmp_path, {"Values": {"MINE": "file"}}, PATH="/bin"), PATH="/bin", LATER="x")
    assert made == {
        "ASPNETCORE_SUPPRESSSTATUSMESSAGES": "true",
        "AZURE_FUNCTIONS_ENVIRONMENT": "Development",
        "AzureWebJobsScriptRoot": "/app",
        "AzureWebJobsStorage": SHORTHAND,
        "FUNCTIONS_APPLICATION_DIRECTORY": "/app",
        "FUNCTIONS_CORETOOLS_ENVIRONMENT": "true",
        "FUNCTIONS_WORKER_DIRECTORY": made["FUNCTIONS_WORKER_DIRECTORY"],
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "LATER": "x",
        "MINE": "file",
        "PATH": "/bin",
        "PYTHON_THREADPOOL_THREAD_COUNT": "1000",
        "WEBSITE_HOSTNAME": "localhost:7071",
        "languageWorkers__python__defaultExecutablePath": "/venv/bin/python",
    }
    assert Path(made["FUNCTIONS_WORKER_DIRECTORY"]).name == "worker"


def test_variables_of_the_app_win_over_those_of_the_host(tmp_path: Path) -> None:
    """From local.settings.json or the environment, which wins; an empty value counts as none."""
    environ = {"WEBSITE_HOSTNAME": "example.org", "BOTH": "environment", "FUNCTIONS_WORKER_RUNTIME": ""}
    values = {"PYTHON_THREADPOOL_THREAD_COUNT": "8", "BOTH": "file"}
    made = worker(load(tmp_path, {"Values": values}, **environ), **environ)
    assert (made["WEBSITE_HOSTNAME"], made["PYTHON_THREADPOOL_THREAD_COUNT"]) == ("example.org", "8")
    assert (made["BOTH"], made["FUNCTIONS_WORKER_RUNTIME"]) == ("environment", "python")


def test_the_environment_is_development_unless_the_process_says_otherwise(tmp_path: Path) -> None:
    """Core Tools overrides local.settings.json here, with a message."""
    settings = load(tmp_path, {"Values": {"AZURE_FUNCTIONS_ENVIRONMENT": "Production"}})
    assert worker(settings)["AZURE_FUNCTIONS_ENVIRONMENT"] == "Development"
    assert worker(settings, AZURE_FUNCTIONS_ENVIRONMENT="Staging")["AZURE_FUNCTIONS_ENVIRONMENT"] == "Staging"


def test_the_worker_gets_the_real_storage_address(tmp_path: Path) -> None:
    """Not the shorthand from the environment."""
    environ = {"AzureWebJobsStorage": SHORTHAND}
    assert worker(load(tmp_path, **environ).with_storage(REAL), **environ)["AzureWebJobsStorage"] == REAL


def test_connection_strings_keep_the_colon_in_their_name(tmp_path: Path) -> None:
    """As Core Tools passes them."""
    made = worker(load(tmp_path, {"ConnectionStrings": {"Sql": {"ConnectionString": REAL}}}))
    assert made["ConnectionStrings:Sql"] == REAL


def test_settings_that_no_environment_can_hold_are_left_out(tmp_path: Path) -> None:
    """The worker would not start with them."""
    made = worker(load(tmp_path, {"Values": {"": "no name", "A=B": "x", "NUL": "\0", "GOOD": "x"}}))
    assert {"", "A=B", "NUL", "GOOD"} & made.keys() == {"GOOD"}
