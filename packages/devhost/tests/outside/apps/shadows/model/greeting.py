"""A module of a namespace package, as there is no __init__.py."""

WHO = "model of the app"
