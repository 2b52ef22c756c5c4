"""Models that are documented by the docstrings of their fields: in the schema, and not before it is made."""

from typing import Annotated

from pydantic import Field

from approvals.described import Described, field_docs


class Base(Described):
    """A model."""

    plain: int
    """Said of it,
    in two lines."""
    bare: int
    told: Annotated[int, Field(description="Its own.")]
    """Not this."""


class Child(Base):
    """A model with more."""

    bare: int
    """Said by the child."""
    longer_name: "Other | None" = Field(default=None, validation_alias="Longer")
    """Under the name that JSON has."""

    def method(self) -> None:
        """No field."""


class Other(Described):
    """Another one."""

    bare: int


def test_a_field_is_described_by_the_sentence_below_it():
    """Unless it says so itself."""
    properties = Base.model_json_schema()["properties"]
    assert {name: each.get("description") for name, each in properties.items()} == {
        "plain": "Said of it,\nin two lines.", "bare": None, "told": "Its own.",
    }  # fmt: skip


def test_what_is_inherited_is_described_too():
    """A child may say more."""
    properties = Child.model_json_schema()["properties"]
    assert properties["plain"]["description"] == "Said of it,\nin two lines."
    assert properties["bare"]["description"] == "Said by the child."
    assert properties["Longer"]["description"] == "Under the name that JSON has."


def test_a_model_without_source_has_no_descriptions():
    """As one that was made in a running program."""
    made = type("Made", (Described,), {"__annotations__": {"field": int}, "__module__": "nowhere"})
    assert field_docs(made) == {}
    assert "description" not in made.model_json_schema()["properties"]["field"]
