"""The record of a proposal: its entries, how they are written, and how changes to them are detected."""
