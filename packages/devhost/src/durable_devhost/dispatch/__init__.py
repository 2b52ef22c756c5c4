"""From a trigger's payload to a call of the user's function, and from its result back to outputs."""
