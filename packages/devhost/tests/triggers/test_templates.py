"""Tests of the parsing of route templates."""

import pytest

from durable_devhost.errors import AppError
from durable_devhost.triggers.templates import Parameter, Text, parse_template


def test_a_template_is_split_into_segments_and_parts() -> None:
    """Literals, mixed segments and a catch-all."""
    template = parse_template("items/v{n}.{ext?}/{*rest}")
    assert template.segments == (
        (Text(text="items"),),
        (Text(text="v"), Parameter(name="n"), Text(text="."), Parameter(name="ext", optional=True)),
        (Parameter(name="rest", catch_all=True),),
    )


def test_a_default_may_follow_the_name_or_the_constraints() -> None:
    """ASP.NET has both spellings."""
    assert parse_template("{a=1}").segments == ((Parameter(name="a", default="1"),),)
    [[parameter]] = parse_template("{a:int=1}").segments
    assert isinstance(parameter, Parameter)
    assert (parameter.name, parameter.default, len(parameter.constraints)) == ("a", "1", 1)


def test_an_empty_template_is_the_root() -> None:
    """A function may answer at the prefix itself."""
    assert parse_template("").segments == ()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a//b", "empty segment"),
        ("{a", "not closed"),
        ("a}", "no '{'"),
        ("{}", "no parameter name"),
        ("{a}/{A}", "appears twice"),
        ("{*a}/b", "whole last segment"),
        ("x{*a}", "whole last segment"),
        ("{a}{b}", "nothing stands between"),
        ("{a?}.b", "end of its segment"),
        ("{a}-{b?}", "after a '.'"),
        ("{a=1?}", "cannot be optional"),
        ("{*a?}", "cannot be optional"),
        ("{a:nope}", "'nope' is unknown"),
        ("{a:}", "no constraint"),
    ],
)
def test_a_malformed_template_is_refused_with_the_reason(text: str, why: str) -> None:
    """The message quotes the template."""
    with pytest.raises(AppError, match=why) as caught:
        parse_template(text)
    assert f"'{text}'" in str(caught.value)
