"""Which values of settings are covered."""

import pytest

from durable_devhost.dashboard.settings import COVERED, mask_secret


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AzureWebJobsStorage", "UseDevelopmentStorage=true"),
        ("SMTP_PASSWORD", "x"),
        ("MY_API_KEY", "abc"),
        ("LINK_KEYS", "a,b"),
        ("DSN", "x"),
        ("Anything", "Endpoint=sb://x/;SharedAccessKeyName=n;SharedAccessKey=abc="),
        ("WEBHOOK", "https://user:pass@example.com/"),
        ("WEBHOOK", "https://example.com/hook?sig=abc"),
        ("CALLBACK", "https://example.com/api/f?code=abc"),
        ("PEM", "-----BEGIN RSA-----"),
        ("OPAQUE", "f3A9f3A9f3A9f3A9f3A9f3A9"),
    ],
)
def test_a_possible_secret_is_covered(name: str, value: str) -> None:
    """By its name or by its form."""
    assert mask_secret(name, value) == COVERED


@pytest.mark.parametrize(
    ("name", "value"),
    [("FUNCTIONS_WORKER_RUNTIME", "python"), ("PUBLIC_URL", "http://localhost:7071"), ("MAIL_DOMAINS", "a.example"),
     ("SMTP_PORT", "25"), ("PASSWORD", "")],
)  # fmt: skip
def test_other_settings_are_shown(name: str, value: str) -> None:
    """Also an empty one, so that users see that it is empty."""
    assert mask_secret(name, value) == value
