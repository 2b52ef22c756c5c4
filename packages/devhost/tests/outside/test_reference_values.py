"""What goes into a function and what comes out of it, beside Microsoft's own worker.

That is `azure-functions-runtime`, the library with which the Python worker of Azure indexes and converts. It asks for
Python 3.13 and works on the tests' own as well, beside the packages of apps there; `make long` takes 3.13 too.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator, Mapping
from itertools import product
from typing import Any

import pytest

from packages.devhost.tests.outside.hosts import APPS
from packages.devhost.tests.outside.reference.asking import Reference
from packages.devhost.tests.worker.driver import Driver, http

pytestmark = pytest.mark.timeout(120)

CONVERSIONS = APPS / "conversions"

INPUTS: dict[str, dict[str, Any] | None] = {
    "nothing": None,
    "text": {"type": "string", "value": "hé"},
    "number": {"type": "string", "value": "5"},
    "empty": {"type": "string", "value": ""},
    "object": {"type": "json", "value": '{"a": "é", "Schedule": {}}'},
    "list": {"type": "json", "value": '[{"id": "1"}, {"id": "2"}]'},
    "null": {"type": "json", "value": "null"},
    "quoted": {"type": "json", "value": '"x"'},
    "broken": {"type": "json", "value": "{"},
    "bytes": {"type": "bytes", "value": b"\xff\xfe"},
    "texts": {"type": "collection_string", "value": ["a", "b"]},
    "parts": {"type": "collection_bytes", "value": [b"a", b"b"]},
    "request": http("post", b'{"a": 1}', id="7"),
    "tick": {"type": "json", "value": json.dumps({"IsPastDue": True, "ScheduleStatus": {"Last": "x"}, "Schedule": 1})},
    "grid": {
        "type": "json",
        "value": json.dumps({
            "id": "1", "topic": "t", "subject": "s", "eventType": "e", "eventTime": "2026-01-02T03:04:05.1234567Z",
            "dataVersion": "1", "data": {"a": 1},
        }),
    },
    "cloud": {"type": "json", "value": json.dumps({"id": "1", "source": "s", "type": "t", "specversion": "1.0"})},
    "own": {"type": "json", "value": json.dumps({
        "__class__": "Weight", "__module__": "function_app", "__data__": "heavy"
    })},
}  # fmt: skip
"""One value of each kind that the host sends."""
TIMES = {"InsertionTime": "2026-01-02T03:04:05+00:00", "ExpirationTime": "2026-01-02T03:04:05.1234567Z"}
METADATA = {
    "queue": {
        "Id": ("string", "7"), "DequeueCount": ("json", "2"), "PopReceipt": ("string", "p"),
        **{name: ("json", json.dumps(text)) for name, text in TIMES.items()},
        "NextVisibleTime": ("string", "2026-01-02T03:04:05Z"),
    },
    "blob": {
        "BlobTrigger": ("string", "a/b"), "Uri": ("json", '"http://x/a/b"'), "Metadata": ("json", '{"k": "v"}'),
        "Properties": ("json", '{"Length": 5, "ContentType": "t"}'),
    },
    "hub": {
        "SystemPropertiesArray": ("json", '[{"PartitionKey": "a"}, {"PartitionKey": "b"}]'),
        "SystemProperties": ("json", '{"PartitionKey": "a", "SequenceNumber": 3}'), "Offset": ("string", "4"),
        "EnqueuedTimeUtc": ("string", TIMES["InsertionTime"]), "Properties": ("json", "{}"),
    },
    "bus": {
        "UserProperties": ("json", '{"k": "v"}'), "UserPropertiesArray": ("json", '[{"k": "v"}, {}]'),
        "MessageId": ("string", "m"), "DeliveryCount": ("json", "2"),
        "EnqueuedTimeUtc": ("json", '"2026-01-02T03:04:05Z"'),
    },
    "kafka": {"Key": ("string", "k"), "Partition": ("json", "1"), "Offset": ("json", "2"), "Topic": ("string", "t")},
}  # fmt: skip
"""What the host tells of a message besides its content."""
SEEN_BY = ("http", "queue", "blob", "timer", "grid", "hub", "bus", "cosmos", "kafka", "activity", "unknown")
FETCHED_BY = ("blob_in", "table_in", "cosmos_in", "sql_in", "client", "unknown_in")
SENT_BY = ("queue", "blob", "table", "grid", "hub", "bus", "cosmos", "kafka", "sql", "unknown")
MESSAGE = {"type": "string", "value": "text"}


@pytest.fixture(scope="module")
def ours(reference: Reference) -> Iterator[Driver]:
    """devhost's worker on the same Python, with the app of the conversions."""
    with Driver(CONVERSIONS, reference.python) as driver:
        assert driver.load()["kind"] == "catalog"
        yield driver


@pytest.mark.parametrize("kind", SEEN_BY)
def test_a_trigger_gives_a_function_the_same_value(reference: Reference, ours: Driver, kind: str) -> None:
    """Each kind of value, without annotation and as text and bytes; the function reports what it got."""
    metadata = {name: {"type": each, "value": text} for name, (each, text) in METADATA.get(kind, {}).items()}
    calls = {
        f"{annotation} {name}": {"function": f"see_{kind}_{annotation}", "inputs": {"x": value}, "metadata": metadata}
        for annotation, (name, value) in product(("plain", "str", "bytes"), INPUTS.items())
    }
    assert _differences(_theirs(reference, calls), _ours(ours, calls, trigger="x")) == {}


@pytest.mark.parametrize("kind", FETCHED_BY)
def test_an_input_gives_a_function_the_same_value(reference: Reference, ours: Driver, kind: str) -> None:
    """As above, beside a queue message."""
    calls = {
        f"{annotation} {name}": {"function": f"see_{kind}_{annotation}", "inputs": {"msg": MESSAGE, "x": value}}
        for annotation, (name, value) in product(("plain", "str", "bytes"), INPUTS.items())
        if name != "request"  # an input is never one
    }
    assert _differences(_theirs(reference, calls), _ours(ours, calls, trigger="msg")) == {}


@pytest.mark.parametrize("kind", SENT_BY)
def test_an_output_accepts_and_refuses_the_same_values(reference: Reference, ours: Driver, kind: str) -> None:
    """Each value through `x.set(...)` and as return value."""
    functions = [f"set_{kind}_out_{annotation}" for annotation in ("plain", "str", "bytes")]
    calls = _giving_back([*functions, f"return_{kind}_out"], "msg")
    assert _differences(_theirs(reference, calls), _ours(ours, calls, trigger="msg")) == {}


@pytest.mark.parametrize("function", ["return_http_out", "return_nowhere"])
def test_a_function_may_return_the_same_values(reference: Reference, ours: Driver, function: str) -> None:
    """A response with all its parts, or a value without a binding."""
    calls = _giving_back([function], "msg")
    assert _differences(_theirs(reference, calls), _ours(ours, calls, trigger="msg")) == {}


def test_an_activity_may_return_the_same_values(reference: Reference, ours: Driver) -> None:
    """The SDK makes JSON of them, also of an app's classes."""
    calls = _giving_back(["work"], "x", kind="json")
    assert _differences(_theirs(reference, calls), _ours(ours, calls, trigger="x")) == {}


@pytest.mark.parametrize("kind", ["string", "json"])
def test_an_entity_answers_a_batch_alike(reference: Reference, ours: Driver, kind: str) -> None:
    """One operation works and one fails; their times are not compared."""
    operations = [{"name": name, "input": '"5"', "isSignal": False} for name in ("add", "fail")]
    batch = {"self": {"name": "counter", "key": "k"}, "exists": True, "state": "2", "batch": operations}
    given = {"type": kind, "value": json.dumps(batch)}
    (theirs,) = reference.call(CONVERSIONS, [{"function": "counter", "inputs": {"context": given}}])
    answer = ours.call("counter", given)
    found = [_without_times(each["value"]) for each in (theirs["returned"], answer["result"])]
    assert found[0] == found[1]
    assert found[0]["entityState"] == "7"


@pytest.mark.parametrize(("function", "trigger"), [("return_beside_unknown", "msg"), ("unknown_work", "x")])
def test_values_of_an_unknown_binding_type_are_accepted_or_refused_by_both(
    reference: Reference, ours: Driver, function: str, trigger: str
) -> None:
    """On Azure the host drops a returned value; here the worker does."""
    calls = _giving_back([function], trigger)
    theirs, found = _theirs(reference, calls), _ours(ours, calls, trigger=trigger)
    refusals = [{name: each.get("raised") for name, each in answers.items()} for answers in (theirs, found)]
    assert _differences(*refusals) == {}


def _without_times(text: str) -> Any:
    return json.loads(re.sub(r'("(?:duration|startTime)": )\d+', r"\g<1>0", text))


def _differences(theirs: Mapping[str, Any], found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: (theirs[name], found[name]) for name in theirs if theirs[name] != found[name]}


def _giving_back(functions: list[str], trigger: str, kind: str = "string") -> dict[str, Any]:
    """A call for each value that the app has."""
    names = re.findall(r'"(\w+)": (?:lambda|list\b|object\b|Weight\b)', _values())
    return {
        f"{function} {name}": {
            "function": function,
            "inputs": {
                trigger: {"type": kind, "value": json.dumps(name) if kind == "json" else name},
                **({"x": None} if function == "return_beside_unknown" else {}),
            },
        }
        for function, name in product(functions, names)
    }


def _values() -> str:
    source = (CONVERSIONS / "function_app.py").read_text(encoding="utf-8")
    return source.partition("VALUES:")[2].partition("\n}")[0]


def _theirs(reference: Reference, calls: Mapping[str, Any]) -> dict[str, Any]:
    answers = reference.call(CONVERSIONS, list(calls.values()))
    return {name: _comparable(answer) for name, answer in zip(calls, answers, strict=True)}


def _ours(driver: Driver, calls: Mapping[str, Any], *, trigger: str) -> dict[str, Any]:
    return {name: _comparable(_as_theirs(_called(driver, call, trigger))) for name, call in calls.items()}


def _called(driver: Driver, call: Mapping[str, Any], trigger: str) -> dict[str, Any]:
    inputs = dict(call["inputs"])
    return driver.call(call["function"], inputs.pop(trigger), inputs=inputs, metadata=call.get("metadata", {}))


def _as_theirs(answer: dict[str, Any]) -> dict[str, Any]:
    if answer["kind"] == "raised":
        return {"raised": answer["message"]}
    outputs = answer["outputs"]
    returned = outputs.pop("$return", None) or answer["result"]
    if returned is not None and returned["type"] == "http":
        returned = _response(returned)
    return {"returned": returned, "outputs": outputs}


def _response(given: dict[str, Any]) -> dict[str, Any]:
    headers = dict(given["headers"])
    charset = f"; charset={given['charset']}" if given["mimetype"].startswith("text/") else ""
    if not any(name.lower() == "content-type" for name in headers):
        headers["content-type"] = given["mimetype"] + charset
    sites = {"": "None", "lax": "Lax", "strict": "Strict", "none": "ExplicitNone"}
    return {
        "type": "http",
        "status": str(given["status"]),
        "headers": headers,
        "cookies": [{**each, "same_site": sites[each["same_site"]]} for each in given["cookies"]],
        "body": {"type": "bytes", "value": given["body"]},
    }


def _comparable(answer: dict[str, Any]) -> dict[str, Any]:
    """Without what is written in two ways: nothing and JSON's null, addresses of objects, cookies' empty parts.

    The library forgets to put texts together that the worker before it did.
    """
    if "raised" in answer:
        return {"raised": re.sub(r"0x[0-9a-f]+", "0x0", _put_together(answer["raised"]))}
    returned = answer["returned"]
    if returned == {"type": "json", "value": "null"}:
        returned = None
    if returned is not None and returned["type"] == "http":
        cookies = [{name: part for name, part in each.items() if part is not None} for each in returned["cookies"]]
        returned = {**returned, "cookies": cookies}
    return {"returned": returned, "outputs": {name: each for name, each in answer["outputs"].items() if each}}


def _put_together(text: str) -> str:
    kind, _, told = text.partition(": ")
    if not told.startswith("('"):
        return text
    form, part = ast.literal_eval(told)
    return f"{kind}: {form % part if '%s' in form else f'{form}: {part}'}"
