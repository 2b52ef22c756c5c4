"""The pure core: what a proposal, a decision and an outcome are. No Azure import, no clock, no input or output."""
