"""ScaleImages through HttpStart, on the footbridge's drawings."""

import base64
import hashlib
import uuid
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from approvals.images import ScaleForm
from tests.long import killing

FOOTBRIDGE = Path(__file__).resolve().parents[2] / "examples" / "footbridge"


def inline(content, name="elevation.png", content_type="image/png"):
    """Return a file as it is posted."""
    return {"name": name, "contentType": content_type, "content": base64.b64encode(content).decode()}


def jpeg():
    """Return a photo-like JPEG."""
    target = BytesIO()
    Image.linear_gradient("L").resize((1000, 500)).convert("RGB").save(target, "JPEG")
    return target.getvalue()


def stored(app, content, name=None, **more):
    """Store a picture beside the attachments and return its blob's name."""
    blob = name or f"{uuid.uuid4().hex}/drawing.png"
    app.container("attachments").upload_blob(blob, content, **more)
    return blob


def names(app, blob):
    """Return what lies in a blob's folder."""
    return sorted(each.name for each in app.container("attachments").list_blobs(blob.rpartition("/")[0] + "/"))


def states(container, blob):
    """Return each blob of the folder with what changes when it is written."""
    folder = container.list_blobs(blob.rpartition("/")[0] + "/")
    return {each.name: (each.etag, each.last_modified, each.creation_time) for each in folder}


@pytest.mark.parametrize(
    ("file", "sizes"),
    [
        ("elevation.png", {"small": (200, 98), "medium": (800, 391), "large": (860, 420)}),
        ("site-plan.png", {"small": (200, 107), "medium": (800, 428), "large": (860, 460)}),
    ],
)
def test_a_drawing_gets_three_copies(app, file, sizes):
    """Their names come from its content; no copy is larger than the drawing."""
    content = (FOOTBRIDGE / file).read_bytes()
    # A person's own name says nothing about what is a copy.
    instance = app.begin("ScaleImages", {"image": inline(content, "very-small.png")})
    output = app.result(instance)
    blob = f"{instance}/{hashlib.sha256(content).hexdigest()[:32]}.png"
    assert (output["outcome"], output["blob"]) == ("scaled", blob)
    assert output["copies"] == [
        {"size": size, "blob": blob.replace(".png", f"-{size}.png"), "width": wide, "height": high, "made": True}
        for size, (wide, high) in sizes.items()
    ]
    assert names(app, blob) == sorted([blob, *(copy["blob"] for copy in output["copies"])])
    assert app.status(instance)["customStatus"] == {"state": "scaled", "done": 3, "of": 3}


def test_the_example_is_scaled(app):
    """Unchanged; it is small, so its copies have its size."""
    output = app.result(app.begin("ScaleImages", dict(ScaleForm.example)))
    assert [(copy["width"], copy["height"]) for copy in output["copies"]] == [(8, 8)] * 3


def test_a_photo_gets_the_requested_sizes(app):
    """JPEG stays JPEG."""
    instance = app.begin("ScaleImages", {"image": inline(jpeg(), "p.jpg", "image/jpeg"), "sizes": ["medium"]})
    (copy,) = app.result(instance)["copies"]
    assert (copy["width"], copy["height"]) == (800, 400)
    content = app.container("attachments").download_blob(copy["blob"]).readall()
    assert Image.open(BytesIO(content)).format == "JPEG"


def test_another_run_makes_no_copy_again_and_scales_no_copy(app):
    """By the picture's name it finds all copies; a copy's name is refused."""
    blob = stored(app, (FOOTBRIDGE / "elevation.png").read_bytes())
    app.result(app.begin("ScaleImages", {"blob": blob}))
    before = states(app.container("attachments"), blob)
    again = app.result(app.begin("ScaleImages", {"blob": blob}))
    assert [copy["made"] for copy in again["copies"]] == [False] * 3
    for copy in again["copies"]:
        refused = app.result(app.begin("ScaleImages", {"blob": copy["blob"]}))
        assert (refused["outcome"], refused["copies"]) == ("refused", [])
        assert "copies are not scaled again" in refused["reason"]
    assert states(app.container("attachments"), blob) == before


def test_a_renamed_copy_is_not_scaled_either(app):
    """It still has its mark."""
    blob = stored(app, (FOOTBRIDGE / "elevation.png").read_bytes())
    (copy,) = app.result(app.begin("ScaleImages", {"blob": blob, "sizes": ["small"]}))["copies"]
    attachments = app.container("attachments")
    found = attachments.get_blob_client(copy["blob"])
    renamed = stored(app, found.download_blob().readall(), metadata=found.get_blob_properties().metadata)
    assert app.result(app.begin("ScaleImages", {"blob": renamed}))["outcome"] == "refused"
    assert names(app, renamed) == [renamed]


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("missing/x.png", None, "there is no blob"),
        ("texts/x.png", b"not a picture", "readable PNG picture"),
        ("texts/x.pdf", b"%PDF-", "does not end in .png, .jpg or .jpeg"),
    ],
)
def test_a_file_that_is_no_picture_is_refused_with_the_reason(app, name, content, told):
    """An outcome, not a failure."""
    if content:
        stored(app, content, name)
    instance = app.begin("ScaleImages", {"blob": name})
    output = app.result(instance)
    assert (output["outcome"], output["copies"]) == ("refused", [])
    assert told in output["reason"]
    assert app.status(instance)["customStatus"]["state"] == "refused"


@pytest.mark.parametrize(
    "form", [{}, {"blob": "../x.png"}, {"blob": "x.png", "image": inline(b"")}, {"image": inline(b"x")}]
)
def test_an_invalid_form_starts_nothing(app, form):
    """400 with the fault."""
    answer = app.post("ScaleImages", form)
    assert answer.status == 400
    assert answer.body["errors"]


def test_a_second_run_under_one_id_repeats_nothing(app):
    """HttpStart finds it, and a restart finds the copies."""
    form = {"image": inline((FOOTBRIDGE / "site-plan.png").read_bytes())}
    instance = app.begin("ScaleImages", form)
    first = app.result(instance)
    before = states(app.container("attachments"), first["blob"])
    assert app.post("ScaleImages", form, instance_id=instance).status == 202
    app.request("POST", f"/runtime/webhooks/durabletask/instances/{instance}/restart?restartWithNewInstanceId=false")
    app.wait(
        instance,
        until=lambda status: status["runtimeStatus"] == "Completed" and not status["output"]["copies"][0]["made"],
    )
    assert states(app.container("attachments"), first["blob"]) == before


@killing
def test_a_kill_between_two_sizes_makes_no_size_twice(app):
    """The picture takes a while: copies made before the kill are unchanged."""
    target = BytesIO()
    Image.linear_gradient("L").resize((4400, 4400)).convert("RGB").save(target, "PNG", compress_level=1)
    blob = stored(app, target.getvalue())
    container = app.container("attachments")
    instance = app.begin("ScaleImages", {"blob": blob})
    app.until_shown(instance, size="medium")
    app.kill()
    before = states(container, blob)
    assert blob.replace(".png", "-small.png") in before
    assert blob.replace(".png", "-large.png") not in before
    app.restart()
    output = app.result(instance, 40)
    after = states(container, blob)
    assert [copy["size"] for copy in output["copies"]] == ["small", "medium", "large"]
    assert len(after) == 4
    assert {name: after[name] for name in before} == before
