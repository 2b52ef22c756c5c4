"""Tests of route matching and precedence."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from durable_devhost.triggers.paths import decoded_path
from durable_devhost.triggers.routes import Route, RouteTable, match_template, precedence
from durable_devhost.triggers.templates import parse_template

names = st.from_regex(r"[a-z]{1,6}", fullmatch=True)
values = st.text(min_size=1, max_size=12).filter(
    lambda text: "/" not in text and text.isprintable() and text not in (".", "..")
)


def table(*routes: str) -> RouteTable[str]:
    """A table of routes such as `GET,POST items/{id}`; the target is the text itself."""
    return RouteTable(
        Route(
            template=parse_template(text.partition(" ")[2]),
            methods=None if text.startswith("* ") else frozenset(text.partition(" ")[0].split(",")),
            target=text,
        )
        for text in routes
    )


@pytest.mark.parametrize(
    ("template", "path", "expected"),
    [
        ("plain", "/plain", {}),
        ("plain", "/PLAIN/", {}),
        ("plain", "/plain/x", None),
        ("", "/", {}),
        ("echo/{name:alpha}/{n:int?}", "/echo/abc/7", {"name": "abc", "n": "7"}),
        ("echo/{name:alpha}/{n:int?}", "/echo/abc", {"name": "abc"}),
        ("echo/{name:alpha}/{n:int?}", "/echo/123/7", None),
        ("echo/{name:alpha}/{n:int?}", "/echo/abc/x", None),
        ("echo/{name:alpha}/{n:int?}", "/echo/abc/7/8", None),
        ("echo/{name:alpha}/{n:int?}", "/echo//7", None),
        ("a/{b=c}", "/a", {"b": "c"}),
        ("a/{b:int=x}", "/a", None),
        ("a/{b=c}/{d?}", "/a/x", {"b": "x"}),
        ("a/{b?}/{c}", "/a/x", None),
        ("f/{*rest}", "/f", {}),
        ("f/{*rest}", "/f/x/y z/", {"rest": "x/y z/"}),
        ("f/{*rest}", "/f/", {}),
        ("f/{**rest}", "/f/x//y", None),
        ("f/{*rest}", "/f/x//", None),
        ("{p}", "//x", None),
        ("{p}", "/a\r\n\x01b", {"p": "a\r\n\x01b"}),
        ("f/{*rest=home}", "/f", {"rest": "home"}),
        ("f/{*rest:alpha}", "/f", None),
        ("f/{*rest:maxlength(3)}", "/f/x/yz", None),
        ("{file}.{ext}", "/a.b.c", {"file": "a.b", "ext": "c"}),
        ("{file}.{ext}", "/a.", None),
        ("{file}.{ext}", "/.a", None),
        ("{file}.{ext?}", "/a", {"file": "a"}),
        ("{file}.{ext?}", "/a.b", {"file": "a", "ext": "b"}),
        ("{file}.{ext?}", "/a.", None),
        ("v{n}", "/V12", {"n": "12"}),
        ("v{n}", "/v", None),
        ("v{n}", "/xv1", None),
        ("v{n:int}/x", "/v2/x", {"n": "2"}),
        ("v{n:int}/x", "/vb/x", None),
        ("a{b}c{d}", "/abcd", {"b": "b", "d": "d"}),
        ("a{b}c{d}", "/aabcd", None),
        ("{a}-end", "/x-end", {"a": "x"}),
        ("{a}-end", "/x-end-", None),
        ("{id:regex(^\\d{{2}}/?$)}", "/12", {"id": "12"}),
        ("{id:regex(^a:b$)}", "/a:b", {"id": "a:b"}),
        ("x{{y}}/{p}", "/x{y}/1", {"p": "1"}),
        ("{p}", "/a%2Fb c", {"p": "a%2Fb c"}),
        ("é", "/É", {}),
        ("{p}", "/", None),
    ],
)
def test_a_path_gives_the_same_parameters_as_aspnet(template: str, path: str, expected: dict[str, str] | None) -> None:
    """Examples from the recordings, from ASP.NET's documentation and for every construct."""
    assert match_template(parse_template(template), path) == expected


@pytest.mark.parametrize(
    ("routes", "request_line", "expected"),
    [
        (["* a/{*rest}", "* a/{b}", "* a/{b:int}", "* a/1"], "GET /a/1", "* a/1"),
        (["* a/{*rest}", "* a/{b}", "* a/{b:int}"], "GET /a/1", "* a/{b:int}"),
        (["* a/{*rest}", "* a/{b}", "* a/{b:int}"], "GET /a/x", "* a/{b}"),
        (["* a/{*rest}", "* a/{b}"], "GET /a/x/y", "* a/{*rest}"),
        (["* {a}/b", "* a/{b}"], "GET /a/b", "* a/{b}"),
        (["* a/{b?}", "* a"], "GET /a", "* a"),
        (["* {a}", "* {a}.{b}"], "GET /x.y", "* {a}.{b}"),
        (["GET a", "POST a"], "POST /a", "POST a"),
        (["GET a", "POST {x}"], "POST /a", "POST {x}"),
        (["* {first}", "* {second}"], "GET /x", "* {first}"),
        (["GET,PUT a"], "put /a", "GET,PUT a"),
        (["GET a"], "DELETE /a", None),
    ],
)
def test_the_most_specific_route_for_the_verb_wins(routes: list[str], request_line: str, expected: str | None) -> None:
    """Literal before constrained before plain before catch-all, from left to right."""
    method, path = request_line.split(" ")
    found = table(*routes).find(method, path)
    assert (found[0] if found else None) == expected


@given(pieces=st.lists(st.tuples(names, values), min_size=1, max_size=4, unique_by=lambda pair: pair[0]))
def test_every_value_in_a_path_reads_back(pieces: list[tuple[str, str]]) -> None:
    """Percent-encoding is decoded once, in the whole path."""
    template = parse_template("/".join(f"lit/{{{name}}}" for name, _ in pieces))
    path = decoded_path("".join(f"/lit/{quote(value, safe='')}" for _, value in pieces))
    assert path is not None
    assert match_template(template, path) == dict(pieces)


@given(text=st.text())
def test_any_path_is_matched_without_an_error(text: str) -> None:
    """A route matches or none does."""
    for template in ("{a}.{b?}/{*rest}", "x{a:int}y/{b=1}", "{a:regex(x+)?}"):
        match_template(parse_template(template), text)


@given(
    segments=st.lists(st.sampled_from(["a", "{P:int}", "{P}", "v{P}"]), max_size=4), tail=st.sampled_from(["", "/{*z}"])
)
def test_a_route_ranks_by_its_leftmost_difference(segments: list[str], tail: str) -> None:
    """A literal segment never makes a route come later."""
    named = [segment.replace("P", f"p{index}") for index, segment in enumerate(segments)]
    for index in range(len(named)):
        literal = [*named[:index], "a", *named[index + 1 :]]
        assert precedence(parse_template("/".join(literal) + tail)) <= precedence(
            parse_template("/".join(named) + tail)
        )
