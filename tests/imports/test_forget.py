"""A person is forgotten while the CRM goes on sending them: no file of ours holds them, and every figure is what it was."""

import os
import re
import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import duckdb
import pytest
from tests.crash.zygote import Zygote
from tests.forget import proof

import closedloop

SYNC = Path(closedloop.__file__).parent
WHO = ("greta.marker@forget.example", "Greta", "Markersson", "Engines")
#: In the order in which they are passed; those of the store's file are among the last.
POINTS = (
    "forget.marked",
    "forget.records",
    "forget.files",
    "forget.pinned",
    "models.before_commit",
    "models.committed",
    "forget.landed",
    "forget.published",
    "store.rewritten",
    "store.replaced",
    "forget.rewritten",
    "forget.vacuumed",
    "forget.backed_up",
    "forget.done",
)
#: Whose failpoints it passes: also those of the history and of the backup.
OURS = ("forget.", "models.", "history.", "store.", "backup.")
FULL = os.environ.get("CLOSEDLOOP_CRASH_DOSE") == "full"
SHORT = {"forget.pinned"}
#: What of the operational database must not depend on kills.
KEPT = (
    "select kind, left_key, right_key, verdict, who, why from decision",
    "select plan_id, n, action, label, reason, content from import_row",
    "select object, key, fields, seen, state, reason from creation",
    "select kind, scope from forgotten_mark",
    "select day, state from forgotten",
    "select entity, key, n, name, figures from snapshot",
    "select connection, stream, record_key, reason, record from quarantine",
)


def figures(desk):
    return proof.figures(desk.folder / ".closedloop")


def traces(desk, *words):
    return proof.traces(desk.folder / ".closedloop", *words)


def known(desk, who=WHO):
    """Let the CRM hold somebody whom we imported, read and know; return what tells of them in our files."""
    file = desk.list(who, name=f"{who[1]}.csv")
    desk.apply(file)
    file.unlink()
    desk.run("sync")
    desk.run("reconcile")
    desk.run("backup")
    words = (who[0], f"{who[1]} {who[2]}", who[2])
    assert len(traces(desk, *words)) >= 5
    return words


def sent_again(desk):
    """Let the CRM send everybody again, as if nothing had been read before."""
    for stream in ("Lead", "CampaignMember", "Contact"):
        desk.run("backfill", f"crm/{stream}")
    desk.run("reconcile")


@pytest.mark.long
def test_no_file_holds_them_and_every_figure_stays(salesforce):
    desk = salesforce
    words = known(desk)
    before = figures(desk)

    done = desk.run("forget", WHO[0].upper(), "--yes", "--backups")

    assert done["same_figures"] is True
    assert done["records"] == {"crm/Lead": 1, "crm/CampaignMember": 1}
    assert {"import_row", "creation"} <= done["tables"].keys()
    assert traces(desk, *words) == []
    assert figures(desk) == before

    sent_again(desk)

    assert traces(desk, *words) == []
    assert figures(desk) == before
    assert "begun to be forgotten" not in str(desk.run("status"))
    [told] = [one for one in desk.run("audit", "--since", "2020-01-01") if one["verb"] == "forget"]
    assert (told["outcome"], told["record"]) == ("forgotten", done["token"])


@pytest.mark.long
def test_who_is_nobody_s_record_goes_from_what_names_them(salesforce):
    desk = salesforce
    account = desk.simulator.records("Account")[0]["Id"]
    desk.simulator.edit(
        "Account", account, {"Website": "https://acme.example/?ask=rosa.marker@forget.example"}
    )
    desk.run("sync")

    done = desk.run("forget", "Rosa.Marker@forget.example", "--yes", "--backups")

    assert done["records"] == {"crm/Account": 1}
    assert traces(desk, "rosa.marker") == []
    desk.run("forget", "rosa.marker2@forget.example", code=2)


@pytest.mark.long
def test_a_contact_with_attendances_and_links_keeps_its_sums(salesforce):
    desk = salesforce
    there = Counter(one.person for one in desk.world.registrations)
    who = max(
        (one for one in desk.world.people if one.kind == "contact" and one.email and one.last_name),
        key=lambda one: there[one.key],
    )
    desk.run("reconcile")
    before = figures(desk)

    shown = desk.run("forget", who.email)
    assert traces(desk, who.email)
    done = desk.run("forget", who.email, "--yes")

    assert shown["records"] == done["records"]
    assert done["same_figures"] is True
    assert figures(desk) == before
    assert traces(desk, who.email) == []
    sent_again(desk)
    assert figures(desk) == before
    assert traces(desk, who.email) == []
    assert desk.run("forget", who.email, "--yes")["token"] == done["token"]


class Drill:
    """A CRM's people, of whom one is forgotten again and again, each time from the same moment."""

    def __init__(self, desk, zygote, folder):
        self.desk, self.zygote, self.log = desk, zygote, folder / "hits"
        self.home, self.moment = desk.folder / ".closedloop", folder / "moment"
        self.log.touch()
        shutil.copytree(self.home, self.moment)

    def rewind(self):
        shutil.rmtree(self.home)
        shutil.copytree(self.moment, self.home)

    def forget(self, who, failpoint=""):
        return self.zygote.run(
            "--config", str(self.desk.config), "--json", "forget", who, "--yes", "--backups",
            failpoint=failpoint, log=str(self.log), module="tests.crash.verb", clock=self.desk.clock,
        )  # fmt: skip

    def hits(self):
        """Return how often each failpoint was passed until now; what was killed at counts as its line says."""
        lines = self.log.read_text(encoding="utf-8").splitlines()
        return Counter(line for line in lines if line.startswith(OURS))

    def end(self):
        """Return all that must not depend on kills: rows as they landed, decisions, imports, marks; no token is in it."""
        with duckdb.connect(str(self.home / "store.duckdb"), read_only=True) as store:
            names = store.execute(
                "select table_schema, table_name from information_schema.tables where table_schema = 'raw_crm'"
            )
            landed = {
                name: Counter(map(_plain, store.execute(f'select * exclude (_loaded_at, _segment) from {schema}."{name}"').fetchall()))
                for schema, name in names.fetchall()
            }  # fmt: skip
        with closing(sqlite3.connect(self.home / "operations.db")) as held:
            kept = {query: Counter(map(_plain, held.execute(query))) for query in KEPT}
        return landed | kept


def _plain(row):
    """Return a row without what is random in it: the token, and the digests that stand behind it."""
    return re.sub(r"forgotten-[0-9a-f]{8}-[0-9a-f]{6}|\b0000\d{8}\b|\b[0-9a-f]{8}\b", "-", str(row))


@pytest.mark.crash
def test_killed_at_any_step_it_ends_as_if_nobody_had_killed_it(salesforce, tmp_path):
    """Another person has the same address: without it they are told apart by a decision, which is a step of its own."""
    desk = salesforce
    who = ("kim.killer@forget.example", "Kim", "Killersson", "Engines")
    second = {"FirstName": "Zacharias", "LastName": "Zweitmann", "Email": who[0]}
    desk.simulator.create("Contact", second)
    words = (*known(desk, who), "Zweitmann")
    before, zygote = figures(desk), Zygote(tmp_path)
    drill = Drill(desk, zygote, tmp_path)
    try:
        assert drill.forget(who[0])[0] == 0
        hits, wanted, after = drill.hits(), drill.end(), figures(desk)
        # Who may have been whom is decided as it stood, and asks nobody any more.
        assert {name for name in before if before[name] != after[name]} <= {"review_queue"}
        assert set(hits) >= set(POINTS)
        assert traces(desk, *words) == []
        for failpoint in cases(hits):
            drill.rewind()
            assert drill.forget(who[0], failpoint)[0] == -9, failpoint
            code, said = drill.forget(who[0])
            assert code == 0, (failpoint, said)
            assert re.search(r'"same_figures": ?true', said), (failpoint, said)
            assert traces(desk, *words) == [], failpoint
            assert figures(desk) == after, failpoint
            assert drill.end() == wanted, failpoint
    finally:
        zygote.close()
    kills = [line for line in drill.log.read_text(encoding="utf-8").splitlines() if " killed " in line]
    print(f"forget: {len(kills)} kills at {len(set(kills))} failpoints")  # noqa: T201 (the dose, for the reader)
    assert len(kills) == len(cases(hits))


def cases(hits):
    """Return each failpoint at its first and its last hit; in the short dose those after which most is left to do."""
    chosen = hits if FULL else {name: 1 for name in hits if name in SHORT}
    return [f"{name}:{nth}:self" for name, count in sorted(chosen.items()) for nth in sorted({1, count})]


def test_every_step_has_its_kill():
    file = SYNC / "service" / "forget.py"
    points = set(re.findall(r'failpoint\("([a-z_.]+)"\)', file.read_text(encoding="utf-8")))

    assert points <= set(POINTS)
