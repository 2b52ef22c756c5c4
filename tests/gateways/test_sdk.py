"""The storage SDKs' classes by the names that the type checker knows; tests/app/test_cold_start.py says when."""

import ast
from importlib import import_module
from pathlib import Path

import pytest

from gateways import sdk

NAMES = [
    (each.module, name.name)
    for each in ast.walk(ast.parse(Path(sdk.__file__).read_text("utf-8")))
    if isinstance(each, ast.ImportFrom) and each.module and each.module.startswith("azure.")
    for name in each.names
]


@pytest.mark.parametrize(("module", "name"), NAMES)
def test_each_class_is_the_one_that_the_type_checker_sees(module, name):
    """What is checked is what runs."""
    assert getattr(sdk, name) is getattr(import_module(module), name)


def test_no_other_name_is_there():
    """A wrong name is an error at once."""
    with pytest.raises(AttributeError, match="TableClint"):
        _ = sdk.TableClint
