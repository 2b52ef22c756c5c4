"""What host.json and local.settings.json say, held against a host that runs."""
