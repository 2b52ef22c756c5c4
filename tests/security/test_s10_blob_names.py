"""S10: no name that somebody chooses leads out of its container, tried with a signature that does not cover names.

With the account's key the service itself would notice, and hide the hole; a shared access signature is to names what
the token of an identity is on Azure. Attachments and blobs, and that the hole is there:
tests/gateways/test_attachments.py. Here: the whole app on such a connection, and all that writes or reads blobs.
"""

import ast
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from azure.storage.blob import (
    AccountSasPermissions,
    BlobServiceClient,
    ContainerClient,
    ResourceTypes,
    generate_account_sas,
)

from approvals.rules.links import Link, write_link
from approvals.words.notices import Letter
from clients.links import decide_by_link
from gateways.letters.mail import Outbox
from gateways.review_records import BlobRecords
from tests.clients.conftest import MemoryClient
from tests.clients.front import FORM, Front, Reply, request
from tests.security.fortress import ROOT

KEY = "a-key-of-these-tests-" + "x" * 32
LETTER = Letter(to_name="Mara", to_address=None, subject="x", text="x", html="x", proposal_id="x")


@pytest.fixture
def outside(azurite, monkeypatch):
    """A container that is none of the app's business, beside the app's own, on a signature that covers no names."""
    tag = uuid.uuid4().hex[:8]
    with BlobServiceClient.from_connection_string(azurite.connection_string) as keyed:
        secret = keyed.create_container(f"secret-{tag}")
        secret.upload_blob("p.jsonl", b"a lot")
        sas = generate_account_sas(
            keyed.account_name,
            keyed.credential.account_key,
            ResourceTypes(service=True, container=True, object=True),
            AccountSasPermissions(read=True, write=True, create=True, add=True, list=True, update=True, delete=True),
            datetime.now(UTC) + timedelta(hours=1),
            services="bqt",
        )
        parts = dict(part.split("=", 1) for part in azurite.connection_string.split(";") if part)
        ends = [f"{name}={parts[name]}" for name in ("BlobEndpoint", "QueueEndpoint", "TableEndpoint")]
        monkeypatch.setenv("ApprovalsStorage", ";".join([*ends, f"SharedAccessSignature={sas}"]))
        for name in ("RECORDS_CONTAINER", "ATTACHMENTS_CONTAINER", "OUTBOX_CONTAINER"):
            monkeypatch.setenv(name, f"{name.partition('_')[0].lower()}-{tag}")
            keyed.create_container(f"{name.partition('_')[0].lower()}-{tag}")
        monkeypatch.setenv("AUTH_MODE", "development")
        monkeypatch.setenv("LINK_KEYS", KEY)
        yield secret, ContainerClient(keyed.url, f"records-{tag}", credential=sas)


def routes_out(secret):
    """Return names that lead into that container, if anybody follows them."""
    name = secret.container_name
    return [f"../{name}/p", f"x/../../{name}/p", f"..\\{name}\\p", f"%2e%2e/{name}/p", f"..%2f{name}%2fp", f"/{name}/p"]


def test_the_sdk_itself_follows_names_with_paths(outside):
    """It uses a name as a path: without our checks a record could be anybody's blob."""
    secret, records = outside
    assert records.download_blob(f"../{secret.container_name}/p.jsonl").readall() == b"a lot"


def test_records_and_letters_refuse_names_with_paths(outside):
    """The check is where the blob is opened, for every caller."""
    secret, container = outside
    records, outbox = BlobRecords(container), Outbox(container)
    for name in routes_out(secret):
        assert records.raw(name) is None
        assert records.read(name) is None
        for attempt in (
            lambda name=name: records.create(name, ()),
            lambda name=name: outbox.send(Letter(**_fields(LETTER, proposal_id=name)), key="1-task"),
            lambda name=name: outbox.send(LETTER, key=f"{name}"),
        ):
            with pytest.raises(ValueError, match=r"not the id of a proposal|not valid for a letter"):
                attempt()
    assert [blob.name for blob in secret.list_blobs()] == ["p.jsonl"]


async def test_no_route_follows_a_name_with_a_path(outside):
    """As a chosen id, as a proposal, as a file, and in a validly signed link."""
    secret, _ = outside
    front = Front(MemoryClient())
    ines = front.by("Ines")
    proposal = await front.begin(FORM)
    for name in routes_out(secret):
        assert (await front.submit(FORM, id=name)).status == 400
        assert (await front.show(name)).status == 404
        assert (await front.audit(name)).status == 404
        assert (await front.act(name, "decisions", {"approver": "Mara", "decision": "approve"})).status == 404
        assert (await ines.put_file(name, "plan.md", b"# A\n")).status == 404
        assert (await ines.put_file(proposal, name, b"# A\n")).status == 400
        assert (await ines.get_file(proposal, name)).status == 404
        assert (await decide(front.client, name)).status == 404
    assert [blob.name for blob in secret.list_blobs()] == ["p.jsonl"]
    assert secret.download_blob("p.jsonl").readall() == b"a lot"


@pytest.mark.usefixtures("outside")
async def test_the_app_works_on_that_connection():
    """Otherwise the refusals could come from a missing connection."""
    front = Front(MemoryClient())
    proposal = await front.begin(FORM)
    assert (await front.by("Ines").put_file(proposal, "plan.md", b"# A\n")).status == 201
    assert (await front.by("Mara").get_file(proposal, "plan.md")).body == b"# A\n"
    assert (await front.act(proposal, "withdraw", {"by": "Ines"})).status == 200


async def decide(client, proposal):
    """Decide by a link to a proposal of this name."""
    expires = int((datetime.now(UTC) + timedelta(hours=1)).timestamp())
    link = Link(proposal=proposal, round=1, stage="design", rung=0, person="Mara", expires=expires, id="1-task")
    token = write_link(link, (KEY,))
    headers = {"Content-Type": "application/json"}
    asked = request("POST", "/api/decide", {"decision": "approve", "token": token}, headers=headers)
    return Reply.of(await decide_by_link._function.get_user_function().client_function(req=asked, client=client))


def _fields(letter, **changes):
    names = ("to_name", "to_address", "subject", "text", "html", "proposal_id")
    return {name: getattr(letter, name) for name in names} | changes


OPENING = frozenset({"get_blob_client", "download_blob", "upload_blob", "delete_blob"})
CHECKED = {
    "attachments.py": "checked_blob_name",
    "blobs.py": "checked_blob_name",
    "kept_heads.py": "is_instance_id",
    "link_keys.py": "_BLOB",
    "mail.py": "_blob_name",
    "register.py": "page_name",
    "report_snapshots.py": "get_blob_client(BLOB)",
    "review_records.py": "is_instance_id",
}
"""Which gateways open blobs by name, and what makes each name safe."""


def opens_blobs(source):
    """Say whether a module opens blobs by name."""
    nodes = ast.walk(ast.parse(source))
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in OPENING and node.args
        for node in nodes
    )


def test_every_module_that_opens_blobs_by_name_checks_the_name():
    """A new one needs a review; only gateways open any."""
    folders = ("clients", "services", "activities", "gateways", "orchestrators", "entities", "approvals")
    sources = {path: path.read_text("utf-8") for folder in folders for path in (ROOT / folder).rglob("*.py")}
    found = {path.name: source for path, source in sources.items() if opens_blobs(source)}
    assert {path.relative_to(ROOT).parts[0] for path, source in sources.items() if opens_blobs(source)} == {"gateways"}
    assert set(found) == set(CHECKED)
    assert [name for name, source in found.items() if CHECKED[name] not in source] == []


def test_a_module_that_opens_blobs_is_found():
    """A search that cannot find proves nothing."""
    assert opens_blobs("def f(container, name):\n    return container.download_blob(name).readall()\n")
    assert not opens_blobs("def f(blob):\n    return blob.download_blob().readall()\n")
