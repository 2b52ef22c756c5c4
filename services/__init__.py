"""What clients and activities share: submissions, actions on proposals, and access to instances."""
