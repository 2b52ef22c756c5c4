"""Policies as people write them: their stages, their errors, and which stages a proposal goes through."""
