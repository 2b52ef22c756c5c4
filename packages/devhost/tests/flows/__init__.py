"""Orchestrations, client calls and middlewares as bug reports tell of them, held against what the real host gives."""
