"""What QuickBooks' faults mean, by their code. A fault comes in two spellings, `Fault` and `fault`, never with data.

The codes are bands: up to 499 the credential, 500 to 599 not supported, 600 to 1999 general (610: no such object),
2000 to 4999 validation, from 10000 on QuickBooks' own failure. An expired token has 3200, a throttle 3001, a token
of another company 3100; they come padded with zeros in the text, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from closedloop.errors import ConfigError
from closedloop.kit.policy import AccessError, Action, MissingObjectError, Rule, StreamError

if TYPE_CHECKING:
    from closedloop.kit.http import Reply

#: The limit is by the minute, and Retry-After need not be there.
MINUTE = 60.0
_NOT_OURS = {"3100", "3201"}
_THROTTLED = "3001"
_EXPIRED = "3200"
_GONE = "610"
#: "Permission Denied": the person who consented may not see this, as a rule reports and journals.
_NOT_ALLOWED = "5020"
_UNSUPPORTED = range(500, 600)
_OWN_FAILURE = 10_000
_CLIENT_ERROR, _UNAUTHORIZED, _TOO_MANY = 400, 401, 429

THROTTLED = Rule(
    action=Action.WAIT,
    error=StreamError,
    message="QuickBooks' limit of requests a minute is reached (429)",
    fix="run less often, or let other apps of this company run at other times",
    pause=MINUTE,
)
REFUSED = Rule(
    action=Action.REAUTHENTICATE_ONCE,
    error=ConfigError,
    message="QuickBooks refused the access token (401)",
    fix="closedloop login CONNECTION: the consent may have been withdrawn",
)
_OTHER_COMPANY = Rule(
    action=Action.STOP_RUN,
    error=ConfigError,
    message="the token does not open this company",
    fix="check realm_id, and that keys and url are both the sandbox's or both production's; else log in again",
)


def classify(reply: Reply) -> Rule | None:
    """Return the rule for a reply that carries a fault; none leaves it to the status."""
    if reply.status < _CLIENT_ERROR and not reply.content.startswith((b'{"Fault"', b'{"fault"')):
        return None
    if reply.status == _TOO_MANY:
        return THROTTLED
    code = _code(reply)
    if code is not None:
        return rule_for(code)
    return REFUSED if reply.status == _UNAUTHORIZED else None


def rule_for(code: str) -> Rule | None:
    """Return the rule for a fault's code; none for one that says no more than the status."""
    known = {
        _THROTTLED: THROTTLED,
        _EXPIRED: REFUSED,
        _GONE: Rule(
            action=Action.FAIL_STREAM, error=MissingObjectError, message="QuickBooks has no such object (610)"
        ),
        _NOT_ALLOWED: Rule(
            action=Action.FAIL_STREAM,
            error=AccessError,
            message="the person who consented may not see it (5020)",
            fix="let a company administrator log in, or leave the stream out",
        ),
        **dict.fromkeys(_NOT_OURS, _OTHER_COMPANY),
    }
    if code in known:
        return known[code]
    number = int(code) if code.isdigit() else 0
    if number >= _OWN_FAILURE:
        message = f"QuickBooks failed (code {code})"
        return Rule(action=Action.RETRY, error=StreamError, message=message, certain=False)
    if number in _UNSUPPORTED:
        return Rule(
            action=Action.FAIL_STREAM,
            error=AccessError,
            message=f"this company's edition does not offer it (code {code})",
            fix="switch the feature on in QuickBooks, or leave the stream out",
        )
    return Rule(
        action=Action.FAIL_STREAM, error=StreamError, message=f"QuickBooks refused the request (code {code})"
    )


def fault_of(body: Any) -> str | None:
    """Return the code of the fault in a decoded body, without leading zeros; none if there is none."""
    fault = _either(body, "Fault")
    errors = _either(fault, "Error")
    first = errors[0] if isinstance(errors, list) and errors else None
    if fault is None:
        return None
    return str(_either(first, "Code") or "").lstrip("0") or "unknown"


def _code(reply: Reply) -> str | None:
    try:
        return fault_of(reply.json())
    except msgspec.DecodeError:
        return None


def _either(value: Any, name: str) -> Any:
    if not isinstance(value, dict):
        return None
    return value.get(name, value.get(name.lower()))
