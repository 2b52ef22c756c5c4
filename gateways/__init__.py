"""Gateways: the only code that reads the clock and opens clients of other services."""
