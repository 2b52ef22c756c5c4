"""The work that workflows call by name. Each call may run twice, so each has a key that makes it one."""
