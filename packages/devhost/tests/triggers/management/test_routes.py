"""Which operation a path of the durable HTTP API means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from durable_devhost.triggers.management.routes import (
    ChangeInstance,
    ListEntities,
    ListInstances,
    MakePrimary,
    PurgeInstance,
    PurgeInstances,
    RaiseEvent,
    ReadEntity,
    ReadInstance,
    Route,
    SignalEntity,
    StartInstance,
    Verb,
    match_route,
)


@pytest.mark.parametrize(
    ("method", "path", "route"),
    [
        ("POST", "orchestrators/hello", StartInstance(name="hello", instance_id=None)),
        ("POST", "/Orchestrators/hello/@bad/", StartInstance(name="hello", instance_id="@bad")),
        ("GET", "instances/a b", ReadInstance(instance_id="a b")),
        ("GET", "instances/", ListInstances()),
        ("DELETE", "instances", PurgeInstances()),
        ("DELETE", "INSTANCES/i", PurgeInstance(instance_id="i")),
        ("POST", "instances/i/Terminate", ChangeInstance(instance_id="i", verb=Verb.TERMINATE)),
        ("POST", "instances/i/restart", ChangeInstance(instance_id="i", verb=Verb.RESTART)),
        ("POST", "instances/i/raiseevent/Go", RaiseEvent(instance_id="i", name="Go")),
        ("GET", "entities", ListEntities(name=None)),
        ("GET", "entities/Counter", ListEntities(name="Counter")),
        ("GET", "entities/Counter/k", ReadEntity(name="Counter", key="k")),
        ("GET", "entities/Counter/$", ReadEntity(name="Counter", key="")),
        ("POST", "entities/Counter/k", SignalEntity(name="Counter", key="k", delete=False)),
        ("DELETE", "entities/Counter/k", SignalEntity(name="Counter", key="k", delete=True)),
        ("POST", "makeprimary", MakePrimary()),
    ],
)
def test_each_template_has_its_operation(method: str, path: str, route: Route) -> None:
    """Literals ignore case, and slashes around the path do not matter."""
    assert route == match_route(method, path)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", "instances/i"),
        ("GET", "nothing/here"),
        ("GET", ""),
        ("GET", "orchestrators/hello"),
        ("POST", "orchestrators"),
        ("POST", "orchestrators/hello/a/b"),
        ("GET", "instances/i/terminate"),
        ("POST", "instances/i/raiseEvent"),
        ("POST", "instances/i/raiseEvent/a/b"),
        ("POST", "instances/i/explode"),
        ("POST", "instances//terminate"),
        ("GET", "entities/Counter/a/b"),
        ("POST", "entities/Counter"),
        ("GET", "makeprimary"),
    ],
)
def test_an_unknown_path_or_verb_matches_no_operation(method: str, path: str) -> None:
    """It becomes a 404 without a body (recorded)."""
    assert match_route(method, path) is None


@given(st.sampled_from(["GET", "POST", "DELETE", "PUT", "HEAD"]), st.text(alphabet="insta/ce@$ ", max_size=30))
def test_no_path_breaks_the_matching(method: str, path: str) -> None:
    """For any text of a client."""
    match_route(method, path)
