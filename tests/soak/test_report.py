"""The table of a soak says what is wrong, and shows some of it."""

from tests.soak.report import Line, table


def test_a_missing_or_extra_item_is_wrong():
    """Both sides of a comparison count."""
    line = Line.of_same("bills", {"a": 1, "b": 1}, {"a": 1, "c": 2})
    assert (line.is_right, line.wanted, line.found) == (False, 2, "2 differ")
    assert line.examples == ["b: wanted 1, found None", "c: wanted None, found 2"]


def test_an_extra_item_alone_is_wrong():
    """Also if every wanted one is there."""
    assert not Line.of_same("bills", {"a": 1}, {"a": 1, "c": 2}).is_right


def test_forbidden_items_are_counted_and_a_few_are_shown():
    """The line shows the first ones."""
    line = Line.of_none("open", [str(number) for number in range(9)])
    assert (line.is_right, line.found, line.examples) == (False, 9, list("01234"))


def test_the_table_marks_each_line():
    """Plain figures are neither right nor wrong."""
    lines = [Line(what="a", wanted=1, found=1), Line(what="b", wanted=1, found=2), Line(what="c", found=3)]
    assert [row.split()[0] for row in table(lines).splitlines()[1:]] == ["right", "WRONG", "c"]
    assert [line.is_right for line in lines] == [True, False, True]
