"""The mail server: what the settings say of it, and that nothing is said to it in the clear from afar."""

import ssl
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from gateways.letters.smtp import Line, MailSettingsWrong, NotSent, Server, deliver, read_server
from tests.gateways.mail_server import mail_server

SETTINGS = ("SMTP_HOST", "SMTP_PORT", "SMTP_USER", "SMTP_PASSWORD", "MAIL_FROM")


@pytest.fixture
def settings(monkeypatch):
    """Return a function that makes these the only settings of mail."""

    def settings(**values):
        for name in SETTINGS:
            monkeypatch.delenv(name, raising=False)
        for name, value in ({"MAIL_FROM": "g@example.org"} | values).items():
            monkeypatch.setenv(name, value)

    settings()
    return settings


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for this machine, and its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(subject_name=name, issuer_name=name, public_key=key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(private + made.public_bytes(pem))
    return file


@pytest.fixture
def context(certificate):
    """What a server with that certificate speaks."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(certificate)
    return made


def message():
    """Return a small message."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = "g@example.org", "mara@example.org", "x"
    made.set_content("x")
    return made


def settings_of(running, line, **more):
    """Return the running server as settings would name it."""
    return Server(host="127.0.0.1", port=running.port, line=line, **more)


def test_without_a_host_there_is_no_mail_server(settings):
    """Letters go to the outbox."""
    settings(SMTP_PORT="25")
    assert read_server() is None


@pytest.mark.parametrize(
    ("values", "line", "port"),
    [
        ({"SMTP_HOST": "mail.example.org"}, Line.STARTTLS, 587),
        ({"SMTP_HOST": "mail.example.org", "SMTP_PORT": "25"}, Line.STARTTLS, 25),
        ({"SMTP_HOST": "mail.example.org", "SMTP_PORT": "465"}, Line.TLS, 465),
        ({"SMTP_HOST": "10.0.0.5"}, Line.STARTTLS, 587),
        ({"SMTP_HOST": "localhost.example.org"}, Line.STARTTLS, 587),
        ({"SMTP_HOST": "localhost", "SMTP_PORT": "1025"}, Line.PLAIN, 1025),
        ({"SMTP_HOST": "127.0.0.1"}, Line.PLAIN, 587),
        ({"SMTP_HOST": "::1", "SMTP_PORT": "465"}, Line.TLS, 465),
    ],
)
def test_only_this_machine_is_reached_without_tls(settings, values, line, port):
    """Others by TLS, from the start on port 465."""
    settings(**values)
    server = read_server()
    assert (server.line, server.port) == (line, port)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"SMTP_PORT": "mail"}, "SMTP_PORT"),
        ({"SMTP_PORT": "0"}, "SMTP_PORT"),
        ({"SMTP_PORT": "65536"}, "SMTP_PORT"),
        ({"SMTP_USER": "x"}, "set both"),
        ({"SMTP_PASSWORD": "x"}, "set both"),
        ({"MAIL_FROM": ""}, "MAIL_FROM"),
    ],
)
def test_an_invalid_setting_is_named(settings, values, message):
    """Before anything is sent."""
    settings(SMTP_HOST="mail.example.org", **values)
    with pytest.raises(MailSettingsWrong, match=message):
        read_server()


def test_a_password_is_not_shown(settings):
    """Not even if somebody logs the settings."""
    settings(SMTP_HOST="mail.example.org", SMTP_USER="greenlight", SMTP_PASSWORD="hunter2hunter2")
    assert read_server().password == "hunter2hunter2"
    assert "hunter2" not in repr(read_server())


def test_a_server_without_tls_gets_nothing():
    """Somebody in between may have removed the offer; not even the user name is sent."""
    with mail_server() as running:
        with pytest.raises(NotSent, match="STARTTLS"):
            deliver(settings_of(running, Line.STARTTLS, user="u", password="p"), message())
        assert set(running.commands) <= {"EHLO"}


@pytest.mark.parametrize("line", [Line.STARTTLS, Line.TLS])
def test_a_server_with_an_untrusted_certificate_gets_nothing(context, line):
    """Anybody can make one."""
    with mail_server(context=context, tls_from_the_start=line is Line.TLS) as running:
        with pytest.raises(NotSent, match="SSLCertVerificationError"):
            deliver(settings_of(running, line, user="u", password="p"), message())
        assert "AUTH" not in running.commands


@pytest.mark.parametrize("line", [Line.STARTTLS, Line.TLS])
def test_a_server_with_a_trusted_certificate_gets_the_letter(context, certificate, line, monkeypatch):
    """Signed in, by TLS only."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with mail_server(context=context, tls_from_the_start=line is Line.TLS) as running:
        deliver(settings_of(running, line, user="u", password="p"), message())
        assert [each["Subject"] for each in running.letters] == ["x"]
        assert running.commands.index("AUTH") > (running.commands.index("STARTTLS") if line is Line.STARTTLS else -1)


def test_a_wrong_password_is_a_temporary_failure():
    """Somebody can fix it, so the letter is kept; the server's text is not repeated."""
    with mail_server(answers={"AUTH": "535 wrong password for u"}) as running:
        with pytest.raises(NotSent, match="535") as refused:
            deliver(settings_of(running, Line.PLAIN, user="u", password="p"), message())
        assert "wrong password for" not in str(refused.value)


def test_an_unreachable_server_is_named():
    """With the cause."""
    with mail_server() as running:
        gone = settings_of(running, Line.PLAIN)
    with pytest.raises(NotSent, match=f"127.0.0.1:{gone.port} cannot be used: ConnectionRefusedError"):
        deliver(gone, message())
