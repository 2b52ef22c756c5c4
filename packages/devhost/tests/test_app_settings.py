"""App settings: the file below the environment, connections looked up as WebJobs does, development storage replaced."""

import json
from pathlib import Path
from typing import Any

import pytest

from durable_devhost.app_settings import AppSettings
from durable_devhost.errors import SettingsError

SHORTHAND = "UseDevelopmentStorage=true"
REAL = "AccountName=a;AccountKey=b"


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


def test_values_may_be_numbers_and_truths(tmp_path: Path) -> None:
    """They become text; null is no setting."""
    settings = load(tmp_path, {"Values": {"n": 5, "yes": True, "none": None}})
    assert ["5", "true", None] == [settings.get("n"), settings.get("yes"), settings.get("none")]


def test_names_are_found_in_any_case_and_with_colons(tmp_path: Path) -> None:
    """Two underscores are a colon."""
    settings = load(tmp_path, {"Values": {"My__Nested": "x"}})
    assert ["x", "x"] == [settings["MY:NESTED"], settings["my__nested"]]


def test_an_app_without_a_file_gets_development_storage(tmp_path: Path) -> None:
    """So that any app starts."""
    settings = load(tmp_path)
    assert settings.connection_string() == SHORTHAND
    assert settings.uses_development_storage


def test_development_storage_is_replaced_wherever_it_stands(tmp_path: Path) -> None:
    """Every spelling of the shorthand, nothing else; the first settings stay as they were."""
    before = load(
        tmp_path,
        {"Values": {"AzureWebJobsStorage": SHORTHAND, "Mine": " usedevelopmentstorage = TRUE; ", "Other": REAL}},
    )
    after = before.with_storage("REAL")
    assert {"AzureWebJobsStorage": "REAL", "Mine": "REAL", "Other": REAL} == dict(after)
    assert before["AzureWebJobsStorage"] == SHORTHAND
    assert not after.uses_development_storage


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
def test_a_connection_is_looked_up_as_webjobs_does(tmp_path: Path, values: dict[str, str], name: str | None) -> None:
    """With the prefix first, below ConnectionStrings or at the top; no name means AzureWebJobsStorage."""
    assert load(tmp_path, {"Values": values}).connection_string(name) == REAL


@pytest.mark.parametrize("value", [REAL, {"ConnectionString": REAL, "ProviderName": "x"}])
def test_the_files_own_connection_strings_count(tmp_path: Path, value: object) -> None:
    """In both forms that Core Tools knows."""
    assert load(tmp_path, {"ConnectionStrings": {"Sql": value}}).connection_string("Sql") == REAL


def test_a_connection_that_is_missing_is_named_with_what_to_add(tmp_path: Path) -> None:
    """The whole line, ready to be typed."""
    with pytest.raises(SettingsError, match=r"no connection 'Approvals'\. Add Approvals to Values.*UseDevelopment"):
        load(tmp_path).connection_string("Approvals")


def test_an_identity_is_no_connection_string(tmp_path: Path) -> None:
    """It works in Azure only, and is not papered over with development storage."""
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
def test_a_file_that_makes_no_sense_is_refused(tmp_path: Path, content: dict[str, Any], text: str) -> None:
    """Each with its own sentence."""
    with pytest.raises(SettingsError, match=text):
        load(tmp_path, content)


def test_bad_json_and_unreadable_bytes_are_named_with_the_file(tmp_path: Path) -> None:
    """Never a bare traceback."""
    path = tmp_path / "local.settings.json"
    path.write_text("{\n  oops\n}")
    with pytest.raises(SettingsError, match=r"local\.settings\.json is no valid JSON: line 2, column 3"):
        load(tmp_path)
    path.write_bytes(b'{"Values": {"A": "\xff"}}')
    with pytest.raises(SettingsError, match=r"local\.settings\.json cannot be read"):
        load(tmp_path)


def test_secrets_do_not_show_in_its_own_form(tmp_path: Path) -> None:
    """A log line with the settings gives nothing away."""
    assert "AccountKey" not in repr(load(tmp_path, {"Values": {"A": REAL}}))
