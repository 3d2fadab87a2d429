"""What `--check` finds: the credential, each permission, the fields and statuses that are mapped, the calls left today."""

from __future__ import annotations

from typing import TYPE_CHECKING

from closedloop.errors import ConfigError
from closedloop.kit.policy import StreamError
from closedloop.kit.stream import Check
from tap_marketo.catalog import CHANGE_STATUS, STREAMS
from tap_marketo.client import REST

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tap_marketo.tap import TapMarketo


def checks(tap: TapMarketo) -> Iterator[Check]:
    """Yield one line for each thing that an admin must grant."""
    tap.check_settings()
    tap.login.headers(False)
    user = tap.login.user
    yield Check(name="login", ok=True, message=f"API user {user}" if user else "the service has a token")
    for name in sorted(tap.wanted() - STREAMS.keys()):
        yield Check(name=f"stream:{name}", ok=False, message="no such stream", fix="correct its name")
    yield _permission("Read-Only Assets", lambda: f"{len(tap.campaigns())} programs are campaigns")
    yield _permission("Read-Only Lead", lambda: f"{len(tap.asked_fields)} fields of leads can be read")
    yield _permission("Read-Only Activity", lambda: _activities(tap))
    yield from _statuses(tap)
    left, reserve = tap.marketo.day_left, tap.marketo.day_reserve
    if left is not None:
        yield Check(
            name="quota",
            ok=left > reserve,
            message=f"{left} calls left today",
            fix=None if left > reserve else "wait for midnight US Central, or lower day_reserve",
            required=False,
        )


def _permission(name: str, look: Callable[[], str]) -> Check:
    check = f"permission:{name}"
    try:
        return Check(name=check, ok=True, message=look())
    except (StreamError, ConfigError) as error:
        return Check(name=check, ok=False, message=error.message, fix=error.fix)


def _activities(tap: TapMarketo) -> str:
    types = tap.activity_types
    tap.marketo.get(f"{REST}/activities/pagingtoken.json", {"sinceDatetime": tap.start_date})
    without = "" if CHANGE_STATUS in types else "; changes of a member's status are not among them"
    return f"{len(types)} types of activities are read{without}"


def _statuses(tap: TapMarketo) -> Iterator[Check]:
    """Yield what the statuses of each channel of ours mean."""
    try:
        ours = {row.get("channel") for row in tap.campaigns()}
        channels = [row for row in tap.channels() if row.get("name") in ours]
    except StreamError:
        return  # the permission has told already
    for channel in channels:
        meanings = tap.statuses.of_channel(channel)
        yield Check(
            name=f"statuses:{channel.get('name')}",
            ok="attended" in meanings.values(),
            message=", ".join(f"{name}: {meaning}" for name, meaning in meanings.items()),
            fix=None if "attended" in meanings.values() else "map the status of who came: statuses",
            required=False,
        )
