"""The app is imported as the worker does it, and its own failures are told as one sentence with their place."""

import os
import sys
from pathlib import Path

import pytest

from durable_devhost.errors import AppError
from durable_devhost.indexing.loader import AppImportError, load_app
from durable_devhost.model.functions import FunctionCatalog, TriggerType

APP = """
app = df.DFApp()

@app.route(route="hello")
def hello(req: func.HttpRequest) -> str:
    return "hi"
"""


def test_an_app_is_loaded_with_its_folder_as_working_directory_and_first_on_the_path(load, tmp_path):
    """The worker does both, and apps open files by relative names."""
    load(APP)
    assert (Path(os.getcwd()), sys.path[0]) == (tmp_path.resolve(), str(tmp_path.resolve()))


def test_functions_of_registered_blueprints_are_listed_in_the_order_of_registration(load):
    """A blueprint in another module counts only because the app registers it."""
    catalog = load(
        """
        from pieces import bp
        app = df.DFApp()
        app.register_functions(bp)

        @app.route()
        def own(req: func.HttpRequest) -> str:
            return ""
        """,
        pieces="""
        import azure.durable_functions as df
        bp = df.Blueprint()

        @bp.orchestration_trigger(context_name="context", orchestration="Big Story")
        def story(context: df.DurableOrchestrationContext):
            yield context.call_activity("x")
        """,
    )
    assert [(f.name, f.durable_name, f.where) for f in catalog.functions] == [
        ("story", "Big Story", "pieces.py:5"),
        ("own", None, "function_app.py:8"),
    ]


def test_another_script_name_comes_from_the_app_setting(load):
    """PYTHON_SCRIPT_FILE_NAME replaces function_app.py."""
    main_app = "import azure.functions as func\nimport azure.durable_functions as df\n" + APP
    catalog = load("", {"PYTHON_SCRIPT_FILE_NAME": "main_app.py"}, main_app=main_app)
    assert catalog.of(TriggerType.HTTP)[0].name == "hello"


def test_a_syntax_error_is_told_with_file_and_line(load):
    """The line is the one of the fault, not of the import."""
    with pytest.raises(AppImportError, match=r"^function_app\.py:4: SyntaxError: .+ Mend that line") as caught:
        load("app = df.DFApp()\ndef broken(:\n")
    assert "def broken(:" in caught.value.details


def test_a_missing_package_is_told_with_what_to_install(load):
    """The import's place is named, and the command that mends it."""
    with pytest.raises(AppImportError, match=r"function_app\.py:3: the module 'no_such_thing' is not installed.*pip"):
        load("import no_such_thing\n")


def test_a_failure_in_an_imported_module_names_that_module_and_keeps_the_users_traceback_only(load):
    """The traceback goes through the user's two files and through nothing of devhost or importlib."""
    with pytest.raises(AppImportError, match=r"^deep\.py:2: KeyError: 'x'\.") as caught:
        load("import deep\n", deep="settings = {}\nsettings['x']\n")
    assert [line.split('"')[1].rpartition("/")[2] for line in caught.value.details.splitlines() if "File" in line] == [
        "function_app.py",
        "deep.py",
    ]


def test_an_app_that_exits_at_import_does_not_end_the_host(load):
    """SystemExit is an answer, not the end."""
    with pytest.raises(AppImportError, match=r"function_app\.py:3: the app ended the process"):
        load("raise SystemExit(3)\n")


@pytest.mark.parametrize(
    ("source", "expected"),
    [("x = 1\n", "defines no app"), ("bp = df.Blueprint()\n", "defines no app"),
     ("app = df.DFApp()\nother = func.FunctionApp()\n", "more than one app"),
     ("app = df.DFApp()\n", "no functions are registered")],
)  # fmt: skip
def test_a_script_without_exactly_one_app_with_functions_is_refused(load, source, expected):
    """The worker wants exactly one FunctionRegister; blueprints do not count."""
    with pytest.raises(AppError, match=expected):
        load(source)


def test_a_folder_without_an_app_is_refused_with_what_to_do(tmp_path):
    """Wrong folder, v1 app, odd script name: each has its own sentence."""
    with pytest.raises(AppError, match=r"There is no function_app\.py in .*--app"):
        load_app(tmp_path, {})
    with pytest.raises(AppError, match="There is no folder"):
        load_app(tmp_path / "nowhere", {})
    with pytest.raises(AppError, match="is no Python module"):
        load_app(tmp_path, {"PYTHON_SCRIPT_FILE_NAME": "app-main.txt"})
    (tmp_path / "Old").mkdir()
    (tmp_path / "Old" / "function.json").write_text("{}")
    with pytest.raises(AppError, match="v1 model"):
        load_app(tmp_path, {})


def test_the_catalog_knows_durable_functions_by_their_durable_names_in_any_case(load):
    """Three tables of names: an orchestrator, an activity and an entity may share one."""
    catalog: FunctionCatalog = load(
        """
        app = df.DFApp()

        @app.orchestration_trigger(context_name="context", orchestration="Same", input_type=dict)
        def a(context): ...

        @app.activity_trigger(input_name="x", activity="Same")
        async def b(x): ...

        @app.entity_trigger(context_name="context", entity_name="Same")
        def c(context): ...
        """
    )
    orchestrator, activity, entity = catalog.orchestrator("SAME"), catalog.activity("same"), catalog.entity("sAME")
    assert orchestrator is not None
    assert activity is not None
    assert entity is not None
    assert [orchestrator.name, activity.name, entity.name] == ["a", "b", "c"]
    assert (catalog.known_orchestrators(), catalog.known_entities()) == (("Same",), ("Same",))
    assert (orchestrator.orchestrator_function.__name__, orchestrator.input_type) == ("a", dict)
    assert (activity.is_async, entity.is_async, catalog.activity("b")) == (True, False, None)
