"""Distributed traces, from a request to the activities of a child."""
