"""Reserved names, which no person may have."""

UNNAMED = "unnamed"
"""The approver of an answer that names nobody."""

GREENLIGHT = "Greenlight"
"""The actor of everything that a timer or the workflow itself does."""

NOBODY = "nobody"
"""The approver of a decision that a deadline made."""

A_SYSTEM = "a system"
"""The actor of a system that does not act on behalf of a person."""

NOBODIES = (UNNAMED, NOBODY, GREENLIGHT, A_SYSTEM)
"""All reserved names."""
