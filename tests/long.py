"""What takes long beside a short form that runs always."""

import os

import pytest

LONG = "LONG" in os.environ
long = pytest.mark.skipif(not LONG, reason="a short form of it runs always, this one in `make long`")
"""Marks a test, or one set of its parameters, that runs in `make long` alone."""
killing = pytest.mark.skipif(not LONG, reason="tests/crash kills the host always, in this workflow too in `make long`")
"""Marks a test that kills the host in the middle of one more workflow."""
