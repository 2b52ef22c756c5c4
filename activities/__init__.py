"""Activities: the work that workflows call by name. A call may run twice, so each has a key that makes it one."""
