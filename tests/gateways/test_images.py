"""Cleaned pictures: what they tell besides is gone, what they show is not."""

import struct
import tracemalloc
import zlib
from functools import cache
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageCms, PngImagePlugin

from approvals.pictures import holds_a_picture_alone, outline
from gateways.images import Unreadable, clean, measure, scale, size_of

FOOTBRIDGE = Path(__file__).resolve().parents[2] / "examples" / "footbridge"
TYPES = {"PNG": "image/png", "JPEG": "image/jpeg"}
SECRET = b"55.6761 N 12.5683 E"
ORIENTATION, PLACE = 0x0112, 0x9286


def open_picture(content):
    """Return a picture, decoded."""
    picture = Image.open(BytesIO(content))
    picture.load()
    return picture


def draw_picture(mode="RGB", size=(64, 48)):
    """Return a picture whose corners differ."""
    picture = Image.linear_gradient("L").resize(size)
    picture.paste(255, (0, 0, 8, 8))
    return picture.convert(mode)


@cache
def picture_file(kind, mode="RGB", **options):
    """Return a picture's file."""
    file = BytesIO()
    draw_picture(mode).save(file, kind, **options)
    return file.getvalue()


def exif(orientation=1):
    """Return EXIF that tells a place, and how to hold the picture."""
    fields = Image.Exif()
    fields[ORIENTATION] = orientation
    fields[PLACE] = SECRET
    return fields


def png_with_texts():
    """Return a PNG with texts."""
    about = PngImagePlugin.PngInfo()
    about.add_text("Location", SECRET.decode())
    file = BytesIO()
    draw_picture().save(file, "PNG", pnginfo=about)
    return file.getvalue()


def jpeg_with_metadata(orientation=1, mode="RGB", **options):
    """Return a JPEG with EXIF and a comment."""
    file = BytesIO()
    draw_picture(mode).save(file, "JPEG", exif=exif(orientation), comment=SECRET, **options)
    return file.getvalue()


@pytest.mark.parametrize("name", ["elevation.png", "site-plan.png"])
def test_a_file_without_metadata_stays_byte_for_byte(name):
    """The real drawings: the hash is still that of the author's file."""
    content = (FOOTBRIDGE / name).read_bytes()
    assert clean(content, "image/png") is content


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_pngs_of_all_modes_as_written_by_pillow_are_only_pictures(mode):
    """So cleaning them again changes nothing."""
    content = picture_file("PNG", mode)
    assert clean(content, "image/png") == content


@pytest.mark.parametrize(
    "content",
    [
        picture_file("JPEG", "L"),
        picture_file("JPEG"),
        picture_file("JPEG", progressive=True),
        picture_file("JPEG", "CMYK"),
    ],
)
def test_jpegs_without_metadata_stay_too(content):
    """Also progressive ones, and those for printing."""
    assert clean(content, "image/jpeg") == content


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("PNG", png_with_texts()),
        ("PNG", picture_file("PNG", exif=exif().tobytes())),
        ("PNG", picture_file("PNG") + SECRET),
        ("JPEG", jpeg_with_metadata()),
        ("JPEG", jpeg_with_metadata(mode="L")),
        ("JPEG", jpeg_with_metadata(mode="CMYK")),
        ("JPEG", picture_file("JPEG") + SECRET),
        ("JPEG", picture_file("JPEG", xmp=b"<x:xmpmeta>" + SECRET)),
    ],
)
def test_metadata_is_removed(kind, content):
    """Texts, EXIF, XMP, comments, and data after the end."""
    assert SECRET in content
    cleaned = clean(content, TYPES[kind])
    assert SECRET not in cleaned
    assert holds_a_picture_alone(cleaned, TYPES[kind])
    assert open_picture(cleaned).size == (64, 48)
    assert clean(cleaned, TYPES[kind]) == cleaned


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "I;16"])
def test_a_cleaned_png_loses_no_pixel(mode):
    """Nor its palette's transparency."""
    options = {"transparency": 3} if mode == "P" else {}
    content = picture_file("PNG", mode, **options)
    cleaned = open_picture(clean(content + SECRET, "image/png"))
    assert (cleaned.mode, cleaned.tobytes()) == (open_picture(content).mode, open_picture(content).tobytes())
    assert cleaned.info.get("transparency") == open_picture(content).info.get("transparency")


def test_a_cleaned_jpeg_looks_the_same():
    """It is written with its own quantisation tables, so little is lost."""
    content = jpeg_with_metadata(quality=70, subsampling=0)
    before, after = open_picture(content), open_picture(clean(content, "image/jpeg"))
    assert after.quantization == before.quantization
    assert ImageChops.difference(before, after).getextrema() <= ((0, 4),) * 3


@pytest.mark.parametrize("orientation", range(1, 9))
def test_pictures_are_turned_as_their_exif_says(orientation):
    """EXIF is removed, so the pixels are turned."""
    upright = open_picture(clean(jpeg_with_metadata(orientation), "image/jpeg"))
    assert upright.size == ((64, 48) if orientation < 5 else (48, 64))
    assert not upright.getexif()


def test_colours_are_unchanged():
    """The colour profile is part of the picture."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    pictures = {
        "PNG": picture_file("PNG", icc_profile=profile) + SECRET,
        "JPEG": jpeg_with_metadata(icc_profile=profile),
    }
    for kind, content in pictures.items():
        assert open_picture(clean(content, TYPES[kind])).info["icc_profile"] == profile


def test_unreadable_exif_is_removed_without_turning():
    """Like any other EXIF."""
    content = jpeg_with_metadata(6).replace(b"MM\0*", b"??\0*", 1)
    cleaned = clean(content, "image/jpeg")
    assert SECRET not in cleaned
    assert open_picture(cleaned).size == (64, 48)


def test_only_the_first_picture_of_an_animation_stays():
    """Nobody can decide on a moving picture; and every frame would need a check."""
    file = BytesIO()
    draw_picture().save(
        file, "PNG", save_all=True, append_images=[draw_picture("L").convert("RGB").rotate(180)], duration=100
    )
    cleaned = open_picture(clean(file.getvalue(), "image/png"))
    assert getattr(cleaned, "n_frames", 1) == 1


def png_of_claimed_size(width, height):
    """Return a PNG of a few bytes that says it has that many pixels."""
    file = bytearray(picture_file("PNG"))
    file[16:24] = struct.pack(">II", width, height)
    file[29:33] = struct.pack(">I", zlib.crc32(file[12:29]))
    return bytes(file)


@pytest.mark.parametrize("side", [6_400, 12_000, 60_000])
def test_a_bomb_is_refused_before_it_is_decoded(side):
    """A small file that claims to be a huge picture costs almost nothing."""
    content = png_of_claimed_size(side, side)
    tracemalloc.start()
    with pytest.raises(Unreadable, match="more than 40,000,000 pixels"):
        clean(content, "image/png")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_000_000


def test_a_picture_with_a_text_that_unpacks_to_gigabytes_is_refused():
    """A compressed comment can be a bomb too."""
    body = b"Comment\0\0" + zlib.compress(bytes(200_000_000), 9)
    chunk = struct.pack(">I", len(body)) + b"zTXt" + body + struct.pack(">I", zlib.crc32(b"zTXt" + body))
    content = picture_file("PNG")
    with pytest.raises(Unreadable):
        clean(content[:33] + chunk + content[33:], "image/png")


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "PNG"),
        (b"no picture", "PNG"),
        (picture_file("JPEG"), "PNG"),
        (picture_file("PNG"), "JPEG"),
        (picture_file("PNG")[:-40], "PNG"),
        (picture_file("JPEG")[:-200], "JPEG"),
        (png_of_claimed_size(0, 5), "PNG"),
    ],
)
def test_an_incomplete_or_wrong_picture_is_refused(content, kind):
    """Nobody must decide on half a drawing."""
    with pytest.raises(Unreadable, match=f"not a readable {kind} picture"):
        clean(content, TYPES[kind])


def jpeg_of_many_scans(side, scans):
    """Return a progressive JPEG whose last scan comes again and again, as decoders allow."""
    file = BytesIO()
    Image.new("L", (side, side)).save(file, "JPEG", progressive=True)
    content = file.getvalue()
    last = content.rindex(b"\xff\xda")
    last = content.rindex(b"\xff\xc4", 0, last)  # with its table
    return content[:last] + content[last:-2] * (scans - outline(content).scans + 1) + content[-2:]


READERS = {
    "clean": lambda content: clean(content, "image/jpeg"),
    "scale": lambda content: scale(content, "image/jpeg", edge=200),
    "size": size_of,
}


@pytest.mark.parametrize("read", READERS)
def test_a_jpeg_with_very_many_scans_is_not_decoded(read):
    """A quarter of a megabyte would take minutes, because each scan covers all pixels."""
    content = jpeg_of_many_scans(1_000, 1_500)
    assert outline(content).scans > 100
    with pytest.raises(Unreadable, match="more than 100 scans"):
        READERS[read](content)
    assert "more than 100 scans" in measure(content).trouble


def test_a_large_jpeg_with_many_scans_is_not_decoded_either():
    """The limit is lower than for a small picture."""
    content = jpeg_of_many_scans(4_500, 60)
    with pytest.raises(Unreadable, match="has 60 scans and would take too long"):
        clean(content, "image/jpeg")
    assert clean(jpeg_of_many_scans(64, 60), "image/jpeg")


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_picture_is_given_up_after_its_time_limit(kind, monkeypatch):
    """Whatever takes so long: the time is checked at every read."""
    monkeypatch.setattr("gateways.images.DECODING_S", 0)
    with pytest.raises(Unreadable, match="takes too long"):
        clean(picture_file(kind), TYPES[kind])
    assert "takes too long" in measure(picture_file(kind)).trouble


def test_the_time_limit_is_checked_while_a_jpeg_is_decoded(monkeypatch):
    """Not only when its file is opened."""
    moments = iter([0.0] * 40 + [11.0] * 1_000)
    monkeypatch.setattr("gateways.images.monotonic", lambda: next(moments))
    file = BytesIO()
    Image.effect_noise((900, 900), 200).save(file, "JPEG", progressive=True)
    with pytest.raises(Unreadable, match="takes too long"):
        clean(file.getvalue(), "image/jpeg")
    assert next(moments) == 11.0


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # what Pillow says of damaged EXIF, which goes anyway
@given(st.sampled_from(["PNG", "JPEG"]), st.booleans(), st.integers(0, 2_000), st.binary(max_size=12))
def test_the_result_is_only_a_picture_or_an_error(kind, with_metadata, where, damage):
    """For any damage in the file."""
    whole = {("PNG", True): png_with_texts, ("JPEG", True): jpeg_with_metadata}.get(
        (kind, with_metadata), lambda: picture_file(kind)
    )()
    file = bytearray(whole)
    where %= len(file)
    file[where : where + len(damage)] = damage
    try:
        cleaned = clean(bytes(file), TYPES[kind])
    except Unreadable:
        return
    assert holds_a_picture_alone(cleaned, TYPES[kind])
    assert clean(cleaned, TYPES[kind]) == cleaned
