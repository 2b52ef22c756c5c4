"""What changed between two texts."""

from hypothesis import given
from hypothesis import strategies as st

from pages.differences import LONGEST_LINE, Line, differences

TEXT = st.lists(st.sampled_from(["a", "b", "--- x", "+++ y", "@@ z", ""]), max_size=12)


def test_changed_lines_are_shown_with_their_context():
    """Unchanged lines further away are left out."""
    before = [str(number) for number in range(20)]
    after = [*before[:5], "new", *before[6:15], *before[16:]]
    found = differences("\n".join(before), "\n".join(after))
    assert [(each.kind, each.text) for each in found] == [
        ("same", "3"), ("same", "4"), ("removed", "5"), ("added", "new"), ("same", "6"), ("same", "7"), ("gap", ""),
        ("same", "13"), ("same", "14"), ("removed", "15"), ("same", "16"), ("same", "17"),
    ]  # fmt: skip


@given(TEXT, TEXT)
def test_all_added_and_removed_lines_are_shown(before, after):
    """Also lines that look like those of a diff."""
    found = differences("\n".join(before), "\n".join(after))
    # A text that ends in an empty line reads like one without it.
    old, new = "\n".join(before).splitlines(), "\n".join(after).splitlines()
    added = [each.text for each in found if each.kind == "added"]
    removed = [each.text for each in found if each.kind == "removed"]
    assert len(new) - len(old) == len(added) - len(removed)
    assert set(added) <= set(new)
    assert set(removed) <= set(old)
    assert (found == ()) == (old == new)


def test_long_lines_and_long_comparisons_are_cut():
    """The files have all of it."""
    (line,) = differences("", "x" * 1_000)
    assert len(line.text) == LONGEST_LINE + 2
    found = differences("", "\n".join("abcdefgh"), most=3)
    assert [each.text for each in found] == ["a", "b", "c", ""]
    assert found[-1] == Line(kind="gap", text="")
