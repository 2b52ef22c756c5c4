"""For the tests of an app: a pytest plugin that drives it as a black box, in virtual time."""
