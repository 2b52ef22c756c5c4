"""`durable-devhost doctor`: finds the instances of a hub at rest that cannot go on, and offers a way out for each."""
