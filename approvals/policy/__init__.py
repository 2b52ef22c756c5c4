"""A policy as people write it: its stages, what is wrong with it, and which way it sends a proposal."""
