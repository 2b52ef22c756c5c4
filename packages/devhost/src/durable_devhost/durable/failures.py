"""The text of a failed activity, as the real host stores it. Pure.

`Details` is the JSON of a .NET exception; published workarounds parse it and read `Message`, so it stays parseable
(extension `TaskActivityShim.cs`; keys and order recorded from extension 3.15). .NET's own stack frames are left out.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from durable_devhost.json_text import compact

_EXTENSION = "Microsoft.Azure.WebJobs.Extensions.DurableTask"
_FUNCTION_FAILED = f"{_EXTENSION}.FunctionFailedException, {_EXTENSION}"


def failure_reason(activity: str, message: str) -> str:
    """The reason of a TaskFailed event; before extension 3.19 it had two blanks."""
    return f"Activity function '{activity}' failed: {message}"


def failure_details(message: str, stack: str) -> str:
    """The details of a TaskFailed event; `message` is `ValueError: boom`, `stack` the Python frames."""
    inner: dict[str, Any] = {
        "$type": "Microsoft.Azure.WebJobs.Script.Workers.Rpc.RpcException, Microsoft.Azure.WebJobs.Script",
        "IsUserException": False,
        "RemoteStackTrace": stack,
        "RemoteMessage": message,
        "RemoteTypeName": None,
        "Message": f"Result: Failure\nException: {message}\nStack: {stack}",
        "Data": {"$type": "System.Collections.ListDictionaryInternal, System.Private.CoreLib"},
        "InnerException": None,
        "HelpLink": None,
        "Source": "System.Private.CoreLib",
        "HResult": -2146233088,
        "StackTrace": "",
    }
    return _exception("System.Exception, System.Private.CoreLib", message, inner)


def absent_activity(name: str, why: str) -> tuple[str, str]:
    """Reason and details where an activity `is disabled` (recorded) or `does not exist`; no function has failed."""
    message = f"Activity function '{name}' {why}."
    return failure_reason(name, message), _exception(_FUNCTION_FAILED, message, None)


def missing_orchestrator(name: str, known: Sequence[str]) -> str:
    """Why an orchestrator cannot run, in the extension's words."""
    return _missing(name, "orchestrator", known, bool(known))


def missing_entity(name: str, known: Sequence[str], orchestrators: Sequence[str]) -> str:
    """Why an entity cannot run, in the extension's words; it looks at the known `orchestrators` to see if any are."""
    return _missing(name, "entity", known, bool(orchestrators))


def absent_entity(name: str, known: Sequence[str], orchestrators: Sequence[str]) -> str:
    """The result of each operation on an entity that is disabled or has left the app, as JSON text.

    No function has failed, so the exception is the extension's own (`DurableTaskExtension.EntityMiddleware`, 3.19).
    """
    return _exception(_FUNCTION_FAILED, missing_entity(name, known, orchestrators), None)


def _missing(name: str, kind: str, known: Sequence[str], is_any_known: bool) -> str:
    names = "', '".join(known)
    info = f"The following are the known {kind} functions: '{names}'."
    none = f"No {kind} functions are currently registered!"
    return (
        f"The function '{name}' doesn't exist, is disabled, or is not an {kind} function. "
        f"Additional info: {info if is_any_known else none}"
    )


def missing_details(message: str) -> str:
    """The details of a child that fails because its function is disabled (recorded); others have none of .NET."""
    kind = "DurableTask.Core.Exceptions.OrchestrationFailureException, DurableTask.Core"
    return _exception(kind, message, None)


def timeout_details(message: str, limit: str, invocation_id: str, method: str) -> str:
    """The details of an activity over `functionTimeout`; `limit` is a TimeSpan (recorded; order of `GetObjectData`)."""
    kind = "Microsoft.Azure.WebJobs.Host.FunctionTimeoutException, Microsoft.Azure.WebJobs.Host"
    own = {"Timeout": limit, "InstanceId": invocation_id, "MethodName": method, "Handled": False}
    return _exception(kind, message, None, own)


def _exception(kind: str, message: str, inner: Mapping[str, Any] | None, own: Mapping[str, Any] | None = None) -> str:
    outer = {
        "$type": kind,
        **(own or {}),
        "ClassName": kind.partition(",")[0],
        "Message": message,
        "Data": None,
        "InnerException": inner,
        "HelpURL": None,
        "StackTraceString": None,
        "RemoteStackTraceString": None,
        "RemoteStackIndex": 0,
        "ExceptionMethod": None,
        "HResult": -2146233088,
        "Source": None,
        "WatsonBuckets": None,
    }
    return compact(outer)
