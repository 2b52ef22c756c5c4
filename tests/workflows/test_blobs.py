"""GetBlob through the host: what HTTP makes of bytes, headers and strange names."""

import base64
import urllib.error
import urllib.request

import pytest

CONTENT = base64.b64decode("IyBNaWxsIFN0cmVhbQo=")


def fetch(app, query):
    """Return status, headers and bytes."""
    try:
        with urllib.request.urlopen(f"{app.url}/api/blob?{query}", timeout=20) as response:
            return response.status, response.headers, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers, error.read()


def test_an_attachment_is_returned_byte_for_byte(app):
    """That of a submitted proposal."""
    app.container("attachments").upload_blob("p-1/every byte.bin", bytes(range(256)), overwrite=True)
    status, headers, content = fetch(app, "container=attachments&blob=p-1/every%20byte.bin")
    assert (status, content) == (200, bytes(range(256)))
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Disposition"] == "attachment; filename*=UTF-8''every%20byte.bin"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert "sandbox" in headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "query", ["", "container=attachments", "blob=x", "container=&blob=x", "container=attachments&blob="]
)
def test_both_names_are_required(app, query):
    """With the text that other systems know."""
    status, headers, content = fetch(app, query)
    assert (status, content) == (400, b"Please pass a container and blob names on the query string.")
    assert headers["Content-Type"].startswith("text/plain")


@pytest.mark.parametrize(
    "container", ["greenlighthub-leases", "azure-webjobs-hosts", "%24logs", "nowhere", "..%2f..", "%00"]
)
def test_the_hubs_and_other_containers_are_closed(app, container):
    """Existing and unknown ones give the same answer."""
    status, _, content = fetch(app, f"container={container}&blob=x")
    assert (status, content) == (403, fetch(app, "container=other&blob=x")[2])


@pytest.mark.parametrize(
    "name",
    [
        "../x",
        "..%2fx",
        "%2e%2e/x",
        "%252e%252e/x",
        "a%5cb",
        "%00",
        "%0d%0aX:y",
        "%ff",
        "%ed%a0%80",
        "x" * 2000,
        "%",
        "a//b",
    ],
)
def test_strange_names_are_client_errors(app, name):
    """400 or 404, never 500."""
    assert fetch(app, f"container=attachments&blob={name}")[0] in (400, 404)
