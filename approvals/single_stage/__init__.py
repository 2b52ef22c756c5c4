"""Approvals without a policy: one question to one person, and its outcome."""
