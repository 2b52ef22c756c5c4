"""The workflow of an approval without a policy."""
