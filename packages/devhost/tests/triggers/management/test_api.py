"""The durable HTTP API over a client in memory, compared with recorded requests and responses."""

import pytest

from durable_devhost.model.history import EventRaised, RuntimeStatus
from packages.devhost.tests.triggers.front import Front, assert_empty

JSON_TYPE = "application/json; charset=utf-8"
SCHEDULER = '{"exists":true,"state":"7","sorter":{}}'


async def test_a_start_answers_202_with_its_urls(front: Front) -> None:
    """The recorded payload, and the body kept as it was sent, blank and all."""
    answer = await front.ask("POST", "orchestrators/hello/x-num", body='{"a": 1}')
    status = f"{front.base}/instances/x-num?taskHub=TruthHub&connection=Storage"
    assert (202, JSON_TYPE, status, "10") == (
        answer.status,
        answer.headers["Content-Type"],
        answer.headers["Location"],
        answer.headers["Retry-After"],
    )
    assert [
        "id", "statusQueryGetUri", "sendEventPostUri", "terminatePostUri", "purgeHistoryDeleteUri", "restartPostUri",
        "suspendPostUri", "resumePostUri",
    ] == list(answer.json)  # fmt: skip
    assert '{"a": 1}' == front.bench.engine.started[0].input


async def test_a_start_without_a_body_has_no_input(front: Front) -> None:
    """The SDK sends zero bytes of application/octet-stream."""
    answer = await front.ask("POST", "orchestrators/hello?version=2.0", headers=None)
    (started,) = front.bench.engine.started
    assert (202, None, "2.0", answer.json["id"]) == (
        answer.status,
        started.input,
        started.version,
        started.instance.instance_id,
    )


async def test_an_id_with_special_characters_is_decoded_and_encoded_again(front: Front) -> None:
    """Recorded of @bad."""
    answer = await front.ask("POST", "orchestrators/hello/%40b%C3%A4d%20id")
    assert "@bäd id" == answer.json["id"]
    assert "/instances/%40b%C3%A4d%20id?" in answer.headers["Location"]


async def test_an_encoded_slash_matches_nothing(front: Front) -> None:
    """The path is decoded before it is matched."""
    assert_empty(await front.ask("GET", "instances/a%2Fb%2Fc"), 404)


@pytest.mark.parametrize("path", ["orchestrators/hello", "instances/i/raiseEvent/X"])
async def test_a_body_that_is_not_json_is_refused(front: Front, path: str) -> None:
    """Recorded; the position is Python's."""
    front.bench.put("i", RuntimeStatus.RUNNING)
    answer = await front.ask("POST", path, body="{bad")
    assert (400, "Invalid JSON content", "Newtonsoft.Json.JsonReaderException") == (
        answer.status,
        answer.json["Message"],
        answer.json["ExceptionType"],
    )
    assert ["Message", "ExceptionMessage", "ExceptionType", "StackTrace"] == list(answer.json)


async def test_a_start_of_a_disabled_orchestrator_is_refused(front: Front) -> None:
    """Recorded: without an exception's message, so that the SDK's client ends with a KeyError."""
    answer = await front.ask("POST", "orchestrators/off")
    assert (answer.status, list(answer.json)) == (400, ["Message"])
    assert answer.json["Message"].startswith("The function 'off' doesn't exist, is disabled, or is not an orchestrator")


async def test_a_start_with_the_id_of_a_running_instance_is_a_conflict(front: Front) -> None:
    """Recorded."""
    front.bench.put("i", RuntimeStatus.RUNNING)
    answer = await front.ask("POST", "orchestrators/hello/i")
    assert (409, '{"Message":"An Orchestration instance with the status Running already exists."}') == (
        answer.status,
        answer.text,
    )


async def test_a_waiting_start_answers_only_the_output(front: Front) -> None:
    """Recorded."""
    front.bench.engine.ends_as = RuntimeStatus.COMPLETED, '["Hello Zürich!"]'
    answer = await front.ask("POST", "orchestrators/hello?timeout=10&pollingInterval=1")
    assert (200, JSON_TYPE, '["Hello Zürich!"]') == (answer.status, answer.headers["Content-Type"], answer.text)


async def test_a_waiting_start_answers_the_status_of_a_failed_instance(front: Front) -> None:
    """As a status query would, with 500."""
    front.bench.engine.ends_as = RuntimeStatus.FAILED, "boom"
    path = "orchestrators/hello?timeout=10&pollingInterval=1&returnInternalServerErrorOnFailure=true"
    answer = await front.ask("POST", path)
    assert (500, "Failed", "boom") == (answer.status, answer.json["runtimeStatus"], answer.json["output"])


async def test_a_waiting_start_answers_202_after_its_timeout(front: Front) -> None:
    """Recorded."""
    answer = await front.ask("POST", "orchestrators/hello?timeout=0.02&pollingInterval=0.01")
    assert (202, "10") == (answer.status, answer.headers["Retry-After"])


async def test_a_polling_interval_above_the_timeout_is_refused(front: Front) -> None:
    """ArgumentException; nothing starts."""
    answer = await front.ask("POST", "orchestrators/hello?timeout=1&pollingInterval=2")
    assert (400, "One or more of the arguments submitted is incorrect", "System.ArgumentException") == (
        answer.status,
        answer.json["Message"],
        answer.json["ExceptionType"],
    )
    assert [] == front.bench.engine.started


async def test_a_running_instance_is_202_with_a_location(front: Front) -> None:
    """The recorded body, byte for byte."""
    front.bench.put("x", RuntimeStatus.RUNNING, name="approval", input='"{\\"seconds\\": 3600}"')
    answer = await front.ask("GET", "instances/x?showInput=true")
    assert (202, JSON_TYPE, f"{front.base}/instances/x?showInput=true", "5") == (
        answer.status,
        answer.headers["Content-Type"],
        answer.headers["Location"],
        answer.headers["Retry-After"],
    )
    expected = (
        '{"name":"approval","instanceId":"x","runtimeStatus":"Running","input":"{\\"seconds\\": 3600}",'
        '"customStatus":null,"output":null,"createdTime":"2026-11-21T05:03:18Z",'
        '"lastUpdatedTime":"2026-11-21T05:03:18Z"}'
    )
    assert expected == answer.text


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (RuntimeStatus.PENDING, 202),
        (RuntimeStatus.SUSPENDED, 202),
        (RuntimeStatus.CONTINUED_AS_NEW, 202),
        (RuntimeStatus.COMPLETED, 200),
        (RuntimeStatus.TERMINATED, 200),
        (RuntimeStatus.CANCELED, 200),
        (RuntimeStatus.FAILED, 200),
    ],
)
async def test_an_ended_instance_is_200(front: Front, status: RuntimeStatus, code: int) -> None:
    """Also a failed one, unless 500 is asked for."""
    front.bench.put("i", status)
    answer = await front.ask("GET", "instances/i")
    assert (code, code == 202) == (answer.status, "Location" in answer.headers)


async def test_a_failed_instance_is_500_on_request(front: Front) -> None:
    """returnInternalServerErrorOnFailure."""
    front.bench.put("i", RuntimeStatus.FAILED)
    assert 500 == (await front.ask("GET", "instances/i?returnInternalServerErrorOnFailure=true")).status


async def test_a_history_is_shown_except_for_a_pending_instance(front: Front) -> None:
    """Recorded for an instance that no host could run."""
    await front.bench.client.start("hello", instance_id="i")
    assert "historyEvents" not in (await front.ask("GET", "instances/i?showHistory=true")).json
    await front.bench.engine.finish("i", RuntimeStatus.COMPLETED, "[1,2]")
    (_, ended) = (await front.ask("GET", "instances/i?showHistory=true&showHistoryOutput=true")).json["historyEvents"]
    assert ("ExecutionCompleted", [1, 2]) == (ended["EventType"], ended["Result"])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "instances/nobody"),
        ("DELETE", "instances/nobody"),
        ("POST", "instances/nobody/raiseEvent/X"),
        ("POST", "instances/nobody/terminate?reason=r"),
        ("POST", "instances/nobody/suspend"),
        ("POST", "instances/nobody/resume"),
        ("GET", "entities/Counter/nobody"),
        ("PUT", "instances/nobody"),
        ("GET", "nothing/here"),
    ],
)
async def test_an_unknown_resource_is_an_empty_404(front: Front, method: str, path: str) -> None:
    """Recorded, for ids, paths and verbs."""
    assert_empty(await front.ask(method, path), 404)


@pytest.mark.parametrize("operation", ["raiseEvent/X", "terminate?reason=r", "suspend?reason=r", "resume?reason=r"])
async def test_an_ended_instance_answers_410_to_messages(front: Front, operation: str) -> None:
    """Recorded, even if the body would be refused."""
    front.bench.put("i", RuntimeStatus.COMPLETED)
    assert_empty(await front.ask("POST", f"instances/i/{operation}"), 410)


async def test_an_event_is_stored_as_compact_json(front: Front) -> None:
    """One level of JSON is decoded, so what the SDK sends stays text."""
    front.bench.put("i", RuntimeStatus.RUNNING)
    for body in ('{ "k" : 1 }', '"{\\"k\\": 1}"', "null"):
        assert_empty(await front.ask("POST", "instances/i/raiseEvent/Go", body=body), 202)
    assert ['{"k":1}', '"{\\"k\\": 1}"', "null"] == [
        message.event.input for message in front.bench.engine.posted if isinstance(message.event, EventRaised)
    ]


async def test_an_event_without_a_body_is_invalid_json(front: Front) -> None:
    """The recorded text."""
    front.bench.put("i", RuntimeStatus.RUNNING)
    answer = await front.ask("POST", "instances/i/raiseEvent/Go")
    assert (400, "Error reading JToken from JsonReader. Path '', line 0, position 0.") == (
        answer.status,
        answer.json["ExceptionMessage"],
    )


async def test_an_event_needs_the_json_content_type(front: Front) -> None:
    """Any other type is refused."""
    front.bench.put("i", RuntimeStatus.RUNNING)
    answer = await front.ask("POST", "instances/i/raiseEvent/Go", body="1", headers={"Content-Type": "text/plain"})
    assert (400, '{"Message":"Only application/json request content is supported"}') == (answer.status, answer.text)


async def test_terminate_suspend_and_resume_answer_202(front: Front) -> None:
    """The status follows."""
    front.bench.put("i", RuntimeStatus.RUNNING)
    for operation, status in (("suspend", "Suspended"), ("resume", "Running"), ("terminate", "Terminated")):
        assert_empty(await front.ask("POST", f"instances/i/{operation}?reason=because%20of%20it"), 202)
        shown = (await front.ask("GET", "instances/i")).json
        assert (status, "because of it") == (shown["runtimeStatus"], shown["output"])


async def test_a_resume_of_a_running_instance_is_500(front: Front) -> None:
    """Recorded."""
    front.bench.put("i", RuntimeStatus.RUNNING)
    answer = await front.ask("POST", "instances/i/resume?reason=r")
    expected = {
        "Message": "Something went wrong while processing your request",
        "ExceptionMessage": "Cannot resume the orchestration instance i because instance is in the Running state.",
        "ExceptionType": "System.InvalidOperationException",
        "StackTrace": "",
    }
    assert (500, expected) == (answer.status, answer.json)


async def test_a_refused_rewind_answers_plain_text(front: Front) -> None:
    """Recorded, with the dollar sign."""
    front.bench.put("i", RuntimeStatus.RUNNING)
    missing = await front.ask("POST", "instances/nobody/rewind?reason=r")
    running = await front.ask("POST", "instances/i/rewind?reason=r")
    assert (404, '"No orchestration with instance ID \\"$nobody\\" found."') == (missing.status, missing.text)
    assert (
        412,
        '"This orchestration has status Running, but only orchestrations in the \\"Failed\\" state can be rewound."',
    ) == (running.status, running.text)


async def test_a_failed_instance_is_rewound(front: Front) -> None:
    """202, and pending again."""
    await front.bench.client.start("hello", instance_id="i")
    await front.bench.engine.finish("i", RuntimeStatus.FAILED, "no")
    assert_empty(await front.ask("POST", "instances/i/rewind?reason=r"), 202)
    assert "Pending" == (await front.ask("GET", "instances/i")).json["runtimeStatus"]


async def test_a_restart_answers_like_a_start(front: Front) -> None:
    """With a new id unless the request says otherwise."""
    front.bench.put("i", RuntimeStatus.COMPLETED)
    fresh = await front.ask("POST", "instances/i/restart")
    same = await front.ask("POST", "instances/i/restart?restartWithNewInstanceId=false")
    assert (202, 202, "i", True) == (fresh.status, same.status, same.json["id"], fresh.json["id"] != "i")


async def test_a_refused_restart_gives_the_reason(front: Front) -> None:
    """Recorded."""
    front.bench.put("live", RuntimeStatus.RUNNING)
    missing = await front.ask("POST", "instances/nobody/restart")
    live = await front.ask("POST", "instances/live/restart?restartWithNewInstanceId=false")
    assert (400, 409) == (missing.status, live.status)
    assert {
        "Message": "InstanceId does not match a valid orchestration instance.",
        "ExceptionMessage": "No instance with ID 'nobody' was found. (Parameter 'instanceId')",
        "ExceptionType": "System.ArgumentException",
        "StackTrace": "",
    } == missing.json
    assert {
        "Message": "A non-terminal instance with this instance ID already exists.",
        "ExceptionMessage": "An Orchestration instance with the status Running already exists.",
        "ExceptionType": "DurableTask.Core.Exceptions.OrchestrationAlreadyExistsException",
        "StackTrace": "",
    } == live.json
