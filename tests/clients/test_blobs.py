"""GetBlob: the bytes, or a refusal that tells nothing about what lies elsewhere."""

import gzip
import json
import uuid

import azure.functions as func
import pytest
from azure.storage.blob import BlobServiceClient, ContentSettings

from clients.blobs import get_blob


@pytest.fixture
def container(azurite, monkeypatch):
    """A container of this test's own, which the settings name, and one that they do not."""
    name = f"docs-{uuid.uuid4().hex[:8]}"
    monkeypatch.setenv("READABLE_CONTAINERS", f"{name}, gone, hub-leases, azure-webjobs-secrets, $logs")
    with BlobServiceClient.from_connection_string(azurite.connection_string) as service:
        yield service.create_container(name)


def get(**params):
    """Call what the host would call."""
    request = func.HttpRequest("GET", "http://localhost/api/blob", params=params, body=b"")
    return get_blob._function.get_user_function()(request)


def put(container, content, name=None, content_type="text/plain", **more):
    """Store a blob and return its name."""
    blob = name or f"p/{uuid.uuid4().hex}.txt"
    container.upload_blob(blob, content, content_settings=ContentSettings(content_type=content_type, **more))
    return blob


@pytest.mark.parametrize("content", [b"hello", b"", bytes(range(256)) * 20_000])
def test_a_blob_is_returned_with_its_type(container, content):
    """Also an empty one, and one of some megabytes."""
    blob = put(container, content, content_type="image/png")
    response = get(container=container.container_name, blob=blob)
    assert (response.status_code, response.get_body()) == (200, content)
    assert response.headers["Content-Type"] == "image/png"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cache-Control"] == "no-store"


def test_content_that_could_run_is_a_download(container):
    """Stored HTML must not be a page of the app."""
    blob = put(container, b"<script>", "p/page.html", "text/html")
    headers = get(container=container.container_name, blob=blob).headers
    assert headers["Content-Disposition"] == "attachment; filename*=UTF-8''page.html"
    assert headers["Content-Security-Policy"].endswith("sandbox")


def test_a_compressed_blob_is_returned_compressed(container):
    """A small file could be a large one unpacked."""
    packed = gzip.compress(b"hello" * 1000)
    blob = put(container, packed, content_encoding="gzip")
    response = get(container=container.container_name, blob=blob)
    assert response.get_body() == packed
    assert response.headers["Content-Encoding"] == "gzip"


@pytest.mark.parametrize("params", [{}, {"container": "c"}, {"blob": "b"}, {"container": "", "blob": "b"},
                                    {"container": "c", "blob": ""}])  # fmt: skip
def test_both_names_are_required(params):
    """Other systems know the sentence word for word."""
    response = get(**params)
    assert response.status_code == 400
    assert response.mimetype == "text/plain"
    assert response.get_body() == b"Please pass a container and blob names on the query string."


@pytest.mark.usefixtures("container")
def test_other_containers_are_refused_whether_they_exist_or_not(azurite):
    """Also the platform's, even if the setting names them; the answer is always the same."""
    with BlobServiceClient.from_connection_string(azurite.connection_string) as service:
        for name in ("secrets-of-others", "hub-leases", "azure-webjobs-secrets"):
            if not service.get_container_client(name).exists():
                service.create_container(name)
            service.get_container_client(name).upload_blob("x", b"secret", overwrite=True)
    names = ["secrets-of-others", "hub-leases", "azure-webjobs-secrets", "$logs", "nowhere", "..", "A b", "\0", "*"]
    answers = {
        (response.status_code, response.get_body()) for name in names if (response := get(container=name, blob="x"))
    }
    ((status, body),) = answers
    assert status == 403
    assert json.loads(body)["whatToDo"]


def test_nothing_is_readable_without_the_setting(container, monkeypatch):
    """The default is closed."""
    blob = put(container, b"x")
    for setting in ("", " , "):
        monkeypatch.setenv("READABLE_CONTAINERS", setting)
        assert get(container=container.container_name, blob=blob).status_code == 403
    monkeypatch.delenv("READABLE_CONTAINERS")
    assert get(container=container.container_name, blob=blob).status_code == 403


def test_an_unknown_blob_is_404(container):
    """So is one in a container that the setting names but that does not exist."""
    assert get(container=container.container_name, blob="p/none.txt").status_code == 404
    assert get(container="gone", blob="x").status_code == 404


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("../x", 400), ("a/..", 400), ("%2e%2e/x", 400), ("a\\b", 400), ("a\nb", 400), ("\0", 400), ("x" * 1025, 400),
        ("/x", 400), ("\ud800", 400), ("%252e/x", 404), ("x" * 1024, 404), ("a?b#c", 404), ("100%", 404), (" ", 404),
        ("\ufffe", 404), ("\U0001f309", 404), ("a." , 404), ("/".join("a" * 300), 404),
    ],
)  # fmt: skip
def test_strange_names_are_refused_or_404(container, name, status):
    """With a sentence, and never with 500."""
    response = get(container=container.container_name, blob=name)
    assert response.status_code == status
    assert json.loads(response.get_body())["whatToDo"]


@pytest.mark.parametrize("name", ["ä ö ü.txt", "a+b&c=d.txt", "100%.txt", "a%20b.txt", "x" * 1000])
def test_unusual_names_are_found(container, name):
    """A blob is returned under the name that it was stored with."""
    put(container, b"it", name)
    assert get(container=container.container_name, blob=name).get_body() == b"it"


def test_a_blob_that_is_too_large_is_not_read(container):
    """A page blob can be large without an upload."""
    container.get_blob_client("large.bin").create_page_blob(64 * 1024 * 1024)
    response = get(container=container.container_name, blob="large.bin")
    assert response.status_code == 413
    assert "67,108,864" in json.loads(response.get_body())["detail"]
