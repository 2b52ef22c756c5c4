"""Approvals without a policy: one question to one person, and the end that it comes to."""
