"""Azurite, the storage emulator: found, started, kept for a data folder, lent to tests."""
