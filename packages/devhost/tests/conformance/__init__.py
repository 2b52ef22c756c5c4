"""A package, so that the host its modules share ends with the last of their tests: pytest's scope "package"."""
