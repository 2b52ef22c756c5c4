"""What all pages share."""

from durable_devhost.dashboard.page import MOST_SHOWN, address, code, pairs


def test_a_long_text_can_be_unfolded_and_a_very_long_one_is_cut() -> None:
    """An input may have megabytes, and a page with many of them must still open."""
    short, long, longest = code("x"), code("x" * 5000), code("x" * 3_000_000)
    assert short == "<pre>x</pre>"
    assert long is not None
    assert long.startswith("<details><summary>5000 characters: xxx")
    assert longest is not None
    assert len(longest) < MOST_SHOWN + 1000
    assert f"{3_000_000 - MOST_SHOWN} characters more" in longest
    assert code(None) is None


def test_an_address_may_hold_any_id() -> None:
    """It has only the parameters with a value."""
    assert address("instance", id="a/b?<&", after="") == "/devhost/instance?id=a%2Fb%3F%3C%26"


def test_pairs_without_a_value_are_left_out() -> None:
    """None and an empty text, but not zero."""
    assert pairs({"a": None, "b": "", "c": 0}) == "<dl><dt>c</dt><dd>0</dd></dl>"
