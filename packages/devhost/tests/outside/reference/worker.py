"""Asks Microsoft's own worker library what it makes of an app: `APP_PYTHON …/worker.py`, with the library on its path.

Reads one request a line, answers with one line. Each request is done in a fork, so that no app knows another.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import azure.durable_functions  # noqa: F401 - before the forks, for that is most of an app's time
import messages
from azure_functions_runtime import handle_event
from azure_functions_runtime.bindings.meta import load_binding_registry
from azure_functions_runtime.functions import Registry
from azure_functions_runtime.loader import index_function_app

Fields = Mapping[str, Any]
_PROTOS: Any = messages.protocol()
_SCRIPT = "function_app.py"


def serve() -> None:
    """Answer requests until there are no more."""
    sys.path[:] = [path for path in sys.path if os.path.abspath(path or ".") != os.path.dirname(__file__)]
    answers = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # what an app prints is no answer
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            request = json.loads(line, object_hook=_restored)
            answers.write(json.dumps(_answer(request), default=_wire_form) + "\n")
            answers.flush()
            os._exit(0)
        os.waitpid(child, 0)


def _answer(request: Fields) -> Any:
    os.chdir(request["folder"])
    sys.path.insert(0, request["folder"])
    answers: dict[str, Callable[[Fields], Any]] = {"index": _index, "judge": _judge, "calls": _calls}
    return answers[request["do"]](request)


def _index(request: Fields) -> dict[str, Any]:
    """The functions of an app as the host gets them, or why there are none."""
    failure = _load(request["folder"])
    found = [] if failure else (handle_event._metadata_result or [])
    return {"failure": failure, "functions": [_metadata(each) for each in found]}


def _load(folder: str) -> str:
    init = SimpleNamespace(capabilities={}, function_app_directory=folder)
    request = SimpleNamespace(
        request=SimpleNamespace(worker_init_request=init), properties={"host": "127.0.0.1", "protos": _PROTOS}
    )
    answer = asyncio.run(handle_event.worker_init_request(request))
    return "" if answer.result.status == _PROTOS.StatusResult.Success else str(answer.result.exception.message)


def _metadata(found: Any) -> dict[str, Any]:
    retry = None
    if found.HasField("retry_options"):
        given = found.retry_options
        retry = {
            "max_retry_count": given.max_retry_count,
            "strategy": given.RetryStrategy.Name(given.retry_strategy),
            **{
                name: getattr(given, name).ToTimedelta().total_seconds()
                for name in ("delay_interval", "minimum_interval", "maximum_interval")
                if given.HasField(name)
            },
        }
    return {
        "name": found.name,
        "bindings": {
            name: [each.type, each.Direction.Name(each.direction), each.DataType.Name(each.data_type)]
            for name, each in found.bindings.items()
        },
        "raw": [json.loads(text) for text in found.raw_bindings],
        "retry": retry,
    }


def _judge(request: Fields) -> dict[str, str]:
    """Why the worker refuses each function of an app, the empty text where it takes it."""
    load_binding_registry()
    verdicts: dict[str, str] = {}
    for function in index_function_app(os.path.join(request["folder"], _SCRIPT)):
        try:
            Registry().add_indexed_function(function, _PROTOS)
            verdicts[function.get_function_name()] = ""
        except Exception as error:  # noqa: BLE001 - every refusal is one, a TypeError of `issubclass` too
            verdicts[function.get_function_name()] = f"{type(error).__name__}: {error}"
    return verdicts


def _calls(request: Fields) -> list[dict[str, Any]]:
    """What each call returns, or the text of its failure."""
    if failure := _load(request["folder"]):
        raise SystemExit(failure)
    ids = {each.name: each.function_id for each in handle_event._metadata_result or []}
    return asyncio.run(_called(request["calls"], ids))


async def _called(calls: list[Fields], ids: Mapping[str, str]) -> list[dict[str, Any]]:
    return [_plain_answer(await _invoked(call, ids[call["function"]])) for call in calls]


async def _invoked(call: Fields, function_id: str) -> Any:
    given = _PROTOS.InvocationRequest(invocation_id="inv-1", function_id=function_id)
    for name, value in call["inputs"].items():
        given.input_data.append(_PROTOS.ParameterBinding(name=name, data=_typed(value)))
    for name, value in call.get("metadata", {}).items():
        given.trigger_metadata[name].CopyFrom(_typed(value))
    return await handle_event.invocation_request(SimpleNamespace(request=SimpleNamespace(invocation_request=given)))


def _plain_answer(answer: Any) -> dict[str, Any]:
    if answer.result.status != _PROTOS.StatusResult.Success:
        return {"raised": answer.result.exception.message}
    return {
        "returned": _plain(answer.return_value) if answer.HasField("return_value") else None,
        "outputs": {each.name: _plain(each.data) if each.HasField("data") else None for each in answer.output_data},
    }


def _typed(value: Fields | None) -> Any:
    if value is None:
        return _PROTOS.TypedData()
    kind, content = value["type"], value.get("value")
    if kind == "http":
        http = _PROTOS.RpcHttp(
            method=value["method"], url=value["url"], headers=dict(value["headers"]), query=value["params"],
            params=value["route_params"], body=_PROTOS.TypedData(bytes=value["body"]),
        )  # fmt: skip
        return _PROTOS.TypedData(http=http)
    if kind.startswith("collection_"):
        inner = kind.removeprefix("collection_")
        message = getattr(_PROTOS, f"Collection{inner.title().replace('Sint', 'SInt')}")
        return _PROTOS.TypedData(**{kind: message(**{inner: content})})
    return _PROTOS.TypedData(**{kind: content})


def _plain(data: Any) -> dict[str, Any] | None:
    kind = data.WhichOneof("data")
    if kind is None:
        return None
    if kind != "http":
        return {"type": kind, "value": getattr(data, kind)}
    return {
        "type": "http",
        "status": data.http.status_code,
        "headers": dict(data.http.headers),
        "cookies": [_cookie(each) for each in data.http.cookies],
        "body": _plain(data.http.body),
    }


def _cookie(cookie: Any) -> dict[str, Any]:
    fields = ("domain", "path", "expires", "secure", "http_only", "max_age")
    given = {name: getattr(cookie, name).value for name in fields if cookie.HasField(name)}
    if "expires" in given:
        given["expires"] = given["expires"].seconds
    return {
        "name": cookie.name, "value": cookie.value, "same_site": cookie.SameSite.Name(cookie.same_site), **given
    }  # fmt: skip


def _wire_form(value: Any) -> dict[str, str]:
    return {"$bytes": b64encode(value).decode("ascii")}


def _restored(value: dict[str, Any]) -> Any:
    return b64decode(value["$bytes"]) if "$bytes" in value else value


if __name__ == "__main__":
    serve()
