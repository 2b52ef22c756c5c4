"""HTTP functions with every annotation, in an app that has imported the extension for FastAPI."""

import typing
from typing import Any

import azure.functions as func
from azurefunctions.extensions.http.fastapi import FileResponse, JSONResponse, Request, Response, StreamingResponse
from pydantic import BaseModel

app = func.FunctionApp()


class Parcel(BaseModel):
    """A model of the app's own."""


class Own(Response):
    """A response of the app's own."""


ANNOTATIONS = (
    Request, Response, StreamingResponse, JSONResponse, FileResponse, Own, Parcel, func.HttpRequest, func.HttpResponse,
    str, bytes, int, float, bool, dict, list, tuple, None, Any, object, dict[str, int], typing.List[str],  # noqa: UP006
    typing.Optional[Response], Response | str, func.Out[Response], func.Out[func.HttpResponse], func.Out[str],  # noqa: UP045
)  # fmt: skip


def _declare(number: int, annotation: Any) -> None:
    def taking(req): ...

    def returning(req): ...

    def setting(req, resp): ...

    taking.__annotations__ = {"req": annotation}
    returning.__annotations__ = {"return": annotation}
    setting.__annotations__ = {"resp": annotation}
    for made in (taking, returning, setting):
        made.__name__ = made.__qualname__ = f"{made.__name__}_{number}"
        arguments = {"binding_arg_name": "resp"} if made is setting else {}
        app.route(route=made.__name__, trigger_arg_name="req", **arguments)(made)


for number, annotation in enumerate(ANNOTATIONS):
    _declare(number, annotation)
