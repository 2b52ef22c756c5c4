"""What the real host answers at its edges, held against devhost."""
