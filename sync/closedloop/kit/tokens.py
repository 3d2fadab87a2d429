"""OAuth tokens on disk: a rotated refresh token is safe before it is first used.

One file a client and tenant, so that the tap and the target of one connection share it. Vendors that rotate refresh
tokens accept the old one for a moment at most: losing the new one means a person has to log in again. So the new
one is written, fsynced and renamed into place before anybody uses it; the one before it is kept beside it; one process
refreshes at a time; an answer without a token changes nothing.
"""

from __future__ import annotations

import base64
import fcntl
import hashlib
import os
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
from cryptography.fernet import Fernet, InvalidToken

from closedloop.clock import Clock
from closedloop.errors import ConfigError
from closedloop.kit.failpoint import failpoint
from closedloop.kit.redact import redactor

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

#: A token this close to its end is treated as ended: the request still has to travel.
_MARGIN = timedelta(seconds=60)
#: When a token ended that has never been one.
_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """What a vendor gave us.

    Args:
        access_token: Sent with each request.
        refresh_token: Buys the next access token; none where the vendor gives none.
        expires_at: End of the access token, aware; none: it does not end.
        instance_url: Where the token works, for vendors that say so.
        refresh_ends_at: When the refresh token ends unless it is used before, for vendors where it does.
    """

    access_token: str
    refresh_token: str | None = None
    expires_at: datetime | None = None
    instance_url: str | None = None
    refresh_ends_at: datetime | None = None


class _File(msgspec.Struct, kw_only=True):
    current: Token
    previous: Token | None = None


@dataclass(slots=True, kw_only=True)
class TokenStore:
    """Tokens of one client at one tenant.

    Args:
        folder: Where the files are; made if missing, for the owner only.
        client: OAuth client id.
        tenant: The vendor's name of the account: realm, instance URL, portal id.
        key: Encrypts the file when given; any text.
        clock: Tells when a token has ended.
        where: What errors call this connection; none: the tenant.
        refresh_lasts: How long a refresh token lasts, where the vendor's answer does not say.
    """

    folder: Path
    client: str
    tenant: str
    key: str | None = None
    clock: Clock = field(default_factory=Clock)
    where: str | None = None
    refresh_lasts: timedelta | None = None

    @property
    def path(self) -> Path:
        """The file: its name tells nothing about client or tenant."""
        name = hashlib.sha256(f"{self.client}\0{self.tenant}".encode()).hexdigest()[:32]
        return self.folder / f"{name}.token"

    def read(self) -> Token | None:
        """Return the current token; none if there is none yet.

        Raises:
            ConfigError: The file cannot be read with this key.
        """
        file = self._read()
        return file.current if file else None

    def previous(self) -> Token | None:
        """Return the token before the current one."""
        file = self._read()
        return file.previous if file else None

    def save(self, token: Token) -> None:
        """Keep ``token`` as the current one, durably; the one before becomes the previous."""
        with self._locked():
            self._save(token)

    def seed(self, refresh_token: str) -> bool:
        """Keep the refresh token of the settings where there is no token yet, and return whether there was none.

        Who looks first and saves then would undo what another process has renewed meanwhile: the vendor sees an old
        refresh token used again, and ends the login.
        """
        with self._locked():
            if self.read() is not None:
                return False
            self._save(Token(access_token="", refresh_token=refresh_token, expires_at=_LONG_AGO))
            return True

    def take(self, answer: Mapping[str, Any]) -> None:
        """Keep what a person's consent gave.

        Args:
            answer: The vendor's, as OAuth 2.0 has it (RFC 6749, 5.1).

        Raises:
            ConfigError: It holds no refresh token: the connection would end with the access token.
        """
        token = self._parsed(answer, Token(access_token=""))
        if token.refresh_token is None:
            message = "the consent gave no refresh token"
            raise ConfigError(
                message, where=self.where or self.tenant, fix="allow the app offline access, and log in again"
            )
        self.save(token)

    def fresh(self, refresh: Callable[[Token], Mapping[str, Any]], *, refused: Token | None = None) -> Token:
        """Return a token that works, refreshing it if need be.

        Args:
            refresh: Asks the vendor and returns its answer, as OAuth 2.0 has it (RFC 6749, 5.1).
            refused: The token that the vendor has just refused: it is replaced though it has not ended, unless
                another process has done so already.

        Raises:
            ConfigError: There is no token, or the vendor's answer holds none.
        """
        with self._locked():
            token = self.read()
            if token is None:
                raise ConfigError(
                    "no token yet", where=self.where or self.tenant, fix="closedloop login CONNECTION"
                )
            if token != refused and not self._has_ended(token):
                return token
            renewed = self._parsed(refresh(token), token)
            failpoint("tokens.renewed")
            self._save(renewed)
            return renewed

    def _parsed(self, answer: Mapping[str, Any], old: Token) -> Token:
        access = answer.get("access_token")
        if not access or not isinstance(access, str):
            message = "the vendor's answer holds no token; the one before is kept"
            raise ConfigError(message, where=self.where or self.tenant, fix="closedloop login CONNECTION")
        seconds, address = answer.get("expires_in"), answer.get("instance_url")
        return Token(
            access_token=access,
            refresh_token=answer.get("refresh_token") or old.refresh_token,
            expires_at=self.clock.now() + timedelta(seconds=float(seconds)) if seconds else None,
            instance_url=address if isinstance(address, str) and address else old.instance_url,
            refresh_ends_at=self._refresh_end(answer),
        )

    def _refresh_end(self, answer: Mapping[str, Any]) -> datetime | None:
        # Intuit's name first, then the one most others use.
        seconds = answer.get("x_refresh_token_expires_in") or answer.get("refresh_token_expires_in")
        lasts = timedelta(seconds=float(seconds)) if seconds else self.refresh_lasts
        return self.clock.now() + lasts if lasts else None

    def _has_ended(self, token: Token) -> bool:
        return token.expires_at is not None and token.expires_at.astimezone(UTC) - _MARGIN <= self.clock.now()

    def _read(self) -> _File | None:
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return None
        try:
            plain = self._cipher.decrypt(content) if self.key else content
            file = msgspec.json.decode(plain, type=_File)
        except (InvalidToken, msgspec.DecodeError) as error:
            message = "the token file cannot be read with this key"
            raise ConfigError(
                message, where=self.where or self.tenant, fix="give the key it was written with, or log in"
            ) from error
        redactor.add(file.current.access_token, file.current.refresh_token)
        return file

    def _save(self, token: Token) -> None:
        redactor.add(token.access_token, token.refresh_token)
        plain = msgspec.json.encode(_File(current=token, previous=self.read()))
        write_durably(self.path, self._cipher.encrypt(plain) if self.key else plain)
        self._note_end(token)

    def _note_end(self, token: Token) -> None:
        """Say beside the token when it ends: whoever warns people can read neither the token nor its key."""
        note = self.path.with_suffix(".ends")
        if token.refresh_ends_at is None or self.where is None:
            note.unlink(missing_ok=True)
            return
        draft = note.with_suffix(".ends-draft")
        draft.write_bytes(msgspec.json.encode({"where": self.where, "ends_at": token.refresh_ends_at}))
        draft.replace(note)

    @property
    def _cipher(self) -> Fernet:
        digest = hashlib.sha256((self.key or "").encode()).digest()
        return Fernet(base64.urlsafe_b64encode(digest))

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)  # which lets the lock go


def token_folder(config: Mapping[str, Any]) -> Path | None:
    """Return where a connector keeps its tokens: the admin's own folder, else the core's; none outside the core."""
    folder = config.get("token_folder") or config.get("closedloop_tokens")
    return Path(folder) if folder else None


def write_durably(path: Path, content: bytes) -> None:
    """Replace a file so that a crash leaves the old one or the new one, for the owner's eyes only."""
    draft = path.with_suffix(".draft")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(handle, content)
        os.fsync(handle)
    finally:
        os.close(handle)
    failpoint("tokens.drafted")
    draft.replace(path)
    failpoint("tokens.replaced")
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
