"""What the app reads and binds is found, however it is written."""

import pytest
from checking.code import NoPython, read_code

SETTINGS = '''
import os
from os import environ
NAME = "BY_NAME"
TYPED: str = "BY_TYPED_NAME"
def f():
    """Says RETENTION in words."""
    return (
        os.environ.get("WITH_GET"), os.environ["WITH_BRACKETS"], os.getenv("WITH_GETENV"), environ.get("BY_IMPORT"),
        os.environ.get(NAME), os.environ.get(TYPED, ""), rule(os.environ),
    )
'''
RULE = 'def rule(settings):\n    return settings.get("FROM_ELSEWHERE"), settings.get("lower")\n'
BOUND = """
@bp.function_name(name="Take")
@bp.queue_trigger(arg_name="m", queue_name="in", connection="Store")
@bp.queue_output(arg_name="o", queue_name="out", connection="Store")
def take(m, o): ...
@bp.activity_trigger(input_name="i", activity="Work")
async def work(i): ...
"""


def test_settings_are_found_however_they_are_read():
    """By constant, by name, and in another function that gets all of them."""
    code = read_code({"a.py": SETTINGS, "b.py": RULE})
    assert {
        "WITH_GET", "WITH_BRACKETS", "WITH_GETENV", "BY_IMPORT", "BY_NAME", "BY_TYPED_NAME", "FROM_ELSEWHERE",
    } == code.settings.keys()  # fmt: skip
    assert () == code.unclear
    assert ("a.py", 9) == (code.settings["WITH_GET"].file, code.settings["WITH_GET"].line)


@pytest.mark.parametrize("read", ['os.environ.get(f"{a}_B")', "os.environ[a]", 'os.getenv("A" + "_B")'])
def test_a_computed_setting_name_is_unclear(read):
    """It cannot be checked."""
    code = read_code({"a.py": f"import os\nx = {read}\n"})
    assert [2] == [place.line for place in code.unclear]


def test_names_in_decorators_are_found():
    """Queues, connections and functions."""
    code = read_code({"a.py": BOUND})
    assert ({"in", "out"}, {"Store"}, {"Take", "Work"}) == (set(code.queues), set(code.connections), code.functions)


def test_docstrings_do_not_count_as_log_texts():
    """Otherwise an alert could search for a line that is only described."""
    texts = read_code({"a.py": SETTINGS}).texts
    assert "WITH_GET" in texts
    assert "in words" not in texts


def test_a_file_that_is_not_python_is_named():
    """With its line."""
    with pytest.raises(NoPython, match=r"a\.py:2"):
        read_code({"a.py": "x = 1\ndef (\n"})
