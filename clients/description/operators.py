"""The operations for operators, which need a function key, and what else answers on the same address."""

from collections.abc import Mapping

from approvals.operations import Act, Done, MessageAct, OperatorRequest, Overview
from approvals.workflows import RESERVATION, WORKFLOWS
from clients.counters import COUNTERS
from clients.description.described import ANY, FLAG, JSON, TEXT, Answer, Body, Json, Operation, Parameter
from clients.web.replies import CounterReply

_COUNTER = Parameter(name="name", does="What is counted.", schema={"enum": list(COUNTERS)}, example="approved")
_INSTANCE = Parameter(name="instanceId", does="Of a durable instance; a proposal's is its own id.", schema=TEXT)
_WORKFLOW: Json = {"enum": [each.name for each in WORKFLOWS.values()]}
_ASKS = Body(models={JSON: OperatorRequest}, example={"by": "Mara Lindqvist", "reason": "The cause is mended."})
_DONE: Mapping[int, Answer] = {200: Answer(does="It is done, and on record with who did it.", models={JSON: Done})}

ACTS = (
    Operation(
        id="ListOperations",
        function="ListOperations",
        method="GET",
        path="ops",
        does="See what needs somebody: stuck and failed workflows, messages put aside, unsent letters, the last runs.",
        tag="Operators",
        caller="operators",
        answers={200: Answer(does="All of it.", models={JSON: Overview})},
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
        does="Count proposals of one kind.",
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
        does="Start a workflow by name; the answer holds management URLs with a key, so never show it to approvers.",
        tag="Operators",
        caller="operators",
        path_parameters=(
            Parameter(
                name="functionName", does="Of a workflow, in any case.", schema=_WORKFLOW, example="ReserveBudget"
            ),
        ),
        query=(
            Parameter(
                name="id",
                does="The id of the new instance; the same sent again finds it.",
                schema=TEXT,
                example="reservation-1",
            ),
            Parameter(name="timeout", does="Seconds to wait for its end.", schema={"type": "integer"}, example="0"),
        ),
        body=Body(models={JSON: None}, example=RESERVATION.form.example),
        answers={
            200: Answer(does="It has ended; its output.", models={JSON: None}),
            202: Answer(does="It runs; management URLs.", models={JSON: None}, headers={"Location": "Its status."}),
        },
        problems=(400, 404, 409, 413, 503),
    ),
    Operation(
        id="ListWorkflows",
        function="ListWorkflows",
        method="GET",
        path="workflows",
        does="List what can be started, each with the schema of its input and an example.",
        tag="Operators",
        caller="operators",
        answers={200: Answer(does="All of them.", models={JSON: None})},
        problems=(),
    ),
    Operation(
        id="GetWorkflow",
        function="ListWorkflows",
        method="GET",
        path="workflows/{name}",
        does="See what one workflow needs.",
        tag="Operators",
        caller="operators",
        path_parameters=(
            Parameter(name="name", does="Of a workflow, in any case.", schema=_WORKFLOW, example="TryGetQuote"),
        ),
        answers={200: Answer(does="The workflow.", models={JSON: None})},
        problems=(404,),
    ),
    Operation(
        id="GetOrchestrationHistory",
        function="GetOrchestrationHistory",
        method="GET",
        path="orchestrations/{instanceId}",
        does="See the durable instance behind a proposal, and its history.",
        tag="Operators",
        caller="operators",
        path_parameters=(_INSTANCE,),
        query=(
            Parameter(name="showHistory", does="Its events too.", schema=FLAG, example="true"),
            Parameter(name="showHistoryOutput", does="And what they returned.", schema=FLAG, example="true"),
        ),
        answers={200: Answer(does="In the words of the durable HTTP API.", models={JSON: None})},
        problems=(400, 404, 503),
    ),
    Operation(
        id="GetBlob",
        function="GetBlob",
        method="GET",
        path="blob",
        does="Read a blob of a container that READABLE_CONTAINERS names.",
        tag="Operators",
        caller="operators",
        query=(
            Parameter(name="container", does="Its name.", schema=TEXT, required=True),
            Parameter(name="blob", does="The name of the blob.", schema=TEXT, required=True),
        ),
        answers={200: Answer(does="Its bytes.", models={ANY: None})},
        problems=(400, 403, 404, 413, 503),
    ),
    Operation(
        id="GetOpenApi",
        function="GetOpenApi",
        method="GET",
        path="openapi.json",
        does="Read this document.",
        tag="Operators",
        caller="operators",
        answers={200: Answer(does="OpenAPI 3.1.", models={JSON: None})},
        problems=(),
    ),
)

LEFT_OUT: Mapping[str, str] = {
    "/runtime/webhooks/durabletask": (
        "The durable extension's own API: for operators, with its system key; Microsoft documents it."
    ),
    "/admin": "The host's own pages: for operators, with the master key.",
}
"""What answers on the same address and is described elsewhere, by how its paths begin."""
