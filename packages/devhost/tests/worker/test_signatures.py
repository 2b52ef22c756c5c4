"""The real worker's rules for annotations, one case each."""

from typing import Any, Dict, List, Optional, Tuple, Union  # noqa: UP035 - the spellings are what this is about
from typing import Callable as TypingCallable  # noqa: UP035 - as above

import azure.functions as func
import pytest

from durable_devhost.worker.functions import Binding
from durable_devhost.worker.inputs import input_argument
from durable_devhost.worker.signatures import parameter_types, signature_hints, signature_problems, wants_context


def _problems(annotation: Any, kind: str = "activityTrigger", *, is_output: bool = False) -> list[str]:
    def one(x): ...

    one.__annotations__["x"] = annotation
    return list(signature_problems(one, [Binding(type=kind, name="x", is_output=is_output)]))


@pytest.mark.parametrize("annotation", [dict, str, Any, Dict[str, Any], List[int], object])  # noqa: UP006
def test_plain_classes_and_typing_generics_are_accepted(annotation):
    """`typing` generics pass the worker's own test, built-in ones do not."""
    assert _problems(annotation) == []


@pytest.mark.parametrize(
    "annotation",
    [dict[str, Any], list[int], int | None, Optional[int], Union[int, str], Tuple[int], TypingCallable[..., int]],  # noqa: UP006, UP007, UP045
)  # fmt: skip
def test_unions_and_built_in_generics_are_refused(annotation):
    """The worker says `invalid non-type annotation`."""
    assert len(_problems(annotation)) == 1


@pytest.mark.parametrize("annotation", [func.Out[str], func.Out[bytes], func.Out[List[str]]])  # noqa: UP006
def test_an_output_accepts_an_out(annotation):
    """For queues also of a list."""
    assert _problems(annotation, "queue", is_output=True) == []


@pytest.mark.parametrize("annotation", [str, func.Out, func.Out[int], func.Out[list[str]]])
def test_an_output_without_a_fitting_out_is_refused(annotation):
    """The function can only call `set` on it."""
    assert len(_problems(annotation, "queue", is_output=True)) == 1


@pytest.mark.parametrize(
    ("annotation", "kind"),
    [(func.EventHubEvent, "eventHubTrigger"), (List[func.EventHubEvent], "eventHubTrigger"),  # noqa: UP006
     (func.ServiceBusMessage, "serviceBusTrigger"), (func.InputStream, "blobTrigger"), (str, "cosmosDBTrigger"),
     (func.DocumentList, "cosmosDBTrigger"), (str, "someBrandNewTrigger")],
)  # fmt: skip
def test_every_sdk_type_is_checked_by_its_converter_and_an_unknown_one_accepts_text_and_bytes(annotation, kind):
    """devhost indexes them all, whether it supports them or not."""
    assert _problems(annotation, kind) == []
    assert len(_problems(int, kind)) == 1


def test_the_context_is_recognised_unless_a_binding_has_that_name():
    """An orchestrator's `context` is its trigger."""

    def one(context): ...

    trigger = Binding(type="orchestrationTrigger", name="context")
    assert (wants_context(one, []), wants_context(one, [trigger])) == (True, False)


def test_the_type_inside_an_out_is_the_type_of_the_parameter():
    """A plain `Out` has none."""

    def one(a: func.Out[bytes], b: func.Out, c: int) -> str: ...

    assert parameter_types(one) == {"a": bytes, "b": func.Out, "c": int}


def test_a_durable_client_needs_an_async_function():
    """The SDK awaits the function that it wraps."""

    async def good(client): ...

    def bad(client): ...

    client = Binding(type="durableClient", name="client")
    assert list(signature_hints(good, [client])) == []
    assert list(signature_hints(bad, [])) == []
    assert "async def" in next(signature_hints(bad, [client]))


def test_a_request_in_a_parameter_of_text_is_reported():
    """The real worker loads the function, and every call fails; the state of a timer may be text."""

    def one(x: str): ...

    (hint,) = signature_hints(one, [Binding(type="httpTrigger", name="x")])
    assert "each call fails" in hint
    assert list(signature_hints(one, [Binding(type="timerTrigger", name="x")])) == []


def test_the_context_and_out_are_recognised_by_name():
    """As by the real worker."""

    class Context: ...

    class Out: ...

    def one(context: Context): ...

    assert list(signature_problems(one, [])) == []
    assert len(_problems(Out)) == 1


@pytest.mark.parametrize("annotation", [List[str], Dict[str, Any], list[str]])  # noqa: UP006
def test_a_return_annotation_must_be_a_class(annotation):
    """A generic of `typing` is refused, though a parameter may have it."""

    def one(msg) -> annotation: ...

    bindings = [Binding(type="queueTrigger", name="msg"), Binding(type="queue", name="$return", is_output=True)]
    assert len(list(signature_problems(one, bindings))) == 1


def test_an_sdk_type_is_loaded_and_reported():
    """The real worker has it; here only the call that needs it fails."""

    class BlobClient:
        """Stands for the class of the extension."""

    BlobClient.__module__ = "azurefunctions.extensions.bindings.blob.blobClient"

    def reads(req: func.HttpRequest, client: BlobClient): ...

    bindings = [Binding(type="httpTrigger", name="req"), Binding(type="blob", name="client")]
    assert list(signature_problems(reads, bindings)) == []
    (hint,) = signature_hints(reads, bindings)
    assert "'client' is annotated with" in hint
    assert "works on Azure and not on devhost" in hint
    with pytest.raises(NotImplementedError, match="an SDK type"):
        input_argument(bindings[1], {"type": "bytes", "value": b"x"}, BlobClient)
