"""The durable HTTP API: one handler for `/runtime/webhooks/durabletask/` and for the SDK's local RPC base.

Status codes, headers and bodies are those recorded from extension 3.15 and 3.19, and incoming JSON is read as
Newtonsoft reads it; see the templates in
`durable_devhost.triggers.management.routes`. The server of the first base checks its key before.
"""

import asyncio
import json

from aiohttp import web

from durable_devhost.dotnet.json_reader import JsonReaderError, parse
from durable_devhost.dotnet.json_writer import compact
from durable_devhost.dotnet.payloads import as_newtonsoft
from durable_devhost.durable.client.client import DurableClient
from durable_devhost.durable.client.entities import entity_body, entity_of
from durable_devhost.durable.client.errors import (
    BadArgument,
    DisabledOrchestrator,
    InstanceEnded,
    NotFound,
    UnknownEntity,
    WrongState,
)
from durable_devhost.durable.client.status import history_body, is_open, json_or_text, status_body
from durable_devhost.durable.ports import InstanceExists
from durable_devhost.errors import DevhostError
from durable_devhost.model.history import RuntimeStatus
from durable_devhost.model.instances import InstanceRecord
from durable_devhost.model.traces import Trace
from durable_devhost.triggers.management.query import Query, Wait
from durable_devhost.triggers.management.responses import (
    BAD_ARGUMENTS,
    UNEXPECTED,
    empty_response,
    error_response,
    invalid_json,
    json_response,
)
from durable_devhost.triggers.management.routes import (
    ChangeInstance,
    ListEntities,
    ListInstances,
    MakePrimary,
    PurgeInstance,
    PurgeInstances,
    RaiseEvent,
    ReadEntity,
    ReadInstance,
    Route,
    SignalEntity,
    StartInstance,
    Verb,
    match_route,
)
from durable_devhost.triggers.management.urls import WEBHOOK_PATH, ManagementUrls

CONTINUATION = "x-ms-continuation-token"
_ARGUMENT_EXCEPTION = "System.ArgumentException"
_EXISTS_EXCEPTION = "DurableTask.Core.Exceptions.OrchestrationAlreadyExistsException"


class ManagementApi:
    """The API over one durable client. URLs in answers have the request's own scheme and host."""

    def __init__(self, client: DurableClient, urls: ManagementUrls) -> None:
        self._client = client
        self._urls = urls

    async def handle(self, request: web.Request, tail: str) -> web.Response:
        """Answer one request; `tail` is the decoded path below the base, as a route's `{tail:.*}` matches it."""
        route = match_route(request.method, tail)
        if route is None:
            return empty_response(404)
        query = Query(request.query)
        hub, connection = query.text("taskHub"), query.text("connection")
        if not self._urls.names_this_hub(hub, connection):
            return error_response(400, self._other_hub(hub, connection))
        try:
            return await self._answer(route, request, query)
        except NotFound:
            return empty_response(404)
        except InstanceEnded:
            return empty_response(410)
        except (BadArgument, DisabledOrchestrator, UnknownEntity) as error:
            return _bad_request(error)
        except DevhostError as error:
            return error_response(500, UNEXPECTED, exception=str(error), exception_type="System.Exception")

    async def _answer(self, route: Route, request: web.Request, query: Query) -> web.Response:
        match route:
            case StartInstance():
                return await self._start(route, request, query)
            case ReadInstance(instance_id=instance_id):
                return await self._read(instance_id, request, query)
            case ListInstances():
                return await self._list(request, query)
            case PurgeInstance(instance_id=instance_id):
                return await self._purge(instance_id)
            case PurgeInstances():
                return await self._purge_all(query)
            case ChangeInstance(instance_id=instance_id, verb=Verb.REWIND):
                return await self._rewind(instance_id, query)
            case ChangeInstance(instance_id=instance_id, verb=Verb.RESTART):
                return await self._restart(instance_id, request, query)
            case ChangeInstance():
                return await self._change(route, query)
            case RaiseEvent():
                return await self._raise_event(route, request)
            case ReadEntity():
                state = await self._client.entity_state(entity_of(route.name, route.key))
                return json_response(json_or_text(state))
            case ListEntities():
                return await self._list_entities(route, request, query)
            case SignalEntity():
                return await self._signal(route, request, query)
            case MakePrimary():
                return empty_response(200)

    async def _start(self, route: StartInstance, request: web.Request, query: Query) -> web.Response:
        wait, text = query.wait, await _text(request)
        try:
            given = _input(text) if text else None
        except JsonReaderError as error:
            return invalid_json(error)
        try:
            instance_id = await self._client.start(
                route.name,
                instance_id=route.instance_id,
                input_text=given,
                version=query.text("version"),
                caller=Trace.parse(request.headers.get("traceparent"), request.headers.get("tracestate")),
            )
        except InstanceExists as error:
            return error_response(409, str(error))
        return await self._started(instance_id, wait, request, query)

    async def _restart(self, instance_id: str, request: web.Request, query: Query) -> web.Response:
        wait, new_id = query.wait, query.flag("restartWithNewInstanceId", default=True)
        try:
            started = await self._client.restart(instance_id, new_id=new_id)
        except NotFound as error:
            return error_response(
                400,
                "InstanceId does not match a valid orchestration instance.",
                exception=f"{error} (Parameter 'instanceId')",
                exception_type=_ARGUMENT_EXCEPTION,
            )
        except InstanceExists as error:
            return error_response(
                409,
                "A non-terminal instance with this instance ID already exists.",
                exception=str(error),
                exception_type=_EXISTS_EXCEPTION,
            )
        return await self._started(started, wait, request, query)

    async def _started(self, instance_id: str, wait: Wait | None, request: web.Request, query: Query) -> web.Response:
        ended = await self._ended(instance_id, wait) if wait is not None else None
        if ended is not None and ended.status is RuntimeStatus.COMPLETED:
            return json_response(json_or_text(ended.output))
        if ended is not None:
            return await self._read(instance_id, request, query)
        base = f"{request.url.origin()}{WEBHOOK_PATH}"
        headers = {"Location": self._urls.status(base, instance_id), "Retry-After": "10"}
        return json_response(self._urls.instance(base, instance_id), status=202, headers=headers)

    async def _ended(self, instance_id: str, wait: Wait) -> InstanceRecord | None:
        """Poll an instance until it has ended; None if it has not in time."""
        try:
            async with asyncio.timeout(wait.timeout):
                while True:
                    record = await self._client.status(instance_id)
                    if not is_open(record.status):
                        return record
                    await asyncio.sleep(wait.interval)
        except TimeoutError:
            return None

    async def _read(self, instance_id: str, request: web.Request, query: Query) -> web.Response:
        record, shown = await self._client.status(instance_id), query.status_fields
        body = status_body(record, shown)
        if shown.history and record.status is not RuntimeStatus.PENDING:
            body["historyEvents"] = history_body(await self._client.history(instance_id), shown)
        if is_open(record.status):
            return json_response(body, status=202, headers={"Location": str(request.url), "Retry-After": "5"})
        failed = record.status is RuntimeStatus.FAILED and query.flag("returnInternalServerErrorOnFailure")
        return json_response(body, status=500 if failed else 200)

    async def _list(self, request: web.Request, query: Query) -> web.Response:
        page = await self._client.instances(
            query.instances, page_size=query.page_size, continuation=request.headers.get(CONTINUATION) or None
        )
        return _page([status_body(record, query.status_fields) for record in page.records], page.continuation)

    async def _purge(self, instance_id: str) -> web.Response:
        try:
            await self._client.purge(instance_id)
        except WrongState as error:
            return json_response(str(error), status=412)
        return json_response({"instancesDeleted": 1})

    async def _purge_all(self, query: Query) -> web.Response:
        if query.instances.created_from is None:
            return json_response("Please provide value for 'createdTimeFrom' parameter.", status=400)
        deleted = await self._client.purge_all(query.instances)
        return json_response({"instancesDeleted": deleted}) if deleted else empty_response(404)

    async def _change(self, route: ChangeInstance, query: Query) -> web.Response:
        operation = {
            Verb.TERMINATE: self._client.terminate,
            Verb.SUSPEND: self._client.suspend,
            Verb.RESUME: self._client.resume,
        }[route.verb]
        try:
            await operation(route.instance_id, query.text("reason"))
        except WrongState as error:
            return error_response(
                500, UNEXPECTED, exception=str(error), exception_type="System.InvalidOperationException"
            )
        return empty_response(202)

    async def _rewind(self, instance_id: str, query: Query) -> web.Response:
        try:
            await self._client.rewind(instance_id, query.text("reason"))
        except NotFound as error:
            # The dollar sign is a mistake of the extension, and part of its answer.
            return json_response(f'No orchestration with instance ID "${error.instance_id}" found.', status=404)
        except WrongState as error:
            return json_response(str(error), status=412)
        return empty_response(202)

    async def _raise_event(self, route: RaiseEvent, request: web.Request) -> web.Response:
        text = await _text(request)
        value, refusal = None, None
        if request.content_type != "application/json":
            refusal = error_response(400, "Only application/json request content is supported")
        else:
            try:
                value = parse(text, whole=False)
            except JsonReaderError as error:
                refusal = invalid_json(error)
        if refusal is not None:
            # A missing or ended instance wins over a bad body, as on the real host.
            await self._client.require_alive(route.instance_id)
            return refusal
        await self._client.raise_event(route.instance_id, route.name, compact(value))
        return empty_response(202)

    async def _signal(self, route: SignalEntity, request: web.Request, query: Query) -> web.Response:
        entity = entity_of(route.name, route.key)
        if route.delete:
            await self._client.signal(entity, "delete")
            return empty_response(202)
        text = await _text(request)
        try:
            # Zero length first: the SDK sends such a body as application/octet-stream.
            value = parse(text, whole=False) if text and request.content_type == "application/json" else text
        except JsonReaderError as error:
            return invalid_json(error)
        await self._client.signal(entity, query.text("op") or "", compact(value) if text else None)
        return empty_response(202)

    async def _list_entities(self, route: ListEntities, request: web.Request, query: Query) -> web.Response:
        wanted = query.entities(route.name)
        page = await self._client.instances(
            wanted, page_size=query.page_size, continuation=request.headers.get(CONTINUATION) or None
        )
        bodies = [entity_body(record, with_state=wanted.with_input) for record in page.records]
        return _page([body for body in bodies if body is not None], page.continuation)

    def _other_hub(self, hub: str | None, connection: str | None) -> str:
        asked = f"taskHub={hub or self._urls.hub}&connection={connection or self._urls.connection_in_urls}"
        return (
            f"This host runs only the task hub '{self._urls.hub}' on the connection '{self._urls.connection_in_urls}', "
            f"and the request asks for {asked}. Leave out taskHub and connection, or name those two."
        )


def _page(entries: list[dict[str, object]], continuation: str | None) -> web.Response:
    return json_response(entries, headers={CONTINUATION: continuation} if continuation else None)


def _bad_request(error: BadArgument | DisabledOrchestrator | UnknownEntity) -> web.Response:
    if not isinstance(error, BadArgument):
        return error_response(400, str(error))
    return error_response(400, BAD_ARGUMENTS, exception=str(error), exception_type=_ARGUMENT_EXCEPTION)


def _input(text: str) -> str:
    """The input of a start: the unchanged text (recorded) if it is standard JSON, else formatted again."""
    value = parse(text)
    try:
        json.loads(text)
    except ValueError:
        return compact(value)
    return as_newtonsoft(text)


async def _text(request: web.Request) -> str:
    return (await request.read()).decode("utf-8-sig", "replace")
