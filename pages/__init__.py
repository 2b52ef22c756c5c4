"""The pages that people see in a browser: from what the rules and the list say to HTML. No storage, no requests."""
