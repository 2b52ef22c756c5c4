"""S1: JSON that names a class is text like any other, on every way in.

The SDK of durable functions writes objects as `{"__class__", "__module__", "__data__"}`, and makes objects of such
JSON. Events, the queue and verbs are tried on a host in both of its modes in tests/workflows/test_review_envelope.py,
links in tests/clients/test_links.py. Here: all operations at once, the one place where the SDK decodes what comes from
outside, and what it does where nothing is done against it.
"""

import ast
import sys
from types import ModuleType

import azure.durable_functions as df
import pytest

from clients.description.operations import OPERATIONS
from orchestrators.payloads import AnyPayload, Envelope
from tests.orchestrators.conftest import drive  # noqa: F401  the fixture
from tests.security.fortress import ROOT, path_of

LOADED, MISSING = "greenlight_bait", "greenlight_not_there"
STRICT = "AZURE_FUNCTIONS_DURABLE_STRICT_TYPING"
WAITS = ("wait_for_external_event",)

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
weak = df.Blueprint()


@weak.orchestration_trigger(context_name="context", orchestration="WeakWait")
def weak_wait(context):
    """Wait for an answer as the SDK's own examples do."""
    answer = yield context.wait_for_external_event("ApprovalEvent")
    return type(answer).__name__


@weak.orchestration_trigger(context_name="context", orchestration="GuardedWait")
def guarded_wait(context):
    """Wait for an answer as ours do."""
    answer = yield context.wait_for_external_event("ApprovalEvent", expected_type=AnyPayload)
    return type(answer).__name__


def envelope(module=LOADED, **data):
    """Return JSON that asks for an object of a class."""
    return {"__class__": "Bait", "__module__": module, "__data__": data}


@pytest.fixture
def bait(monkeypatch):
    """A class that is loaded, and keeps what it was made of."""
    made = []

    class Bait:
        @staticmethod
        def from_json(data):
            made.append(data)
            return Bait()

        def to_json(self):
            return {}

    module = ModuleType(LOADED)
    module.Bait = Bait
    monkeypatch.setitem(sys.modules, LOADED, module)
    return made


def wait(drive, monkeypatch, orchestrator, payload, *, strict):  # noqa: F811
    """Run a workflow that waits, send it this payload, and return the run."""
    monkeypatch.setenv(STRICT, "1" if strict else "0")
    run = drive(orchestrator, None)
    run.begin()
    run.event(payload)
    return run


def test_without_defence_the_sender_creates_objects(drive, monkeypatch, bait):  # noqa: F811
    """Of any loaded class that can be built from JSON, inside the workflow."""
    run = wait(drive, monkeypatch, weak_wait, {"approved": envelope(x=1)}, strict=False)
    assert (run.error, bait) == (None, [{"x": 1}])
    run = wait(drive, monkeypatch, weak_wait, envelope(x=2), strict=False)
    assert (run.output, bait[-1]) == ("Bait", {"x": 2})


@pytest.mark.parametrize("strict", [True, False])
def test_without_defence_the_sender_ends_the_workflow(drive, monkeypatch, strict):  # noqa: F811
    """With the name of an unknown class; strict typing alone does not help."""
    with pytest.raises((ValueError, TypeError)):
        wait(drive, monkeypatch, weak_wait, envelope(MISSING), strict=strict)


@pytest.mark.parametrize("payload", [envelope(x=1), envelope(MISSING), {"approved": envelope()}, [envelope()]])
def test_a_guarded_wait_creates_nothing_and_ends_nothing(drive, monkeypatch, bait, payload):  # noqa: F811
    """The envelope arrives as plain data."""
    run = wait(drive, monkeypatch, guarded_wait, payload, strict=True)
    assert (run.error, bait) == (None, [])
    assert run.output in (Envelope.__name__, "dict", "list")


def unguarded(source):
    """Return the lines of a module in which an event is waited for without saying what is expected."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    waits = [call for call in calls if isinstance(call.func, ast.Attribute) and call.func.attr in WAITS]
    return [call.lineno for call in waits if "expected_type" not in {each.arg for each in call.keywords}]


def test_every_wait_of_the_app_declares_its_type():
    """Without it the sender of an event could choose."""
    modules = list((ROOT / "orchestrators").glob("*.py"))
    assert any("wait_for_external_event" in path.read_text("utf-8") for path in modules)
    assert {path.name: lines for path in modules if (lines := unguarded(path.read_text("utf-8")))} == {}


def test_a_wait_without_a_type_is_found():
    """A search that cannot find proves nothing."""
    source = "def f(context):\n    a = yield context.wait_for_external_event('A')\n"
    assert unguarded(source) == [2]
    assert unguarded(source.replace("'A'", "'A', expected_type=AnyPayload")) == []


def test_the_app_turns_strict_typing_on_whatever_the_setting_says():
    """In function_app.py, before the first function is registered."""
    source = (ROOT / "function_app.py").read_text("utf-8")
    assert f'os.environ["{STRICT}"] = "1"' in source
    assert source.index(STRICT) < source.index("register_functions")


@pytest.mark.parametrize(
    "operation", [each for each in OPERATIONS if each.body and each.id != "PutAttachment"], ids=lambda each: each.id
)
def test_no_operation_accepts_an_envelope(fortress, operation):
    """Neither as the body nor in any of its fields; the same body without it is accepted."""
    proposal = fortress.begin()
    path, key = path_of(operation, proposalId=proposal).partition("?")[0], fortress.key_of(operation.function)
    if operation.caller == "link":
        path = fortress.link(proposal, "Mara")
    good = dict(operation.body.example or {"decision": "approve"})
    whole = {"__class__": "Decision", "__module__": "approvals.decision", "__data__": {}}
    for body in (whole, {**good, **whole}, *({**good, name: whole} for name in good)):
        told = fortress.call(operation.method, path, body, key=key)
        assert (told.status_code, "approvals.decision" in told.text) == (400, False), (body, told.text)
    told = fortress.call(operation.method, path, good, key=key)
    assert told.status_code != 400 or operation.id == "HttpStart", told.text
    assert fortress.kinds(proposal).count("decided") <= 1
