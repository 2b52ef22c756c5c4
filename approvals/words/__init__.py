"""Letters about a review: who gets which letter, and its text."""
