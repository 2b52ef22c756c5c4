"""Orchestrators, one per file, to be read from top to bottom. They are replayed: no clock, no randomness, no I/O."""
