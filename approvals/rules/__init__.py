"""The rules of a review: its state, who may do what, and what follows from each action."""
