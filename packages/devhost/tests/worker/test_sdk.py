"""Which SDK versions run, and what they name differently."""

import sys

import pytest

from durable_devhost.worker import sdk


def test_the_installed_versions_are_reported():
    """Those of this environment."""
    found = sdk.installed_versions()
    assert found[sdk.FUNCTIONS].startswith(("1.", "2."))
    assert found[sdk.DURABLE].startswith("1.")
    assert sdk.refusal(found) is None


@pytest.mark.parametrize(
    ("functions", "durable", "expected"),
    [
        ("1.11.0", None, None),
        ("1.10.1", None, "azure-functions 1.10.1 is installed in {python}; devhost runs 1.11 and later."),
        ("1.12.0", "1.2.0", None),
        ("2.3.0", "1.7.0", None),
        (
            "1.26.0",
            "2.0.0b1",
            "azure-functions-durable 2.0.0b1 is installed in {python}; devhost runs 1.2 to 1.7. 2.x "
            "talks to its host by gRPC, which devhost does not. For local runs: {python} -m pip install "
            "'azure-functions-durable>=1.2,<2'",
        ),
        (
            "1.26.0",
            "1.1.6",
            "azure-functions-durable 1.1.6 is installed in {python}; devhost runs 1.2 to 1.7. For local "
            "runs: {python} -m pip install 'azure-functions-durable>=1.2,<2'",
        ),
        (None, None, None),  # without metadata, but it can be imported
    ],
)
def test_unsupported_versions_are_refused_with_the_version_found(functions, durable, expected):
    """One sentence each."""
    found = sdk.refusal({sdk.FUNCTIONS: functions, sdk.DURABLE: durable})
    assert found == (expected and expected.format(python=sys.executable))


def test_a_missing_azure_functions_error_says_how_to_install_it(monkeypatch):
    """With the command."""
    monkeypatch.setattr(sdk, "_can_import", lambda _: False)
    text = sdk.refusal({sdk.FUNCTIONS: None, sdk.DURABLE: None})
    assert text.startswith(f"azure-functions is not installed in {sys.executable}.")
    assert "pip install -r requirements.txt" in text


def test_the_users_function_is_found_in_the_wrapper_of_any_version():
    """Since 1.3 by an attribute, before that in the closure."""

    def story(context): ...

    def handle(context):
        return fn(context)

    fn = story
    assert sdk.unwrap_function(handle) is handle  # a closure of the user's own says nothing
    handle.__module__ = "azure.durable_functions.orchestrator"
    assert sdk.unwrap_function(handle) is story
    handle.orchestrator_function = handle
    assert sdk.unwrap_function(handle) is handle
    assert sdk.unwrap_function(print) is print


def test_versions_without_settings_have_no_retry_policy():
    """Before azure-functions 1.18."""
    assert sdk.retry_policy(object()) is None


def test_the_types_that_the_executor_makes_for_each_execution_are_made_once():
    """They are the same, and take as long as a step."""
    from azure.durable_functions.models.TaskOrchestrationExecutor import TaskOrchestrationExecutor

    sdk.make_payload_types_once()
    first, second = TaskOrchestrationExecutor(), TaskOrchestrationExecutor()
    pairs = zip(first.event_to_SetTaskValuePayload.values(), second.event_to_SetTaskValuePayload.values(), strict=True)
    assert all(type(one) is type(other) and one == other for one, other in pairs)
