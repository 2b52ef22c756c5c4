"""The app is imported as the real worker does it, and its own failures are told as one sentence with their place."""

import sys
from textwrap import dedent

import pytest

from durable_devhost.worker.loader import AppCannotRun, load_app

APP = """
app = df.DFApp()

@app.route(route="hello")
def hello(req: func.HttpRequest) -> str:
    return "hi"
"""


def test_the_apps_folder_is_first_on_the_path_and_its_deployed_packages_second(load, tmp_path):
    """As on Azure."""
    (tmp_path / ".python_packages" / "lib" / "site-packages").mkdir(parents=True)
    load(APP)
    folder = tmp_path.resolve()
    assert sys.path[:2] == [str(folder), str(folder / ".python_packages" / "lib" / "site-packages")]


def test_another_script_name_is_accepted(load):
    """PYTHON_SCRIPT_FILE_NAME replaces function_app.py."""
    main_app = "import azure.functions as func\nimport azure.durable_functions as df\n" + APP
    assert "hello" in load("", "main_app.py", main_app=main_app).functions


def test_a_syntax_error_is_reported_with_file_and_line(load):
    """The line of the mistake, not of the import."""
    with pytest.raises(AppCannotRun, match=r"^function_app\.py:4: SyntaxError: .+ Fix that line") as caught:
        load("app = df.DFApp()\ndef broken(:\n")
    assert "def broken(:" in caught.value.details


def test_a_missing_package_is_reported_with_what_to_install(load):
    """With the place of the import and the command."""
    with pytest.raises(AppCannotRun, match=r"function_app\.py:3: the module 'no_such_thing' is not installed.*pip"):
        load("import no_such_thing\n")


def test_a_name_missing_in_a_package_is_reported(load):
    """Usually the version is wrong."""
    with pytest.raises(AppCannotRun, match=r"function_app\.py:3: ImportError: cannot import name 'Nope'.*the version"):
        load("from azure.functions import Nope\n")


def test_an_sdk_that_cannot_be_imported_is_reported_with_its_versions_and_fitting_ones(load):
    """Durable 1.3.0 does not require the opentelemetry that it imports: the app is not at fault."""
    source = """
        from pathlib import Path
        inside = Path(df.__file__).parent / "models" / "spans.py"
        exec(compile("import no_such_thing", str(inside), "exec"))
    """
    expected = r"^function_app\.py:\d: No module named 'no_such_thing'\. azure-functions-durable 1\..* beside .*<2'"
    with pytest.raises(AppCannotRun, match=expected):
        load(dedent(source))


def test_a_failure_in_an_imported_module_names_it_and_keeps_only_the_users_traceback(load):
    """The traceback has the user's two files and no frame of devhost or importlib."""
    with pytest.raises(AppCannotRun, match=r"^deep\.py:2: KeyError: 'x'\..* fix it") as caught:
        load("import deep\n", deep="settings = {}\nsettings['x']\n")
    assert [line.split('"')[1].rpartition("/")[2] for line in caught.value.details.splitlines() if "File" in line] == [
        "function_app.py",
        "deep.py",
    ]


def test_an_app_that_exits_at_import_does_not_end_the_worker(load):
    """SystemExit is an answer."""
    with pytest.raises(AppCannotRun, match=r"function_app\.py:3: the app ended the process"):
        load("raise SystemExit(3)\n")


@pytest.mark.parametrize(
    ("source", "expected"),
    [("x = 1\n", "defines no app"), ("bp = df.Blueprint()\n", "defines no app"),
     ("app = df.DFApp()\nother = func.FunctionApp()\n", r"more than one app \(app, other\)")],
)  # fmt: skip
def test_a_script_without_exactly_one_app_is_refused(load, source, expected):
    """The real worker needs exactly one FunctionRegister; blueprints do not count."""
    with pytest.raises(AppCannotRun, match=expected):
        load(source)


def test_a_folder_without_an_app_is_refused_with_what_to_do(tmp_path):
    """Wrong folder, v1 app, unusual script name: each has its own sentence."""
    with pytest.raises(AppCannotRun, match=r"There is no function_app\.py in .*--app"):
        load_app(tmp_path, "function_app.py")
    with pytest.raises(AppCannotRun, match="is no Python module"):
        load_app(tmp_path, "app-main.txt")
    (tmp_path / "Old").mkdir()
    (tmp_path / "Old" / "function.json").write_text("{}")
    with pytest.raises(AppCannotRun, match="v1 model"):
        load_app(tmp_path, "function_app.py")
