"""Alerts by e-mail: a plain text message a receiver, over SMTP."""

from __future__ import annotations

import contextlib
import dataclasses
import email.policy
import os
import smtplib
import ssl
from collections.abc import Iterator
from email.message import EmailMessage
from email.utils import format_datetime

from sitewatch.errors import DeliveryError, RefusedError, WatchError
from sitewatch.watch._message import Message
from sitewatch.watch._rules import Email


@dataclasses.dataclass(frozen=True)
class EmailChannel:
    """Receivers behind one mail server; see `Channel`."""

    rules: Email

    @property
    def name(self) -> str:
        return self.rules.name

    @property
    def targets(self) -> tuple[str, ...]:
        return self.rules.to

    def send(self, message: Message, target: str) -> str:
        mail = as_mail(message, self.rules.sender, target)
        try:
            with _server(self.rules) as server:
                server.send_message(mail, self.rules.sender, [target])
        except smtplib.SMTPRecipientsRefused as error:
            raise _failure(*next(iter(error.recipients.values()))) from error
        except smtplib.SMTPResponseException as error:
            raise _failure(error.smtp_code, error.smtp_error) from error
        except (smtplib.SMTPException, OSError) as error:
            said: str = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise DeliveryError(f"{self.rules.server} can't be used ({said})") from error
        return "accepted"


def as_mail(message: Message, sender: str, to: str) -> EmailMessage:
    """A message as mail. Its Message-ID is the same at every attempt, by which mail programs tell a repetition."""
    # Not every mail server takes letters beyond ASCII as they are.
    mail = EmailMessage(email.policy.default.clone(cte_type="7bit"))
    mail["Subject"] = message.subject.replace("\n", " ").replace("\r", " ")
    mail["From"], mail["To"] = sender, to
    mail["Date"] = format_datetime(message.raised)
    mail["Message-ID"] = f"<{message.id}@sitewatch.invalid>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
    mail.set_content("\n\n".join(_paragraph(message, number) for number in range(len(message.alerts))) + "\n")
    return mail


def _paragraph(message: Message, number: int) -> str:
    alert = message.alerts[number]
    raised = f"{alert.raised:%Y-%m-%d %H:%M} UTC" if alert.raised else ""
    lines = [f"{message.site_name}, {alert.kind}, {raised}", alert.text]
    structure = alert.content.get("structure")
    if structure and structure["geometry"]["coordinates"]:
        import shapely

        centre = shapely.geometry.shape(structure["geometry"]).representative_point()
        lines.append(f"Where: {centre.y:.5f}, {centre.x:.5f} (latitude, longitude)")
    return "\n".join(lines)


@contextlib.contextmanager
def _server(rules: Email) -> Iterator[smtplib.SMTP]:
    """A connection, encrypted and logged in as the rules say; one without encryption carries no password."""
    if rules.user and rules.security == "none":
        raise WatchError(
            f"the e-mail receiver {rules.name!r} would send a password without encryption",
            hint="Set security to starttls or tls, or leave user out.",
        )
    context = ssl.create_default_context()
    if rules.security == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(rules.server, rules.port, timeout=rules.timeout_s, context=context)
    else:
        server = smtplib.SMTP(rules.server, rules.port, timeout=rules.timeout_s)
    with server:
        if rules.security == "starttls":
            server.starttls(context=context)
        if rules.user:
            server.login(rules.user, _password(rules))
        yield server


def _password(rules: Email) -> str:
    password = os.environ.get(rules.password_env or "", "")
    if not password:
        raise WatchError(
            f"the e-mail receiver {rules.name!r} has a user and no password",
            hint=f"Set {rules.password_env or 'password_env in the rules, and that variable'} in the environment.",
        )
    return password


def _failure(code: int, said: bytes | str) -> DeliveryError:
    text = said.decode(errors="replace") if isinstance(said, bytes) else said
    kind = RefusedError if code >= 500 else DeliveryError
    return kind(f"the mail server answered {code} {text.splitlines()[0] if text else ''}".strip())
