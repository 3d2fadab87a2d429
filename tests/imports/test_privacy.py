"""Whoever asks is shown people; no log, error, run, metric or news of a verb has them."""

import sqlite3
from contextlib import closing

SECRET = "sekret-4b1d7e"
GRETA = ("greta.marker@mark.example", "Greta", "Markersson", "Engines")
HEINZ = ("heinz.marker@mark.example", "Heinz", "Hinterwald", "Engines")
MARKS = ("greta.marker", "markersson", "heinz.marker", "hinterwald", "5550199", SECRET)
#: What a CRM's own sentence may quote.
QUOTING = f"duplicate of Greta Markersson <greta.marker@mark.example>, +49 170 5550199, token={SECRET}"


def test_no_verb_tells_of_people_but_to_who_asked(salesforce):
    desk = salesforce
    since, world = len(desk.logged), {one.email.lower() for one in desk.world.people if one.email}
    file = desk.list(GRETA, HEINZ, name="marked.csv")

    plan = desk.leads(file)
    assert GRETA[0] in str(plan)
    desk.simulator.control.refuse("Lead", "DUPLICATES_DETECTED", QUOTING)
    desk.run("apply", plan["id"], code=1)
    done = desk.run("apply", plan["id"])
    desk.run("revert", done["run_id"])
    [ours] = [one for one in desk.run("runs", "--verb", "import") if one["run"] == done["run_id"]]
    assert ours["written"]
    desk.run("plan")
    desk.run("explain", "person", GRETA[0], code=2)
    person = desk.stranger()
    assert person.last_name in str(desk.run("explain", "person", person.email))
    desk.run("audit", "--since", "2020-01-01")
    backup = desk.run("backup")["file"]
    desk.run("restore", backup, "--replace")
    desk.run("forget", "nobody.marker@mark.example", code=2)
    desk.run("metrics", "--to", desk.folder / "m.prom")
    told = [*desk.logged[since:], (desk.folder / "m.prom").read_text(), *_kept(desk)]

    assert len(told) > 10
    assert "backup.written" in str(told)
    for one in told:
        low = one.lower()
        for mark in (*MARKS, "nobody.marker"):
            assert mark not in low, low[max(0, low.find(mark) - 300) :][:600]
        assert not [mail for mail in world if mail in low]


def _kept(desk):
    with closing(sqlite3.connect(desk.folder / ".closedloop" / "operations.db")) as held:
        return [
            str(held.execute(f"select * from {table}").fetchall())
            for table in ("run", "stream_run", "incident")
        ]
