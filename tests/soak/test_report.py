"""The table of a soak says what is wrong, and shows some of it."""

from tests.soak.report import Line, table


def test_what_is_missing_or_too_much_is_wrong():
    """Both sides of a comparison count."""
    line = Line.of_same("bills", {"a": 1, "b": 1}, {"a": 1, "c": 2})
    assert (line.is_right, line.wanted, line.found) == (False, 2, "2 differ")
    assert line.examples == ["b: wanted 1, found None", "c: wanted None, found 2"]


def test_something_too_much_alone_is_wrong():
    """Also where all that was wanted is there."""
    assert not Line.of_same("bills", {"a": 1}, {"a": 1, "c": 2}).is_right


def test_what_must_not_be_is_counted_and_shown():
    """Some of it."""
    line = Line.of_none("open", [str(number) for number in range(9)])
    assert (line.is_right, line.found, line.examples) == (False, 9, list("01234"))


def test_the_table_marks_each_line():
    """Figures for the reader are neither right nor wrong."""
    lines = [Line(what="a", wanted=1, found=1), Line(what="b", wanted=1, found=2), Line(what="c", found=3)]
    assert [row.split()[0] for row in table(lines).splitlines()[1:]] == ["right", "WRONG", "c"]
    assert [line.is_right for line in lines] == [True, False, True]
