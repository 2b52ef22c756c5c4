"""The pure core: the data and rules of proposals, decisions and outcomes. No Azure import, no clock, no I/O."""
