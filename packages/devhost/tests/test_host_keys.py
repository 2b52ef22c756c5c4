"""Which keys of host.json are named at the start."""

from typing import Any

import pytest

from durable_devhost.host_keys import ONLY_ON_AZURE, ignored_keys


@pytest.mark.parametrize(
    "tree",
    [
        {},
        {"version": "2.0", "functionTimeout": "00:01:00", "FUNCTIONS": ["a"]},
        {
            "logging": {
                "logLevel": {"default": "Debug"},
                "applicationInsights": {"samplingSettings": {"isEnabled": True}},
            }
        },
        {"extensions": {"http": {"customHeaders": {"X-Any": "1"}, "dynamicThrottlesEnabled": True}}},
        {"extensions": {"durableTask": {"hubName": "h", "storageProvider": {"partitionCount": 4}, "tracing": {}}}},
        {"extensions": {}},
    ],
)
def test_keys_that_devhost_uses_or_that_matter_only_on_azure_are_not_named(tree: dict[str, Any]) -> None:
    """Names ignore case."""
    assert ignored_keys(tree) == []


def test_all_other_keys_are_named_as_written() -> None:
    """The shortest key below which none is known; misspelled ones too."""
    tree = {
        "watchDirectories": ["shared"],
        "extensions": {
            "serviceBus": {"prefetchCount": 1, "autoComplete": True},
            "http": {"routePrefx": "v1"},
            "durableTask": {"maxOrchestrationActions": 5, "storageProvider": {"controlQueueBatchSize": 8}},
        },
        "logging": {"console": {"isEnabled": True, "format": "json"}},
    }
    assert ignored_keys(tree) == [
        "watchDirectories",
        "extensions.serviceBus",
        "extensions.http.routePrefx",
        "extensions.durableTask.maxOrchestrationActions",
        "extensions.durableTask.storageProvider.controlQueueBatchSize",
        "logging.console.format",
    ]


def test_keys_of_another_storage_provider_are_not_named() -> None:
    """A separate line says that devhost lacks the provider."""
    tree = {"extensions": {"durableTask": {"storageProvider": {"type": "mssql", "taskEventLockTimeout": "1"}}}}
    assert ignored_keys(tree, other_provider=True) == []
    assert ignored_keys(tree) == ["extensions.durableTask.storageProvider.taskEventLockTimeout"]


@pytest.mark.parametrize("key", ONLY_ON_AZURE)
def test_a_key_that_matters_only_on_azure_has_its_reason(key: str) -> None:
    """The document has the same words."""
    tree: dict[str, Any] = {}
    below = tree
    for name in key.split("."):
        below[name] = below = {}
    below["x"] = 1
    assert ignored_keys(tree) == []
    assert ONLY_ON_AZURE[key]
