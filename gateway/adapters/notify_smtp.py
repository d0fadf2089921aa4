"""E-mail by SMTP: one connection per message, every wait bounded, TLS checked."""

import smtplib
import ssl
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from gateway.ports.errors import NotifyRefused, NotifyUnavailable
from gateway.ports.notify import Letter

TIMEOUT_S = 15.0
_FOR_GOOD = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class SmtpServer:
    """Where letters are handed over. ``security`` is ``starttls``, ``tls`` or ``none``."""

    host: str
    port: int
    sender: str
    name: str
    security: str = "starttls"
    username: str | None = None
    password: str | None = None


class SmtpPost:
    """Letters through one server. What is raised names no person and no secret."""

    def __init__(self, server: SmtpServer, *, timeout_s: float = TIMEOUT_S, tls: ssl.SSLContext | None = None) -> None:
        self._server, self._timeout_s = server, timeout_s
        self._tls = tls or ssl.create_default_context()

    def send(self, letter: Letter) -> None:
        """Hand the letter over; NotifyUnavailable: again later, NotifyRefused: never."""
        try:
            message = self._message(letter)
        except ValueError:
            raise NotifyRefused("not an address") from None
        try:
            with self._connected() as smtp:
                smtp.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            codes = {code for code, _ in error.recipients.values()}
            if min(codes) >= _FOR_GOOD:
                raise NotifyRefused(f"the server refuses the address ({min(codes)})") from None
            raise NotifyUnavailable(f"the server does not take the address now ({min(codes)})") from None
        except (OSError, smtplib.SMTPException) as error:
            raise NotifyUnavailable(_plain(error)) from None

    def _connected(self) -> smtplib.SMTP:
        server = self._server
        if server.security == "tls":
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, timeout=self._timeout_s, context=self._tls
            )  # fmt: skip
        else:
            smtp = smtplib.SMTP(server.host, server.port, timeout=self._timeout_s)
        try:
            if server.security == "starttls":
                smtp.starttls(context=self._tls)
            if server.username is not None:
                smtp.login(server.username, server.password or "")
        except BaseException:
            smtp.close()
            raise
        return smtp

    def _message(self, letter: Letter) -> EmailMessage:
        message = EmailMessage()
        message["From"] = Address(display_name=self._server.name, addr_spec=self._server.sender)
        message["To"] = Address(addr_spec=letter.to)
        message["Subject"] = letter.subject
        message["Date"] = format_datetime(letter.at)
        message["Message-ID"] = f"<{letter.id}@{self._server.sender.rpartition('@')[2]}>"
        message["Auto-Submitted"] = "auto-generated"
        message["Content-Language"] = letter.language
        message.set_content(letter.text)
        return message


def _plain(error: Exception) -> str:
    """The kind of fault and the server's code: its own text may repeat addresses."""
    code = getattr(error, "smtp_code", None)
    return type(error).__name__ + (f" ({code})" if code else "")
