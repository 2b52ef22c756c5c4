"""Durable entities: small state that many workflows share."""
