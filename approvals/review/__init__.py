"""The review of a proposal as a record of entries: who may add which, what follows from them, and where it stands."""
