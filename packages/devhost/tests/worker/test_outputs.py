"""What the host gets of what a function returned and set."""

import io
from typing import Any

import azure.durable_functions as df
import azure.functions as func
import pytest

from durable_devhost.worker.functions import RETURN_NAME, Binding, Function
from durable_devhost.worker.outputs import Output, http_result, results

pytestmark = pytest.mark.filterwarnings("ignore:azure.functions")


def _outputs(kind: str, value: Any, wanted: Any = None) -> dict[str, Any]:
    function = Function(
        name="one", call=print, trigger=Binding(type="queueTrigger", name="msg"),
        outputs=(Binding(type=kind, name="out", is_output=True),),
        parameter_types={} if wanted is None else {"out": wanted},
    )  # fmt: skip
    output = Output()
    output.set(value)
    return results(function, None, {"out": output})


def _returned(kind: str, value: Any) -> dict[str, Any]:
    function = Function(
        name="one", call=print, trigger=Binding(type="queueTrigger", name="msg"), has_return=True,
        outputs=(Binding(type=kind, name=RETURN_NAME, is_output=True),),
    )  # fmt: skip
    return results(function, value, {})


@pytest.mark.parametrize(
    ("value", "expected"), [(None, None), ("é", '"\\u00e9"'), ({"a": [1]}, '{"a": [1]}'), (0, "0")]
)
def test_the_result_of_an_activity_is_the_sdks_json(build, value, expected):
    """The task hub makes it compact and unescapes letters."""
    app = df.DFApp()

    @app.activity_trigger(input_name="x")
    def one(x): ...

    found = results(build(app), value, {})
    assert found == {"result": None if expected is None else {"type": "json", "value": expected}, "outputs": {}}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("plain", {"type": "string", "value": "plain"}),
        (b"\xff", {"type": "bytes", "value": b"\xff"}),
        (["a", "b"], {"type": "json", "value": '["a", "b"]'}),
    ],
)
def test_a_queue_output_is_encoded_by_the_sdk(value, expected):
    """The host makes messages from it."""
    assert _outputs("queue", value) == {"result": None, "outputs": {"out": expected}}
    assert _returned("queue", value) == {"result": None, "outputs": {RETURN_NAME: expected}}


def test_an_output_of_an_unsupported_type_is_refused():
    """The converter's NotImplementedError has no text."""
    with pytest.raises(TypeError, match='unsupported type "queue" for Python type "int"'):
        _outputs("queue", 3)


@pytest.mark.parametrize("value", ["é", "é".encode(), bytearray("é".encode()), io.BytesIO("é".encode())])
def test_blob_outputs_accept_text_bytes_and_files(value):
    """Text stays text, everything else is bytes."""
    content = _outputs("blob", value)["outputs"]["out"]
    assert content == ({"type": "string", "value": "é"} if value == "é" else {"type": "bytes", "value": "é".encode()})


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("x", {"type": "string", "value": "x"}),
        (bytearray(b"x"), {"type": "bytes", "value": b"x"}),
        ({"a": 1}, {"type": "json", "value": '{"a": 1}'}),
        (["a"], {"type": "json", "value": '["a"]'}),
        (True, {"type": "int", "value": 1}),
        (1.5, {"type": "double", "value": 1.5}),
    ],
)
def test_an_output_of_text_or_without_a_converter_accepts_text_bytes_json_and_numbers(value, expected):
    """Like the real worker's generic binding."""
    assert _outputs("someBrandNew", value)["outputs"] == {"out": expected}
    assert _outputs("blob", value, str)["outputs"] == {"out": expected}


@pytest.mark.parametrize(("value", "failure"), [(2**63, ValueError), ({1}, TypeError), ({"a": {1}}, TypeError)])
def test_a_value_that_the_protocol_lacks_fails_the_call(value, failure):
    """A number beyond 64 bits, a set, and a set inside JSON."""
    with pytest.raises(failure):
        _outputs("someBrandNew", value)


def test_an_out_of_text_is_passed_on_without_the_converter():
    """Kafka's converter accepts nothing, but the real worker uses its generic one for `Out[str]`."""
    assert _outputs("kafka", "x", str)["outputs"] == {"out": {"type": "string", "value": "x"}}
    with pytest.raises(TypeError, match='unsupported type "kafka"'):
        _outputs("kafka", "x")


def test_documents_are_json_text():
    """Values travel as text, never as objects."""
    assert _outputs("cosmosDB", func.Document.from_dict({"id": "1"}))["outputs"]["out"]["type"] == "json"


def test_an_unset_output_is_left_out():
    """The host stores nothing then."""
    assert _outputs("queue", None) == {"result": None, "outputs": {}}


def test_a_return_value_without_a_binding_is_a_failure():
    """A queue function has no return binding."""
    function = Function(name="one", call=print, trigger=Binding(type="queueTrigger", name="msg"))
    with pytest.raises(RuntimeError, match=r"function 'one' without a \$return bindingreturned a non-None value"):
        results(function, 5, {})


def test_a_response_is_split_into_its_parts():
    """Headers in order, cookies in parts, and the names of cookies that the SDK's parser drops."""
    response = func.HttpResponse("hü", status_code=201, headers={"X-A": "1"}, charset="latin-1", mimetype="text/html")
    response.headers.add("Set-Cookie", "a=1")
    response.headers.add("Set-Cookie", "b=c d")
    cookie = {
        "name": "a", "value": "1", "domain": "", "path": "", "expires": None, "max_age": None, "secure": False,
        "http_only": False, "same_site": "",
    }  # fmt: skip
    assert http_result(response) == {
        "type": "http", "status": 201, "headers": [["X-A", "1"]], "cookies": [cookie], "lost_cookies": ["b"],
        "mimetype": "text/html", "charset": "latin-1", "body": "hü".encode("latin-1"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("cookie", "failure"),
    [("a=1; Expires=soon", "ValueError: time data 'soon'"), ("a=1; Max-Age=x", "TypeError: Cannot parse value x of")],
)
def test_a_cookie_with_an_invalid_time_fails_the_call(cookie, failure, caplog):
    """In the words of the real worker."""
    response = func.HttpResponse("x")
    response.headers.add("Set-Cookie", cookie)
    with pytest.raises((ValueError, TypeError)) as caught:
        http_result(response)
    assert f"{type(caught.value).__name__}: {caught.value}".startswith(failure)
    assert ("Can not parse value soon of expires in the cookie due to invalid format." in caplog.messages) == (
        "Expires" in cookie
    )


@pytest.mark.parametrize("kind", ["http", "queue", "someBrandNew"])
def test_a_text_that_utf_8_cannot_hold_fails_the_call(kind):
    """As protobuf refuses it."""
    with pytest.raises(UnicodeEncodeError):
        _returned(kind, "a\ud83dz")


@pytest.mark.parametrize("value", [None, 5, {"a": 1}])
def test_an_http_output_accepts_only_a_response_or_text(value):
    """Everything else is a 500 on the real host."""
    assert _returned("http", "x") == {"result": {"type": "string", "value": "x"}, "outputs": {}}
    with pytest.raises(TypeError, match=f'"http" for Python type "{type(value).__name__}"'):
        _returned("http", value)
