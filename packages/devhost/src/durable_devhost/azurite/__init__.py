"""Azurite, the storage emulator: found or installed, started, kept for a data folder, lent to tests."""
