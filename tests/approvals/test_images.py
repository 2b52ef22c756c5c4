"""Scaled copies: their names, their sizes, and what none is made of."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approvals.attachments import StoredAttachment
from approvals.images import (
    EDGES,
    ScaleForm,
    ScaleRequest,
    fit_size,
    name_of_copy,
    type_by_name,
    why_not_by_name,
)
from approvals.validation import Invalid

IMAGE = ScaleForm.example["image"]
NAMES = st.from_regex(r"\A([a-z0-9.-]{1,8}/)?[A-Za-z0-9. -]{0,12}\.(png|jpg|jpeg|PNG)\Z")


@pytest.mark.parametrize(
    ("blob", "copy"),
    [
        ("x.png", "x-small.png"),
        ("p-1/x.jpg", "p-1/x-small.jpg"),
        ("p.1/x.y.JPEG", "p.1/x.y-small.JPEG"),
        ("-large/x.png", "-large/x-small.png"),
    ],
)
def test_a_copy_has_the_name_of_its_picture_and_a_size(blob, copy):
    """The size is before the suffix."""
    assert name_of_copy(blob, "small") == copy
    assert why_not_by_name(blob) is None


@given(NAMES, st.sampled_from(sorted(EDGES)))
def test_no_copy_is_scaled_again(blob, size):
    """Whatever the picture is called."""
    assert "copies are not scaled again" in why_not_by_name(name_of_copy(blob, size))


@given(NAMES, NAMES, st.sampled_from(sorted(EDGES)), st.sampled_from(sorted(EDGES)))
def test_two_pictures_never_share_a_copy(one, other, first, second):
    """Nor is the copy of one the picture of the other."""
    if why_not_by_name(one) or why_not_by_name(other):
        return
    assert (name_of_copy(one, first) == name_of_copy(other, second)) == ((one, first) == (other, second))
    assert name_of_copy(one, first) != other


@pytest.mark.parametrize("blob", ["x-small.png", "a/x-MEDIUM.PNG", "x-small-small.png", "very-small.jpg", "-large.png"])
def test_a_picture_named_like_a_copy_is_refused(blob):
    """Even if a person chose the name: a copy of a copy would be worse."""
    assert why_not_by_name(blob)


@pytest.mark.parametrize("blob", ["x", "x.gif", "x.png/y", "x.svg", "a.png.exe"])
def test_a_name_without_a_picture_suffix_is_refused(blob):
    """The suffix gives the format of the copies."""
    assert "does not end in .png, .jpg or .jpeg" in why_not_by_name(blob)


def test_a_size_elsewhere_in_a_name_is_accepted():
    """Only a final size after a hyphen marks a copy."""
    assert [why_not_by_name(name) for name in ("small.png", "x_small.png", "x-small-2.png", "xsmall.png")] == [None] * 4


@pytest.mark.parametrize(
    ("blob", "kind"), [("x.png", "image/png"), ("X.JPG", "image/jpeg"), ("a/x.jpeg", "image/jpeg")]
)
def test_the_suffix_gives_the_type(blob, kind):
    """In any case."""
    assert type_by_name(blob) == kind


@pytest.mark.parametrize(
    ("size", "edge", "copy"),
    [((860, 420), 200, (200, 98)), ((420, 860), 200, (98, 200)), ((860, 420), 1600, (860, 420)), ((9, 9), 9, (9, 9))],
)
def test_the_longest_side_has_the_size(size, edge, copy):
    """Portrait or landscape."""
    assert fit_size(*size, edge) == copy


@given(st.integers(1, 20_000), st.integers(1, 20_000), st.sampled_from(sorted(EDGES.values())))
def test_proportions_are_kept_and_nothing_grows(width, height, edge):
    """To half a pixel, and at least one."""
    wide, high = fit_size(width, height, edge)
    assert 1 <= wide <= min(width, edge)
    assert 1 <= high <= min(height, edge)
    assert abs(wide * height - high * width) <= max(width, height)


def test_a_picture_inside_the_form_becomes_the_name_of_its_blob():
    """The workflow's input holds no picture."""
    form = ScaleForm.from_dict({"image": IMAGE, "sizes": ["large", "small"]})
    assert [file.name for file in form.files] == ["logo.png"]
    assert base64.b64decode(form.files[0].content).startswith(b"\x89PNG")
    stored = StoredAttachment(blob="p-1/abc.png", name="logo.png", content_type="image/png", size=1)
    assert form.submission((stored,)) == {"blob": "p-1/abc.png", "sizes": ["large", "small"]}


def test_a_form_may_name_an_existing_picture():
    """Without sizes all of them are made."""
    form = ScaleForm.from_dict({"blob": "p-1/abc.png"})
    assert form.files == ()
    request = ScaleRequest.from_dict(form.submission(()))
    assert (request.blob, request.sizes) == ("p-1/abc.png", ("small", "medium", "large"))


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({}, "give either image or blob"),
        ({"image": IMAGE, "blob": "x.png"}, "give either image or blob"),
        ({"image": {**IMAGE, "contentType": "application/pdf"}}, "image/png or image/jpeg"),
        ({"blob": "../x.png"}, "blob"),
        ({"blob": "x" * 1001}, "blob"),
        ({"blob": "x.png", "sizes": []}, "sizes"),
        ({"blob": "x.png", "sizes": ["huge"]}, "sizes"),
        ({"blob": "x.png", "sizes": ["small"] * 4}, "sizes"),
    ],
)
def test_an_invalid_form_is_refused(wrong, told):
    """Before anything is stored or started."""
    with pytest.raises(Invalid, match=told):
        ScaleForm.from_dict(wrong)
