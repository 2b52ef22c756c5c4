"""The operations for operators, which need a function key, and other APIs at the same address."""

from collections.abc import Mapping

from approvals.operations import Act, ActDone, MessageAct, OperatorRequest, Overview
from approvals.workflows import RESERVATION, WORKFLOWS
from clients.counters import COUNTERS
from clients.description.described import (
    ANY,
    FLAG,
    IF_NONE_MATCH,
    JSON,
    TEXT,
    UNCHANGED,
    Answer,
    Body,
    Json,
    Operation,
    Parameter,
)
from clients.web.replies import CounterReply

_COUNTER = Parameter(name="name", does="The counter.", schema={"enum": list(COUNTERS)}, example="approved")
_INSTANCE = Parameter(
    name="instanceId", does="The id of a durable instance; for a proposal it is the proposal's id.", schema=TEXT
)
_WORKFLOW: Json = {"enum": [each.name for each in WORKFLOWS.values()]}
_ASKS = Body(models={JSON: OperatorRequest}, example={"by": "Mara Lindqvist", "reason": "The cause is mended."})
_DONE: Mapping[int, Answer] = {200: Answer(does="It is done, and on record with who did it.", models={JSON: ActDone})}

ACTS = (
    Operation(
        id="ListOperations",
        function="ListOperations",
        method="GET",
        path="ops",
        does="See what needs somebody: stuck and failed workflows, messages put aside, unsent letters, the last runs.",
        tag="Operators",
        caller="operators",
        headers=(IF_NONE_MATCH,),
        answers={200: Answer(does="All of it.", models={JSON: Overview}, headers={"ETag": "For `If-None-Match`."})}
        | UNCHANGED,
        problems=(403, 503),
    ),
    Operation(
        id="ActOnInstance",
        function="ActOnInstance",
        method="POST",
        path="ops/instances/{instanceId}/{act}",
        does="Terminate, rewind, resume, wake or purge a workflow; that of an open proposal only with `evenIfOpen`.",
        tag="Operators",
        caller="operators",
        path_parameters=(
            _INSTANCE,
            Parameter(name="act", does="What to do.", schema={"enum": list(Act)}, example="terminate"),
        ),
        body=_ASKS,
        answers=_DONE,
        problems=(400, 403, 404, 409, 413, 503),
    ),
    Operation(
        id="ActOnMessage",
        function="ActOnMessage",
        method="POST",
        path="ops/poison/{message}/{act}",
        does="Send a message of the queue again that was put aside, or discard it; once.",
        tag="Operators",
        caller="operators",
        path_parameters=(
            Parameter(name="message", does="Its id in the list.", schema=TEXT),
            Parameter(name="act", does="What to do.", schema={"enum": list(MessageAct)}, example="discard"),
        ),
        body=_ASKS,
        answers=_DONE,
        problems=(400, 403, 404, 409, 413, 503),
    ),
    Operation(
        id="SendLetter",
        function="SendLetter",
        method="POST",
        path="ops/letters/{proposalId}/{key}/send",
        does="Send a letter that has not gone.",
        tag="Operators",
        caller="operators",
        path_parameters=(
            Parameter(name="proposalId", does="Of the proposal that it is about.", schema=TEXT),
            Parameter(name="key", does="Its key in the list.", schema=TEXT),
        ),
        body=_ASKS,
        answers=_DONE,
        problems=(400, 403, 404, 409, 413, 500, 503),
    ),
)

OPERATORS = (
    *ACTS,
    Operation(
        id="GetCounter",
        function="GetCounter",
        method="GET",
        path="counters/{name}",
        does="Get the number of proposals that were submitted, approved, rejected and so on.",
        tag="Operators",
        caller="operators",
        path_parameters=(_COUNTER,),
        answers={200: Answer(does="The number.", models={JSON: CounterReply})},
        problems=(404, 503),
    ),
    Operation(
        id="HttpStart",
        function="HttpStart",
        method="POST",
        path="orchestrators/{functionName}",
        does="Start a workflow by name; the response has management URLs with a key, so never show it to approvers.",
        tag="Operators",
        caller="operators",
        path_parameters=(
            Parameter(
                name="functionName",
                does="The name of a workflow, in any case.",
                schema=_WORKFLOW,
                example="ReserveBudget",
            ),
        ),
        query=(
            Parameter(
                name="id",
                does="The id of the new instance; a repeated request finds the instance.",
                schema=TEXT,
                example="reservation-1",
            ),
            Parameter(
                name="timeout",
                does="Seconds to wait for the end of the instance.",
                schema={"type": "integer"},
                example="0",
            ),
        ),
        body=Body(models={JSON: None}, example=RESERVATION.form.example),
        answers={
            200: Answer(does="The instance has ended; its output.", models={JSON: None}),
            202: Answer(
                does="The instance is running; its management URLs.",
                models={JSON: None},
                headers={"Location": "The URL of its status."},
            ),
        },
        problems=(400, 404, 409, 413, 503),
    ),
    Operation(
        id="ListWorkflows",
        function="ListWorkflows",
        method="GET",
        path="workflows",
        does="List the workflows that can be started, each with the schema of its input and an example.",
        tag="Operators",
        caller="operators",
        answers={200: Answer(does="All workflows.", models={JSON: None})},
        problems=(),
    ),
    Operation(
        id="GetWorkflow",
        function="ListWorkflows",
        method="GET",
        path="workflows/{name}",
        does="Get the input schema of one workflow, and an example.",
        tag="Operators",
        caller="operators",
        path_parameters=(
            Parameter(
                name="name", does="The name of a workflow, in any case.", schema=_WORKFLOW, example="TryGetQuote"
            ),
        ),
        answers={200: Answer(does="The workflow.", models={JSON: None})},
        problems=(404,),
    ),
    Operation(
        id="GetOrchestrationHistory",
        function="GetOrchestrationHistory",
        method="GET",
        path="orchestrations/{instanceId}",
        does="Get a durable instance and its history.",
        tag="Operators",
        caller="operators",
        path_parameters=(_INSTANCE,),
        query=(
            Parameter(name="showHistory", does="Whether to include its events.", schema=FLAG, example="true"),
            Parameter(
                name="showHistoryOutput",
                does="Whether to include the results of the events.",
                schema=FLAG,
                example="true",
            ),
        ),
        answers={200: Answer(does="The instance, with the field names of the durable HTTP API.", models={JSON: None})},
        problems=(400, 404, 503),
    ),
    Operation(
        id="GetBlob",
        function="GetBlob",
        method="GET",
        path="blob",
        does="Get a blob from a container in READABLE_CONTAINERS.",
        tag="Operators",
        caller="operators",
        query=(
            Parameter(name="container", does="The name of the container.", schema=TEXT, required=True),
            Parameter(name="blob", does="The name of the blob.", schema=TEXT, required=True),
        ),
        answers={200: Answer(does="The blob's bytes.", models={ANY: None})},
        problems=(400, 403, 404, 413, 503),
    ),
    Operation(
        id="GetOpenApi",
        function="GetOpenApi",
        method="GET",
        path="openapi.json",
        does="Get this document.",
        tag="Operators",
        caller="operators",
        answers={200: Answer(does="OpenAPI 3.1.", models={JSON: None})},
        problems=(),
    ),
)

LEFT_OUT: Mapping[str, str] = {
    "/runtime/webhooks/durabletask": (
        "The API of the durable extension: for operators, with its system key; documented by Microsoft."
    ),
    "/admin": "The API of the Functions host: for operators, with the master key.",
}
"""Other APIs at the same address, which are documented elsewhere, by the beginning of their paths."""
