"""Orchestrations: sessions, the SDK's actions, and their effects."""
