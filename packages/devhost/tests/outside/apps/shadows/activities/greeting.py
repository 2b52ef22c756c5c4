"""A module of a namespace package, as there is no __init__.py."""

WHO = "activities of the app"
