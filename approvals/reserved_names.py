"""Words that stand for no person, so that nobody has one of them as a name."""

UNNAMED = "unnamed"
"""Stands for the approver where an answer does not say who gave it."""

GREENLIGHT = "Greenlight"
"""Stands for nobody: what time and the workflow do."""

NOBODY = "nobody"
"""Who decided, where time did."""

A_SYSTEM = "a system"
"""Stands for a system that does something in nobody's name."""

NOBODIES = (UNNAMED, NOBODY, GREENLIGHT, A_SYSTEM)
"""All of them."""
