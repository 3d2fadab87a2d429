"""From settings to an org: the tap and the target of one connection log in alike, and share one token."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from closedloop.clock import system_clock
from closedloop.errors import ConfigError
from closedloop.kit.http import HttpClient
from closedloop.kit.tokens import TokenStore
from tap_salesforce.auth import Login
from tap_salesforce.client import Salesforce, checked_version
from tap_salesforce.settings import DEFAULT_RESERVE, DEFAULT_VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_salesforce.auth import Grant

_NEEDED: Mapping[str, tuple[str, ...]] = {
    "client_credentials": ("client_id", "client_secret"),
    "jwt_bearer": ("client_id", "username", "private_key"),
    "refresh_token": ("client_id",),
    "access_token": ("access_token",),
}
_PRODUCTION, _SANDBOX = "https://login.salesforce.com", "https://test.salesforce.com"


def connected(config: Mapping[str, Any], *, where: str | None) -> Salesforce:
    """Return the org that settings name; nothing is asked of it yet.

    Raises:
        ConfigError: A setting is missing or wrong.
    """
    timeout = (10.0, float(config.get("timeout_seconds", 150)))
    login = _login(config, timeout, where)
    version = checked_version(str(config.get("api_version", DEFAULT_VERSION)))
    if not version:
        raise ConfigError("api_version is no version", where=where, fix="write it as 67.0")
    http = HttpClient(
        base_url=login.instance_url,
        headers={"User-Agent": "closedloop", "Accept-Encoding": "gzip, deflate"},
        where=where,
        timeout=timeout,
    )
    return Salesforce(
        login=login,
        http=http,
        version=version,
        page_size=int(config.get("page_size", 2000)),
        day_reserve=int(config.get("day_reserve", DEFAULT_RESERVE)),
        where=where,
    )


def kept_in(config: Mapping[str, Any]) -> Path | None:
    """Return the folder that outlives runs; none: nothing is kept."""
    folder = config.get("token_folder") or config.get("closedloop_tokens")
    return Path(folder) if folder else None


def _login(config: Mapping[str, Any], timeout: tuple[float, float], where: str | None) -> Login:
    grant = grant_of(config)
    missing = [name for name in ("url", *_NEEDED[grant]) if not config.get(name)]
    if missing:
        message = f"not set for {grant}: " + ", ".join(missing)
        raise ConfigError(message, where=where, fix="--about lists the settings")
    address = config.get("login_url") or config["url"]
    is_sandbox = ".sandbox." in config["url"] or urlsplit(address).hostname == "test.salesforce.com"
    return Login(
        http=HttpClient(base_url=address, headers={"User-Agent": "closedloop"}, where=where, timeout=timeout),
        grant=grant,
        instance_url=config.get("instance_url") or config["url"],
        client_id=config.get("client_id") or "",
        client_secret=config.get("client_secret"),
        username=config.get("username"),
        private_key=config.get("private_key"),
        audience=config.get("audience") or (_SANDBOX if is_sandbox else _PRODUCTION),
        store=token_store(config, where),
        first=config.get("refresh_token"),
        access_token=config.get("access_token"),
        where=where,
        clock=system_clock(),
    )


def grant_of(config: Mapping[str, Any]) -> Grant:
    """Return the way in that settings name, or that what they hold stands for."""
    found: Grant | None = config.get("grant")
    if found:
        return found
    given: Mapping[str, Grant] = {
        "access_token": "access_token",
        "private_key": "jwt_bearer",
        "refresh_token": "refresh_token",
    }
    return next((grant for name, grant in given.items() if config.get(name)), "client_credentials")


def token_store(config: Mapping[str, Any], where: str | None) -> TokenStore | None:
    """Return the place of the app's token for the org; none without a folder."""
    folder = kept_in(config)
    if folder is None:
        return None
    return TokenStore(
        folder=folder,
        client=config.get("client_id") or "",
        tenant=config["url"],
        key=config.get("token_key"),
        clock=system_clock(),
        where=where,
    )
