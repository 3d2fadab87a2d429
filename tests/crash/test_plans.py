"""No failpoint is forgotten: each that is in the code is in the plan of a drill, which itself insists that it is reached."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
from tests.crash import conftest, test_crash, test_tokens, test_writeback
from tests.imports import test_kills

ROOT = Path(__file__).parent.parent.parent
#: Places that are passed once in a life, or outside of what is drilled over and over: the file that kills there by name.
BY_NAME = {
    r"rename\.\w+": "tests/service/test_rename.py",
    r"(backup|restore)\.\w+": "tests/service/test_backup.py",
    r"migration\.\w+": "tests/store/test_migrations.py",
    r"upgrade\.step": "tests/store/test_upgrade.py",
    r"(forget|store)\.\w+": "tests/imports/test_forget.py",
    r"tap_hubspot\.\w+": "tests/taps/hubspot/test_simulated.py",
    r"tap_salesforce\.\w+": "tests/taps/salesforce/test_simulated.py",
    r"tap_zendesk\.\w+": "tests/taps/zendesk/test_login.py",
    r"tap_xero\.first_token_kept": "tests/taps/xero/test_simulated.py",
    r"tap_quickbooks\.token_seeded": "tests/taps/quickbooks/test_tokens.py",
    r"target_salesforce\.field_made": "tests/targets/salesforce/test_simulated.py",
}


@cache
def in_the_code() -> set[str]:
    """Return every failpoint of the product."""
    found: set[str] = set()
    for path in (path for shelf in ("taps", "targets", "sync") for path in (ROOT / shelf).rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        names = re.findall(r'(?<!def )\bfailpoint\("([a-z_.]+)"\)', text)
        calls = len(re.findall(r"(?<!def )(?<![\w.])failpoint\(", text))
        assert calls == len(names), f"{path}: a failpoint's name is a literal"
        found |= set(names)
    return found


def drilled() -> set[str]:
    """Return every failpoint that a drill's plan holds."""
    return {
        *conftest.in_the_story(whole=True),
        *(name for vendor in test_writeback.VENDORS for name in test_writeback.names(vendor)),
        *(name for package in test_tokens.PACKAGES for name in test_tokens.failpoints(package)),
        *test_kills.OURS, *test_kills.UNDOING, *test_kills.RESOLVING, *test_kills.ANY_TARGET,
        *(name for own in (test_kills.THEIRS, test_kills.REMOVING) for names in own.values() for name in names),
    }  # fmt: skip


def test_every_failpoint_is_in_the_plan_of_a_drill():
    rest = {name for name in in_the_code() - drilled() if not any(re.fullmatch(one, name) for one in BY_NAME)}

    assert rest == set()


@pytest.mark.parametrize("pattern", BY_NAME)
def test_who_kills_by_name_names_each(pattern):
    file = ROOT / BY_NAME[pattern]
    if not file.exists():
        pytest.skip(f"{file.name} is not in this tree")
    text = file.read_text(encoding="utf-8")
    names = [name for name in in_the_code() if re.fullmatch(pattern, name)]

    assert names
    assert [
        name for name in names if f'"{name}"' not in text and f'"{name.partition(".")[2]}"' not in text
    ] == []


def test_what_only_a_kill_or_a_broken_tap_leads_to_is_killed_at_by_its_own_case():
    assert test_crash.AFTER_A_KILL == test_writeback.AFTER_A_KILL
    text = (ROOT / "tests/extract/test_kill.py").read_text(encoding="utf-8")

    assert all(name.startswith("extract.") for name in test_crash.WITH_A_BROKEN_TAP)
    assert 'SOURCE.glob("*.py")' in text, "it kills at every failpoint of extract"
