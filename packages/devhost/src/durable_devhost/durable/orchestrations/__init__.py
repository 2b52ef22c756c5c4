"""Orchestrations: sessions, what the SDK asked for, what follows of it."""
