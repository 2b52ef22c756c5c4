"""ScaleImage on real blobs and real pictures."""

import uuid
import zlib
from io import BytesIO
from pathlib import Path

import pytest
from azure.storage.blob import BlobServiceClient, ContentSettings
from PIL import Image, PngImagePlugin

from activities.images import scale_image

FOOTBRIDGE = Path(__file__).resolve().parents[2] / "examples" / "footbridge"
RED, BLUE = (220, 20, 20), (20, 20, 220)


@pytest.fixture(scope="module")
def container(azurite):
    """The container of the pictures."""
    with BlobServiceClient.from_connection_string(azurite.connection_string) as service:
        yield service.create_container(f"pictures-{uuid.uuid4().hex[:8]}")


@pytest.fixture(autouse=True)
def _storage(azurite, container, monkeypatch):
    """Let the gateway find it."""
    monkeypatch.setenv("ApprovalsStorage", azurite.connection_string)
    monkeypatch.setenv("ATTACHMENTS_CONTAINER", container.container_name)


@pytest.fixture
def put(container):
    """Return a function that stores a picture under a name of its own."""

    def put(content, suffix=".png", name=None, **more):
        blob = name or f"p/{uuid.uuid4().hex}{suffix}"
        container.upload_blob(blob, content, **more)
        return blob

    return put


def encoded(picture, kind, **options):
    """Return a picture's file."""
    target = BytesIO()
    picture.save(target, kind, **options)
    return target.getvalue()


def scale(blob, size="small"):
    """Call what the host would call."""
    return scale_image._function.get_user_function()({"blob": blob, "size": size})


def opened(container, blob):
    """Return a stored picture."""
    picture = Image.open(BytesIO(container.download_blob(blob).readall()))
    picture.load()
    return picture


@pytest.mark.parametrize(
    ("file", "size", "expected"),
    [
        ("elevation.png", "small", (200, 98)),
        ("elevation.png", "medium", (800, 391)),
        ("elevation.png", "large", (860, 420)),
        ("site-plan.png", "small", (200, 107)),
    ],
)
def test_a_drawing_is_scaled_down_and_never_up(container, put, file, size, expected):
    """The real pictures of the footbridge, which have palettes."""
    blob = put((FOOTBRIDGE / file).read_bytes())
    copy = scale(blob, size)
    assert copy == {
        "size": size, "blob": blob.replace(".png", f"-{size}.png"), "width": expected[0], "height": expected[1],
        "made": True,
    }  # fmt: skip
    picture = opened(container, copy["blob"])
    assert (picture.format, picture.size) == ("PNG", expected)
    with Image.open(FOOTBRIDGE / file) as original:
        wanted = original.convert("RGB").resize((8, 4), Image.Resampling.BOX)
    found = picture.convert("RGB").resize((8, 4), Image.Resampling.BOX)
    assert max(abs(a - b) for a, b in zip(wanted.tobytes(), found.tobytes(), strict=True)) < 16


def test_a_copy_is_a_file_of_its_kind(container, put):
    """It is a download, marked with the name of its picture."""
    blob = put(encoded(Image.new("RGB", (400, 300), RED), "JPEG"), ".jpg")
    copy = scale(blob)
    properties = container.get_blob_client(copy["blob"]).get_blob_properties()
    assert properties.content_settings.content_type == "image/jpeg"
    assert properties.content_settings.content_disposition == "attachment"
    assert properties.metadata == {"scaledfrom": blob}
    assert opened(container, copy["blob"]).format == "JPEG"


def test_a_photo_is_turned_upright_and_loses_its_metadata(container, put):
    """Its EXIF rotation is applied; place, camera, comment and thumbnail are removed."""
    photo = Image.new("RGB", (1200, 600), RED)
    photo.paste(BLUE, (0, 0, 600, 600))
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by 90 degrees clockwise
    exif[0x010F] = "Camera of Ines"
    exif.get_ifd(0x8825)[1] = "N"
    profile = b"\0" * 128
    content = encoded(photo, "JPEG", exif=exif, comment=b"at my place", icc_profile=profile, quality=95)
    copy = scale(put(content, ".jpg"), "medium")
    assert (copy["width"], copy["height"]) == (400, 800)
    picture = opened(container, copy["blob"])
    assert picture.size == (400, 800)
    assert picture.getpixel((200, 100))[2] > 150, "what was left is above"
    assert picture.getpixel((200, 700))[0] > 150
    assert not picture.getexif()
    assert "comment" not in picture.info
    assert picture.info["icc_profile"] == profile
    stored = container.download_blob(copy["blob"]).readall()
    assert b"Ines" not in stored
    assert b"my place" not in stored


def test_a_png_loses_its_metadata_too(container, put):
    """It has text and EXIF."""
    text = PngImagePlugin.PngInfo()
    text.add_text("Author", "Ines")
    exif = Image.Exif()
    exif[0x0112] = 3
    picture = Image.new("RGB", (300, 100), RED)
    picture.paste(BLUE, (0, 0, 150, 100))
    copy = scale(put(encoded(picture, "PNG", pnginfo=text, exif=exif)))
    found = opened(container, copy["blob"])
    assert not {"Author", "exif"} & set(found.info)
    assert (found.getpixel((10, 10)), found.getpixel((190, 10))) == (RED, BLUE)


@pytest.mark.parametrize(
    ("mode", "colour", "options", "kept"),
    [
        ("1", 1, {}, "L"),
        ("L", 100, {}, "L"),
        ("LA", (100, 50), {}, "LA"),
        ("L", 100, {"transparency": 100}, "LA"),
        ("P", 3, {}, "RGB"),
        ("P", 3, {"transparency": 3}, "RGBA"),
        ("RGB", RED, {}, "RGB"),
        ("RGB", RED, {"transparency": RED}, "RGBA"),
        ("RGBA", (*RED, 128), {}, "RGBA"),
        ("I;16", 40_000, {}, "I;16"),
    ],
)
def test_each_kind_of_png_is_scaled(container, put, mode, colour, options, kept):
    """A palette cannot be interpolated; transparent parts stay transparent."""
    copy = scale(put(encoded(Image.new(mode, (400, 400), colour), "PNG", **options)))
    found = opened(container, copy["blob"])
    assert (found.mode, found.size) == (kept, (200, 200))


def test_a_jpeg_for_print_is_scaled(container, put):
    """CMYK becomes RGB, which browsers show."""
    copy = scale(put(encoded(Image.new("CMYK", (400, 400), (0, 255, 255, 0)), "JPEG"), ".jpeg"))
    red, green, _ = opened(container, copy["blob"]).getpixel((9, 9))
    assert red > 200 > 80 > green


def test_an_existing_copy_is_not_made_again(container, put):
    """Nor touched; its size is still returned."""
    blob = put((FOOTBRIDGE / "elevation.png").read_bytes())
    first = scale(blob)
    etag = container.get_blob_client(first["blob"]).get_blob_properties().etag
    assert scale(blob) == {**first, "made": False}
    assert container.get_blob_client(first["blob"]).get_blob_properties().etag == etag


def test_a_copy_is_not_scaled(container, put):
    """It is recognised by its name, and under another name by its mark."""
    blob = put((FOOTBRIDGE / "elevation.png").read_bytes())
    copy = scale(blob)["blob"]
    renamed = put(container.download_blob(copy).readall(), metadata={"scaledFrom": blob})
    assert "copies are not scaled again" in scale(copy)["refused"]
    assert "copies are not scaled again" in scale(renamed)["refused"]
    assert not list(container.list_blobs(copy.removesuffix(".png") + "-"))
    assert not list(container.list_blobs(renamed.removesuffix(".png") + "-"))


def claim(width, height):
    """A PNG of a few bytes that claims to be large."""
    png = encoded(Image.new("L", (1, 1)), "PNG")
    header = b"IHDR" + width.to_bytes(4) + height.to_bytes(4) + png[24:29]
    return png[:12] + header + zlib.crc32(header).to_bytes(4) + png[33:]


@pytest.mark.parametrize(
    ("content", "suffix", "told"),
    [
        (b"", ".png", "readable PNG picture"),
        (b"not a picture", ".png", "readable PNG picture"),
        ((FOOTBRIDGE / "elevation.png").read_bytes()[:9000], ".png", "readable PNG picture"),
        ((FOOTBRIDGE / "elevation.png").read_bytes(), ".jpg", "readable JPEG picture"),
        (encoded(Image.new("P", (4, 4)), "GIF"), ".png", "readable PNG picture"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", ".png", "readable PNG picture"),
        (claim(30_000, 30_000), ".png", "more than 40,000,000"),
        (claim(10_000, 10_000), ".png", "more than 40,000,000"),
        (claim(8_000, 8_000), ".png", "more than 40,000,000"),
        (b"x", ".gif", "does not end in .png, .jpg or .jpeg"),
    ],
)
def test_a_file_that_is_not_a_picture_is_refused(put, container, content, suffix, told):
    """With the reason; a bomb is refused before it is unpacked."""
    blob = put(content, suffix)
    assert told in scale(blob)["refused"]
    assert [each.name for each in container.list_blobs(blob.rpartition(".")[0])] == [blob]


def test_a_missing_or_too_large_picture_is_refused(container):
    """A page blob can be large without an upload."""
    blob = f"p/{uuid.uuid4().hex}.png"
    assert "there is no blob" in scale(blob)["refused"]
    container.get_blob_client(blob).create_page_blob(64 * 1024 * 1024, ContentSettings(content_type="image/png"))
    assert "67,108,864 bytes" in scale(blob)["refused"]


def test_an_existing_file_in_the_place_of_the_copy_is_left_alone(container, put):
    """If it is not a picture, the answer says so."""
    blob = put((FOOTBRIDGE / "elevation.png").read_bytes())
    put(b"a text", name=blob.replace(".png", "-small.png"))
    assert "not a readable picture" in scale(blob)["refused"]
    assert container.download_blob(blob.replace(".png", "-small.png")).readall() == b"a text"
