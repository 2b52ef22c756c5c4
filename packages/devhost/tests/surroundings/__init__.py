"""What the real host's triggers and worker hand over, held against devhost."""
