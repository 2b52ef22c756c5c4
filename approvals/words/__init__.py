"""What people are told of a review: who hears what, and in which words."""
