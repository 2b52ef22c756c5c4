"""Models whose JSON schema says of each field what its docstring says: the sentence below the field in the source.

pydantic can do that too, with `use_attribute_docstrings`, but it reads the source of each class when the class is made.
That takes a ninth of a cold start, for documents that most processes are never asked for. So this is done when a schema
is made.
"""

import ast
import inspect
import textwrap
from functools import cache
from itertools import pairwise
from typing import Any

from pydantic import GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from approvals.validation import Boundary


class Described(Boundary):
    """Base of models that are documented by the docstrings of their fields."""

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Add the descriptions to the schema; a field that has one of its own keeps it."""
        made = handler(schema)
        properties: dict[str, Any] = handler.resolve_ref_schema(made).get("properties", {})
        for name, field in cls.model_fields.items():
            described = properties.get(str(field.validation_alias or field.alias or name))
            text = field_docs(cls).get(name)
            if described is not None and text and "description" not in described:
                described["description"] = text
        return made


@cache
def field_docs(model: "type[Described]") -> dict[str, str]:
    """Return the docstrings of a model's fields, inherited ones too; empty where there is no source to read."""
    docs: dict[str, str] = {}
    for each in reversed(model.__mro__):
        if issubclass(each, Described) and each is not Described:
            docs |= _own_docs(each)
    return docs


def _own_docs(model: type[Described]) -> dict[str, str]:
    try:
        (node,) = ast.parse(textwrap.dedent(inspect.getsource(model))).body
    except (OSError, TypeError):
        return {}
    body = node.body if isinstance(node, ast.ClassDef) else []
    docs: dict[str, str] = {}
    for field, behind in pairwise(body):
        match field, behind:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(text))),
            ):
                docs[name] = inspect.cleandoc(text)
            case _:
                pass
    return docs
