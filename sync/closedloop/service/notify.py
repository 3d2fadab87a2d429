"""Tells people by webhook and e-mail. What cannot be told now is told later, and never holds up a run."""

from __future__ import annotations

import hashlib
import hmac
import smtplib
import time
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

import msgspec
import requests

from closedloop.log import get_logger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Row

    from closedloop.service.incidents import Incidents
    from closedloop.settings import Email, Settings, Webhook

log = get_logger(__name__)

#: How long a hook may take, and how long one that failed is left alone, in seconds.
_PATIENCE = 10.0
_PAUSE = 60.0
_OK = 300


class Hook(Protocol):
    """A way to tell somebody."""

    @property
    def name(self) -> str:
        """Its name: the same after a restart, and no secret."""

    @property
    def on(self) -> Sequence[str]:
        """What it wants to hear of."""

    def send(self, news: dict[str, Any]) -> None:
        """Tell it.

        Raises:
            OSError: It was not taken.
        """


@dataclass(slots=True, kw_only=True, frozen=True)
class ByPost:
    """A webhook."""

    settings: Webhook

    @property
    def name(self) -> str:
        """The host, and a digest: the path of such an address is often a secret."""
        return f"{urlsplit(self.settings.url).hostname}#{_digest(self.settings.url)}"

    @property
    def on(self) -> Sequence[str]:
        """What it wants to hear of."""
        return self.settings.on

    def send(self, news: dict[str, Any]) -> None:
        """POST it as JSON, signed where there is a secret."""
        body = msgspec.json.encode(news)
        headers = {"Content-Type": "application/json", "User-Agent": "closedloop"}
        if self.settings.secret:
            signed = hmac.new(self.settings.secret.encode(), body, hashlib.sha256).hexdigest()
            headers["X-Closedloop-Signature"] = f"sha256={signed}"
        answer = requests.post(
            self.settings.url, data=body, headers=headers, timeout=_PATIENCE, allow_redirects=False
        )
        if answer.status_code >= _OK:
            message = f"answered {answer.status_code}"
            raise OSError(message)


@dataclass(slots=True, kw_only=True, frozen=True)
class ByMail:
    """A mailbox."""

    settings: Email

    @property
    def name(self) -> str:
        """The server, and a digest of who gets it."""
        return f"{self.settings.host}#{_digest(','.join(self.settings.to))}"

    @property
    def on(self) -> Sequence[str]:
        """What it wants to hear of."""
        return self.settings.on

    def send(self, news: dict[str, Any]) -> None:
        """Send it as plain text."""
        one = self.settings
        message = EmailMessage()
        message["From"], message["To"] = one.sender, ", ".join(one.to)
        message["Subject"] = f"closedloop {news['company']}: {news['event']} of {news['subject']}".replace(
            "\n", " "
        )
        message.set_content("".join(f"{name}: {value}\n" for name, value in news.items() if value))
        kind = smtplib.SMTP_SSL if one.encryption == "tls" else smtplib.SMTP
        with kind(one.host, one.port, timeout=_PATIENCE) as server:
            if one.encryption == "starttls":
                server.starttls()
            if one.user and one.password:
                server.login(one.user, one.password)
            server.send_message(message)


@dataclass(slots=True, kw_only=True)
class Notifier:
    """Carries what is untold to every hook.

    Args:
        company: Its name: one hook may hear of several.
        hooks: Who is told.
    """

    company: str
    hooks: Sequence[Hook]
    _resting: dict[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, settings: Settings) -> Notifier:
        """Return the notifier that the configuration asks for."""
        hooks: list[Hook] = [ByPost(settings=one) for one in settings.notify.webhooks]
        if settings.notify.email:
            hooks.append(ByMail(settings=settings.notify.email))
        return cls(company=settings.company.name, hooks=hooks)

    def tell(self, incidents: Incidents) -> None:
        """Tell each hook what it has not heard; one that fails is tried again later, and the others are told."""
        for hook in self.hooks:
            if self._resting.get(hook.name, 0.0) <= time.monotonic():
                self._tell(hook, incidents)

    def _tell(self, hook: Hook, incidents: Incidents) -> None:
        for row, is_end in incidents.untold(hook.name, hook.on, recovery="recovery" in hook.on):
            try:
                hook.send(self._news(row, is_end=is_end))
            except (OSError, requests.RequestException, smtplib.SMTPException, ValueError) as error:
                log.warning("hook.failed", hook=hook.name, error=type(error).__name__)
                self._resting[hook.name] = time.monotonic() + _PAUSE
                return
            incidents.told(row.id, hook.name, end=is_end)
            log.info("hook.told", hook=hook.name, kind=row.kind, subject=row.subject_key, end=is_end)

    def _news(self, row: Row[Any], *, is_end: bool) -> dict[str, Any]:
        return {
            "company": self.company,
            "event": "recovery" if is_end else row.kind,
            "of": row.kind,
            "subject": row.subject_key,
            "message": row.message,
            "fix": None if is_end else row.fix,
            "since": row.opened_at,
            "until": row.closed_at,
            "incident": row.id,
        }


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:8]
