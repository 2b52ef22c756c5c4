"""The real Python worker's requirements on a function's parameters and annotations, checked before anything runs.

The rules are those of its `functions.py` (azure-functions-python-worker): every parameter is bound and every binding
is a parameter, annotations are plain run-time classes that fit the binding. The real worker refuses to load the
function otherwise, with a text that only shows in its log.
"""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from azure.functions import Out

from durable_devhost.worker import asgi
from durable_devhost.worker.converters import converted_as, converter
from durable_devhost.worker.functions import RETURN_NAME, Binding
from durable_devhost.worker.sdk import unwrap_function

CONTEXT = "context"


def signature_problems(function: Callable[..., Any], bindings: Sequence[Binding]) -> Iterator[str]:
    """Everything that keeps the real worker from calling `function` with these bindings, one sentence each."""
    parameters = dict(inspect.signature(function).parameters)
    bound = {binding.name: binding for binding in bindings if binding.name != RETURN_NAME}
    if CONTEXT not in bound:
        parameters.pop(CONTEXT, None)
    for name in parameters.keys() - bound.keys():
        yield f"the parameter '{name}' has no binding; bind it with a decorator or take it out"
    for name in bound.keys() - parameters.keys():
        yield _missing_parameter(bound[name])
    try:
        hints = typing.get_type_hints(function)
    except (NameError, TypeError, AttributeError, SyntaxError) as error:
        yield f"its annotations cannot be read at run time ({error}); import the types for real, not for checkers only"
        return
    if CONTEXT not in bound and CONTEXT in hints and not _is_called(hints[CONTEXT], "Context"):
        yield f"'context' is annotated with {_text_of(hints[CONTEXT])}, but it gets an azure.functions.Context"
    for name in bound.keys() & parameters.keys() & hints.keys():
        yield from _annotation_problems(bound[name], hints[name])
    if "return" in hints and any(binding.name == RETURN_NAME for binding in bindings):
        yield from _return_problems(next(b for b in bindings if b.name == RETURN_NAME), hints["return"])


def signature_hints(function: Callable[..., Any], bindings: Sequence[Binding]) -> Iterator[str]:
    """What will fail when `function` is called, though the real worker loads it; only if annotations can be read."""
    if any(binding.type == "durableClient" for binding in bindings) and not is_async(
        inspect.unwrap(unwrap_function(function))
    ):
        yield "a function with a durable client must be declared with 'async def': the SDK awaits what it returns"
    types_by_name = parameter_types(function)
    for binding in bindings:
        if is_sdk_type(types_by_name.get(binding.name)):
            yield refusal_of(binding, types_by_name[binding.name])
        if binding.type == "httpTrigger" and types_by_name.get(binding.name) in (str, bytes):
            yield f"'{binding.name}' gets a request, but it is annotated with text: here and on Azure each call fails"


def is_sdk_type(annotation: Any) -> bool:
    """Whether a parameter wants a client of a storage SDK, which `azurefunctions-extensions-bindings-*` creates."""
    return str(getattr(annotation, "__module__", "")).startswith("azurefunctions.extensions.bindings.")


def refusal_of(binding: Binding, annotation: Any) -> str:
    """Why a call with such a parameter fails here, and what to do."""
    return (
        f"'{binding.name}' is annotated with {_text_of(annotation)}, an SDK type, which works on Azure and not on "
        "devhost; for local runs take azure.functions.InputStream, str or bytes"
    )


def wants_context(function: Callable[..., Any], bindings: Sequence[Binding]) -> bool:
    """Whether there is a `context` parameter that no binding fills: it gets the `func.Context`."""
    names = {binding.name for binding in bindings}
    return CONTEXT not in names and CONTEXT in inspect.signature(function).parameters


def parameter_types(function: Callable[..., Any]) -> dict[str, Any]:
    """The annotated types by parameter, `Out[T]` as `T`; only for functions with readable annotations."""
    hints = typing.get_type_hints(function)
    hints.pop("return", None)
    return {name: _out_argument(hint) for name, hint in hints.items()}


def is_async(function: Callable[..., Any]) -> bool:
    """Whether a call of the function returns an awaitable."""
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(getattr(function, "__call__", None))  # noqa: B004


def _missing_parameter(binding: Binding) -> str:
    if binding.type in ("orchestrationTrigger", "entityTrigger"):
        return f"context_name is '{binding.name}', but the SDK takes no other name than 'context' there"
    return f"the {binding.type} binding is called '{binding.name}', but the function has no such parameter"


def _annotation_problems(binding: Binding, annotation: Any) -> Iterator[str]:
    is_out = _is_called(typing.get_origin(annotation) or annotation, "Out")
    if binding.is_output and not is_out:
        yield f"'{binding.name}' is an output and must be annotated with azure.functions.Out[...]"
        return
    if not binding.is_output and is_out:
        yield f"'{binding.name}' is an input, but it is annotated with {_text_of(annotation)}"
        return
    arguments = typing.get_args(annotation)
    if is_out and len(arguments) != 1:
        yield f"'{binding.name}' needs one type inside Out, for example azure.functions.Out[str]"
        return
    inner = arguments[0] if is_out else annotation
    if not _is_plain(inner):
        yield (
            f"'{binding.name}' is annotated with {_text_of(annotation)}; the worker takes plain classes only "
            f"(dict for dict[str, Any], no unions)"
        )
    elif not _fits(binding, inner, converted_as(binding.type, inner)):
        yield (
            f"'{binding.name}' is annotated with {_text_of(annotation)}, which does not fit a {binding.type} binding"
            f"{_why(binding)}"
        )


def _return_problems(binding: Binding, annotation: Any) -> Iterator[str]:
    if not isinstance(annotation, type):
        yield f"the return annotation {_text_of(annotation)} is no plain class, which the worker refuses"
    elif not _fits(binding, annotation, binding.type):
        yield f"the return annotation {_text_of(annotation)} does not fit its {binding.type} output{_why(binding)}"


def _why(binding: Binding) -> str:
    if binding.type not in ("httpTrigger", "http") or not asgi.is_enabled():
        return ""
    return ": the app imports azurefunctions.extensions.http.fastapi, so all of its HTTP functions take its types"


def _is_called(annotation: Any, name: str) -> bool:
    """The worker recognises these classes only by name."""
    return isinstance(annotation, type) and annotation.__name__ == name


def _is_plain(annotation: Any) -> bool:
    """A class, or a generic of `typing` that the worker accepts; built-in generics and unions are neither."""
    if isinstance(annotation, types.GenericAlias):
        return isinstance(annotation, type)  # Python 3.9 and 3.10 say yes, so the real worker takes it there
    if isinstance(annotation, type):
        return True
    if type(annotation).__module__ != "typing":
        return False
    return typing.get_origin(annotation) not in (None, typing.Union, tuple, typing.ClassVar, Callable)


def _fits(binding: Binding, annotation: Any, kind: str) -> bool:
    """Whether the converter of this kind accepts the annotation."""
    if kind in ("httpTrigger", "http") and asgi.is_enabled():
        return asgi.takes_response(annotation) if binding.is_output else asgi.takes_request(annotation)
    if is_sdk_type(annotation):
        return True  # a call of it fails here, see `signature_hints`
    check = getattr(converter(kind), f"check_{'output' if binding.is_output else 'input'}_type_annotation", None)
    try:
        return check is not None and bool(check(annotation))
    except TypeError:
        return False


def _out_argument(annotation: Any) -> Any:
    return next(iter(typing.get_args(annotation)), Any) if typing.get_origin(annotation) is Out else annotation


def _text_of(annotation: Any) -> str:
    # Before Python 3.11 `dict[str, int]` passes for a class, called dict.
    is_class = isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias)
    return str(annotation.__qualname__) if is_class else str(annotation)
