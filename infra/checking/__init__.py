"""The rules that the deployment is held to without Azure and without a network: `python infra/check.py`."""
