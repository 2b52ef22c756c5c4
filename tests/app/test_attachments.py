"""Files of a proposal from outside, on devhost and Azurite: paths as they come over the wire, letters in the outbox."""

import http.client
import json
from email import message_from_bytes
from email.policy import default
from urllib.parse import quote

import pytest
import requests
from azure.storage.blob import BlobServiceClient

from approvals.attachments import LARGEST_UPLOAD

FORM = {
    "title": "Mill Stream footbridge",
    "author": "Ines Carvalho",
    "policy": {"stages": [{"name": "design", "approvers": ["Mara Lindqvist"]}]},
}
TEXT = "# Mühlbach\n".encode()


class Files:
    """The routes of one proposal's files, without a client that would tidy paths up."""

    def __init__(self, app):
        self.app = app
        self.id = self.api("POST", "proposals", FORM).json()["proposalId"]
        self.until(status="inReview")

    def api(self, method, path, body=None):
        """Call the API as it should be called."""
        content = {"data": body} if isinstance(body, bytes) else {"json": body}
        return requests.request(method, f"{self.app.host.url}/api/{path}", timeout=60, **content)

    def until(self, **shown):
        """Wait until the proposal shows these values, and return it."""

        def look():
            found = self.api("GET", f"proposals/{self.id}").json()
            return found if all(found.get(key) == value for key, value in shown.items()) else None

        return self.app.eventually(look, f"{self.id} never showed {shown}")

    def raw(self, method, name, content=None, **headers):
        """Send these bytes as the path's last step; returns status, headers and body."""
        host = self.app.host.url.removeprefix("http://")
        connection = http.client.HTTPConnection(host, timeout=60)
        query = "?by=Ines%20Carvalho" if method == "PUT" else ""
        try:
            connection.request(method, f"/api/proposals/{self.id}/attachments/{name}{query}", content, headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def elsewhere(self):
        """All blobs of the attachments' container but those in the proposal's folder."""
        names = (blob.name for blob in self.container("attachments").list_blobs())
        return {name for name in names if not name.startswith(f"{self.id}/") or name.count("/") > 1}

    def container(self, name):
        """A container of the app's account."""
        connection = self.app.host.get("/admin/devhost/info")["storage"]["connectionString"]
        return BlobServiceClient.from_connection_string(connection).get_container_client(name)


@pytest.fixture(scope="module")
def files(app):
    """A proposal that is being reviewed, and its files."""
    return Files(app)


@pytest.mark.parametrize("name", ["note.md", "Übersicht (1).md", "100 %.md", "a+b&c=d;e.md", "橋.md"])
def test_a_file_is_uploaded_and_read_back(files, name):
    """With its readable name; a browser does not display the answer."""
    status, headers, body = files.raw("PUT", quote(name, safe=""), TEXT)
    assert status == 201, body
    assert json.loads(body)["attachment"]["name"] == name
    assert headers["Location"] == f"/api/proposals/{files.id}/attachments/{quote(name, safe='')}"
    status, headers, body = files.raw("GET", quote(name, safe=""))
    assert (status, body) == (200, TEXT)
    assert headers["Content-Disposition"] == f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    assert (headers["X-Content-Type-Options"], headers["Cache-Control"]) == ("nosniff", "no-store")
    assert name in [each["name"] for each in files.until()["attachments"]]


@pytest.mark.parametrize(
    "path",
    [
        "../x.md", "%2e%2e%2fx.md", "%252e%252e%252fx.md", "..%5cx.md", "..\\x.md", "a%2fb.md",
        "a%5cb.md", "a%00b.md", "a%0ab.md", ".htaccess", "%ff.md", "%c0%ae%c0%ae%c0%afx.md",
    ],
)  # fmt: skip
def test_a_path_is_not_accepted_as_a_file_name(files, path):
    """It is a 4xx and never a 5xx; nothing is stored outside the proposal's folder."""
    before = files.elsewhere()
    for method, content in (("PUT", TEXT), ("GET", None)):
        status, _, _ = files.raw(method, path, content)
        assert 400 <= status < 500
    assert files.elsewhere() == before


@pytest.mark.parametrize("path", ["..", "%2e%2e"])
def test_a_path_one_level_up_is_the_proposal_and_not_a_file(files, path):
    """Hosts resolve such segments before they look for a route."""
    before = files.elsewhere()
    assert 400 <= files.raw("PUT", path, TEXT)[0] < 500
    status, _, body = files.raw("GET", path)
    assert (status, json.loads(body)["proposalId"]) == (200, files.id)
    assert files.elsewhere() == before


def test_a_file_that_is_too_large_is_refused(files):
    """The answer has the limit."""
    status, _, body = files.raw("PUT", "large.txt", b"x" * (LARGEST_UPLOAD + 1))
    assert status == 413
    assert "20,971,520" in json.loads(body)["whatToDo"]


def test_people_are_notified_in_the_outbox_once(files):
    """The letter is below its proposal, in the form that a mail program opens."""

    def letters():
        blobs = list(files.container("outbox").list_blobs(name_starts_with=f"{files.id}/"))
        return [blob.name for blob in blobs if "-asked-" in blob.name]

    names = files.app.eventually(letters, "nobody was asked")
    letter = message_from_bytes(files.container("outbox").download_blob(names[0]).readall(), policy=default)
    assert letter["To"].addresses[0].display_name == "Mara Lindqvist"
    assert "Mill Stream footbridge" in letter["Subject"]
    assert letter.get_body(("plain",)) is not None
    assert letter.get_body(("html",)) is not None
