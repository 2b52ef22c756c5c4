"""The mail catcher: a mail server on this machine that keeps every letter of the app and sends none on."""
