"""Deletes a record that an import made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from closedloop.kit.failpoint import failpoint
from closedloop.kit.outcome import Outcome, State
from closedloop.kit.policy import (
    AccessError,
    HtmlReplyError,
    MissingObjectError,
    RecordError,
    UnknownOutcomeError,
)
from tap_odoo.backends import GarbledReplyError
from tap_odoo.faults import RolledBackError

if TYPE_CHECKING:
    from tap_odoo.client import Odoo


def removed(odoo: Odoo, model: str, key: str) -> Outcome:
    """Return what became of one record. A call that may have arrived leaves it unknown."""
    try:
        odoo.call(model, "unlink", ids=[int(key)], idempotent=False)
    except MissingObjectError:
        return Outcome(id=key, state=State.WRITTEN)
    except (AccessError, RecordError, RolledBackError) as error:
        return Outcome(id=key, state=State.REFUSED, reason=error.message, request_id=error.request_id)
    except (UnknownOutcomeError, GarbledReplyError, HtmlReplyError) as error:
        return Outcome(id=key, state=State.UNKNOWN, reason=error.message, request_id=error.request_id)
    failpoint("target_odoo.removed")
    return Outcome(id=key, state=State.WRITTEN)
