"""`durable-devhost doctor`: finds the instances of a stopped hub that cannot go on, and offers remedies for each."""
