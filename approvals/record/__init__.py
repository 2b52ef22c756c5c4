"""The record of a proposal: what an entry is, how it is written, and whether it is what was written."""
