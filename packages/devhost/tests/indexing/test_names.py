"""Names and routes that the Functions host refuses are told before anything runs."""

import re
from pathlib import Path
from typing import Any

import pytest

from durable_devhost.errors import AppError
from durable_devhost.indexing.names import name_problems, route_conflicts
from durable_devhost.model.functions import Binding, Function


def _binding(name: str, kind: str = "queueTrigger", **properties: Any) -> Binding:
    return Binding(type=kind, name=name, direction="in", properties=properties)


def _function(name: str, **properties: Any) -> Function:
    trigger = _binding("req", "httpTrigger", **properties)
    return Function(name=name, trigger=trigger, script_file=Path("function_app.py"), line=1)


@pytest.mark.parametrize("name", ["a", "Ready-To_go2", "hosts", "x" * 128])
def test_a_function_name_of_letters_digits_and_hyphens_is_accepted(name):
    """The first is a letter."""
    assert list(name_problems(name, [])) == []


@pytest.mark.parametrize("name", ["", "1a", "_a", "a.b", "two words", "Host", "größe", "x" * 129])
def test_any_other_function_name_is_refused(name):
    """With the host's text."""
    assert len(list(name_problems(name, []))) == 1


@pytest.mark.parametrize("name", ["x", "input_blob", "_unused", "$return"])
def test_a_binding_name_may_have_single_underscores(name):
    """Since host 4.1038."""
    assert list(name_problems("f", [_binding(name)])) == []


@pytest.mark.parametrize("name", ["a__b", "größe", "1a", "$other", "x" * 129])
def test_any_other_binding_name_is_refused(name):
    """Python accepts some of them."""
    assert len(list(name_problems("f", [_binding(name)]))) == 1


def test_two_bindings_of_one_function_need_different_names():
    """Names ignore case."""
    (problem,) = name_problems("f", [_binding("x"), _binding("X", "blob")])
    assert "'X'" in problem


@pytest.mark.parametrize("route", ["admin", "/Administration/x", "runtime/{id}"])
def test_a_route_must_not_begin_like_a_reserved_one(route):
    """Not even with a longer word; the function's name is the default route."""
    assert len(list(name_problems("f", [_binding("req", "httpTrigger", route=route)]))) == 1
    assert len(list(name_problems("administer", [_binding("req", "httpTrigger")]))) == 1


@pytest.mark.parametrize(
    ("one", "other", "count"),
    [
        ({"route": "a/{x}"}, {"route": "/A/{X}"}, 1),
        ({"route": "a/{x}"}, {"route": "a/{y}"}, 0),
        ({"route": "a", "methods": ["GET"]}, {"route": "a", "methods": ["POST"]}, 0),
        ({"route": "a", "methods": ["GET"]}, {"route": "a", "methods": ["POST", "GET"]}, 1),
        ({"route": "a", "methods": ["GET"]}, {"route": "a"}, 1),
        ({"route": "second"}, {}, 1),
    ],
)
def test_two_functions_cannot_share_a_route_and_method(one, other, count):
    """The host loads only the first."""
    assert len(list(route_conflicts([_function("first", **one), _function("second", **other)]))) == count


def test_the_start_reports_all_invalid_names(load):
    """With file, line and function."""
    with pytest.raises(AppError) as caught:
        load(
            """
            app = func.FunctionApp()

            @app.function_name("bad name")
            @app.route(route="same")
            def a(req: func.HttpRequest) -> str: ...

            @app.route(route="same")
            def b(req: func.HttpRequest) -> str: ...

            @app.route(route="same", methods=["GET"])
            def c(req: func.HttpRequest) -> str: ...
            """
        )
    text = str(caught.value)
    assert "bad name: 'bad name' is no name for a function" in text
    assert re.search(r"function_app\.py:\d+ c: its route is that of b too \(function_app\.py:\d+\)", text)
