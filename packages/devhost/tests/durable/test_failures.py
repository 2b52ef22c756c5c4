"""The texts of a failed activity, as published workarounds parse them."""

import json

from durable_devhost.durable.failures import (
    absent_activity,
    absent_entity,
    failure_details,
    failure_reason,
    missing_details,
    missing_entity,
    missing_orchestrator,
    timeout_details,
)


def test_the_reason_names_the_activity() -> None:
    """With one blank, as in extension 3.19."""
    assert failure_reason("Pay", "ValueError: boom") == "Activity function 'Pay' failed: ValueError: boom"


def test_the_details_are_the_json_of_a_dotnet_exception() -> None:
    """`$type` is first, and the Python frames are inside."""
    text = failure_details("ValueError: bööm", "  File x")
    details = json.loads(text)
    assert next(iter(details)) == "$type"
    assert details["Message"] == "ValueError: bööm"
    inner = details["InnerException"]
    assert (inner["RemoteMessage"], inner["RemoteStackTrace"]) == ("ValueError: bööm", "  File x")
    assert inner["Message"] == "Result: Failure\nException: ValueError: bööm\nStack:   File x"
    assert "bööm" in text


def test_a_disabled_activity_fails_with_the_exception_of_the_extension() -> None:
    """Recorded."""
    reason, details = absent_activity("off", "is disabled")
    assert reason == "Activity function 'off' failed: Activity function 'off' is disabled."
    extension = "Microsoft.Azure.WebJobs.Extensions.DurableTask"
    assert details.startswith(
        f'{{"$type":"{extension}.FunctionFailedException, {extension}",'
        f'"ClassName":"{extension}.FunctionFailedException","Message":"Activity function \'off\' is disabled."'
    )


def test_what_is_not_there_is_named_with_what_is() -> None:
    """An app with orchestrators and no entity has an empty name in quotes, as in the extension."""
    start = "The function 'x' doesn't exist, is disabled, or is not an {} function. Additional info: {}"
    following = "The following are the known {} functions: {}."
    for text, kind, info in (
        (missing_orchestrator("x", ["a", "b"]), "orchestrator", following.format("orchestrator", "'a', 'b'")),
        (missing_orchestrator("x", []), "orchestrator", "No orchestrator functions are currently registered!"),
        (missing_entity("x", ["e"], ["a"]), "entity", following.format("entity", "'e'")),
        (missing_entity("x", [], ["a"]), "entity", following.format("entity", "''")),
        (missing_entity("x", ["e"], []), "entity", "No entity functions are currently registered!"),
    ):
        assert text == start.format(kind, info)
    message = json.loads(absent_entity("x", ["e"], ["a"]))["Message"]
    assert message == missing_entity("x", ["e"], ["a"])


def test_a_disabled_child_fails_with_an_exception_of_the_task_framework() -> None:
    """Recorded."""
    details = missing_details("The function 'off' …")
    assert details.startswith('{"$type":"DurableTask.Core.Exceptions.OrchestrationFailureException, DurableTask.Core",')
    assert json.loads(details)["Message"] == "The function 'off' …"


def test_a_timeout_fails_with_the_exception_of_the_functions_host() -> None:
    """Recorded: its three own fields come before those of every exception."""
    details = json.loads(timeout_details("too long", "00:00:05", "an-id", "Functions.slow"))
    kind = "Microsoft.Azure.WebJobs.Host.FunctionTimeoutException"
    assert list(details.items())[:6] == [
        ("$type", f"{kind}, Microsoft.Azure.WebJobs.Host"), ("Timeout", "00:00:05"), ("InstanceId", "an-id"),
        ("MethodName", "Functions.slow"), ("Handled", False), ("ClassName", kind),
    ]  # fmt: skip
    assert (details["Message"], details["InnerException"]) == ("too long", None)
