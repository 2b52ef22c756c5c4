"""The rules of a review: where it stands, who may do what, and what follows from it."""
