"""The target's settings, which log in as the tap's do: one connection has one set of credentials."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from singer_sdk import typing as th

from closedloop.clock import system_clock
from closedloop.errors import ConfigError
from closedloop.kit.http import HttpClient
from closedloop.kit.tokens import TokenStore
from tap_salesforce.auth import Grant, Login
from tap_salesforce.client import Salesforce

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Way in → settings that it needs.
_NEEDED: Mapping[Grant, tuple[str, ...]] = {
    "client_credentials": ("client_id", "client_secret"),
    "jwt_bearer": ("client_id", "username", "private_key"),
    "refresh_token": ("client_id",),
    "access_token": ("access_token",),
}


def settings_schema() -> dict[str, Any]:
    """Return the settings as JSON Schema."""
    schema: dict[str, Any] = th.PropertiesList(
        th.Property(
            "url",
            th.StringType,
            required=True,
            title="URL",
            description="The organisation's own address: https://NAME.my.salesforce.com, also for sandboxes.",
        ),
        th.Property(
            "grant",
            th.StringType,
            allowed_values=list(_NEEDED),
            title="Grant",
            description="Way in; without it, what is given decides: access_token, private_key (jwt_bearer), refresh_token,"
            " otherwise client_credentials.",
        ),
        th.Property(
            "client_id",
            th.StringType,
            title="Client id",
            description="Consumer key of the external client app.",
        ),
        _secret("client_secret", "Client secret", "Its secret."),
        th.Property(
            "username",
            th.StringType,
            title="User name",
            description="For jwt_bearer: whom the assertion speaks for.",
        ),
        _secret("private_key", "Private key", "For jwt_bearer: signs the assertion, PEM."),
        th.Property(
            "audience",
            th.StringType,
            title="Audience",
            description="For jwt_bearer: https://login.salesforce.com, or https://test.salesforce.com for a sandbox; found from"
            " url.",
        ),
        th.Property(
            "instance_url",
            th.StringType,
            title="Instance URL",
            description="Where the data is, if not at url; what comes with a token wins.",
        ),
        th.Property(
            "login_url",
            th.StringType,
            title="Login URL",
            description="Where tokens are asked for, if not at url.",
        ),
        _secret("refresh_token", "First refresh token", "Used where no token is kept yet."),
        _secret("access_token", "Access token", "For access_token: a ready one, which cannot be renewed."),
        th.Property(
            "token_folder",
            th.StringType,
            title="Token folder",
            description="Folder that keeps the rotating token between runs. closedloop's own core sets its own.",
        ),
        _secret("token_key", "Token key", "Encrypts the kept token."),
        th.Property(
            "api_version",
            th.StringType,
            default="67.0",
            title="API version",
            description="Version of Salesforce's API.",
        ),
        th.Property(
            "timeout_seconds",
            th.IntegerType(minimum=1),
            default=120,
            title="Time limit",
            description="How long to wait for one answer.",
        ),
        th.Property(
            "target_bulk_from",
            th.IntegerType(minimum=1),
            default=2001,
            title="Bulk from",
            description="Rows of one committed batch from which they go as a bulk job.",
        ),
        th.Property(
            "target_bulk_rows",
            th.IntegerType(minimum=1, maximum=500_000),
            default=100_000,
            title="Rows of a job",
            description="Most rows of one bulk job.",
        ),
        th.Property(
            "target_bulk_minutes",
            th.IntegerType(minimum=1),
            default=60,
            title="Minutes of a job",
            description="How long a bulk job may take; then it is aborted.",
        ),
    ).to_dict()
    return schema


def _secret(name: str, title: str, description: str) -> th.Property[Any]:
    return th.Property(name, th.StringType, secret=True, title=title, description=description)


def connected(config: Mapping[str, Any], *, where: str) -> Salesforce:
    """Return the organisation that settings name; nothing is asked of it yet.

    Raises:
        ConfigError: A setting is missing.
    """
    grant = config.get("grant") or _grant(config)
    missing = [name for name in _NEEDED[grant] if not config.get(name)]
    if missing:
        message = f"not set: {', '.join(missing)}"
        raise ConfigError(message, where=where, fix=f"{grant} needs them; see `{where} --about`")
    timeout = (10.0, float(config.get("timeout_seconds", 120)))
    login = Login(
        http=HttpClient(base_url=config.get("login_url") or config["url"], where=where, timeout=timeout),
        grant=grant,
        instance_url=config.get("instance_url") or config["url"],
        client_id=config.get("client_id") or "",
        client_secret=config.get("client_secret"),
        username=config.get("username"),
        private_key=config.get("private_key"),
        audience=config.get("audience") or _login_host(config["url"]),
        store=_store(config),
        first=config.get("refresh_token"),
        access_token=config.get("access_token"),
        where=where,
        clock=system_clock(),
    )
    http = HttpClient(
        base_url=config["url"],
        headers={"User-Agent": "closedloop", "Accept-Encoding": "gzip, deflate"},
        where=where,
        timeout=timeout,
    )
    return Salesforce(login=login, http=http, version=config.get("api_version", "67.0"), where=where)


def _grant(config: Mapping[str, Any]) -> Grant:
    if config.get("access_token"):
        return "access_token"
    if config.get("private_key"):
        return "jwt_bearer"
    return "refresh_token" if config.get("refresh_token") else "client_credentials"


def _store(config: Mapping[str, Any]) -> TokenStore | None:
    folder = config.get("token_folder") or config.get("closedloop_tokens")
    if not folder:
        return None
    return TokenStore(
        folder=Path(folder),
        client=config.get("client_id") or "",
        tenant=config["url"],
        key=config.get("token_key"),
        clock=system_clock(),
    )


def _login_host(url: str) -> str:
    is_sandbox = ".sandbox." in (urlsplit(url).hostname or "")
    return f"https://{'test' if is_sandbox else 'login'}.salesforce.com"
