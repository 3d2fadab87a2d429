"""A case through the door: CSV in, the same figures out, and what cannot be read is named to the line and column."""

import csv
import json
from datetime import date

import pytest
from sqlalchemy import select
from typer.testing import CliRunner

from closedloop.case.company import ground
from closedloop.case.given import decide
from closedloop.case.keys import inside
from closedloop.case.problem import CaseError
from closedloop.case.rows import typed
from closedloop.case.run import run
from closedloop.case.sheet import read
from closedloop.cli.app import app
from closedloop.clock import Clock
from closedloop.errors import ConfigError
from closedloop.models.entities import ENTITIES
from closedloop.store.analytical import Store
from closedloop.store.operations import Operations
from closedloop.store.tables import decision


def write(folder, **files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        data = text if isinstance(text, bytes) else "\n".join(text.split(" / ")).encode()
        (folder / f"{name}.csv").write_bytes(data)
    return folder


def compute(folder, *, config=None, as_of=date(2026, 6, 30)):
    return run(folder, folder.parent / "out", config=config, as_of=as_of, clock=Clock())


def table(folder, name):
    with (folder.parent / "out" / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def closedloop(*arguments, code=0):
    done = CliRunner().invoke(app, [str(one) for one in arguments])
    assert done.exit_code == code, done.output
    return done


def test_links_given_are_all_there_are_and_currencies_keep_their_digits(tmp_path):
    folder = write(
        tmp_path / "in",
        company="key,currency / us,KWD",
        campaign="key,name,start_date,actual_cost / e,Fair,2026-01-10,1250",
        account="key,name / a,Acme / b,Beta",
        person="key,name,account_key / p,Pat,a",
        touch="campaign_key,key,status,email / e,t,attended,Pat@x.example / e,u,attended,pat@x.example",
        customer="key,name,tax_id / c,Any, / d,Beta,US12-3456789",
        document="key,kind,customer_key,date,status,currency,net,tax,gross,rate,rate_direction"
        " / i,invoice,c,2026-02-01T00:00:00Z,posted,JPY,125,0,125,0.002,multiply"
        " / j,invoice,c,2026-02-02,posted,KWD,1251,0,1251,, / k,invoice,d,2026-02-02,posted,,100,7,108,,",
        link_customer_account="account_key,customer_key / a,c",
        link_person="identity_key,person_key / email:pat@x.example,p",
        decision="kind,left_key,right_key,verdict,who / touch_account,t,a,accept,Ann",
        owner="key,name,",
    )
    done = closedloop("marts", "--from", folder, "--out", tmp_path / "out", "--as-of", "2026-06-30", code=1)
    assert "home currency KWD (company.csv), time zone UTC (default), as of 2026-06-30" in done.stdout
    assert [(row["check"], row["record"]) for row in table(folder, "failed_checks")] == [
        ("document_tax", "invoice k (k)")
    ]
    assert {row["document_key"]: row["value"] for row in table(folder, "document_value")} == {
        "i": "250", "j": "1251", "k": "100",
    }  # fmt: skip
    [event] = table(folder, "campaign_measures")
    assert (event["attended"], event["attendee_ltv"], event["cost"], event["budget"]) == (
        "1",
        "1501",
        "1250",
        "",
    )
    assert [row["customer_key"] for row in table(folder, "link/link_customer_account")] == ["c"]
    assert [row["customer_key"] for row in table(folder, "unlinked_customer")] == ["d"]
    assert [row["evidence"] for row in table(folder, "link/link_touch_account")] == ["Decided by Ann."]
    assert table(folder, "canonical/line")[0]["net"] == "125"


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"document": "key,nett / i,1"}, r"document.csv line 1, column nett: there is no such column\n  fix: did you mean net"),
        ({"document": "key,net / i,125.50"}, "document.csv line 2, column net: money is a whole number of minor units, without"),
        ({"document": "key,net / i,1e3"}, "line 2, column net: money is a whole number"),
        ({"document": "key,date / i,31/12/2026"}, "line 2, column date: this is not an ISO date"),
        ({"document": "key,date / i,2026-02-30"}, "line 2, column date: there is no such day"),
        ({"opportunity": "key,created_at / o,2026-02-03T25:00"}, "line 2, column created_at: there is no such time"),
        ({"opportunity": "key,is_won / o,maybe"}, "line 2, column is_won: this is neither true nor false"),
        ({"opportunity": "key,probability / o,25"}, "line 2, column probability: a share lies between 0 and 1"),
        ({"rate": "rate / 0.1234567890123"}, "line 2, column rate: there are more than 12 decimals"),
        ({"account": 'key,name / a,"two / lines" / a,x'}, "line 4, column key: the key is there twice, first on line 2"),
        ({"account": "key,name / ,x"}, "line 2, column key: there is no key"),
        ({"account": "name / x"}, "line 1: the column key is missing"),
        ({"account": "key,name,name / a,x,x"}, "line 1, column name: the column is there twice"),
        ({"account": "key;name / a;x"}, "separated by semicolons"),
        ({"account": "key,name / a"}, "line 2: there are 1 values under 2 columns"),
        ({"account": b"key,name\na,\xff\n"}, "account.csv line 2: a character is not UTF-8"),
        ({"account": b"\xff\xfek\x00"}, "account.csv line 1: a character is not UTF-8"),
        ({"account": b""}, "account.csv line 1: the file is empty"),
        ({"account": 'key,name / a,"x'}, "account.csv line 2: this is not CSV"),
        ({"acount": "key / a"}, "acount is no entity\n  fix: did you mean account"),
        ({}, "there is no CSV file in this folder"),
        ({"document": "key,kind / i,Invoice"}, "line 2, column kind: there is no such word for it\n  fix: did you mean invoice"),
        ({"touch": "key,status / t,came"}, "line 2, column status: there is no such word for it\n  fix: known here: attended"),
        ({"document": "key,currency / i,usd"}, "line 2, column currency: this is no currency"),
        ({"document": "key,rate / i,1.1"}, "line 2, column rate_direction: there is a rate without a direction"),
        ({"rate": "rate,direction / 0,divide"}, "line 2, column rate: a rate is above zero"),
        ({"document": "key,home_currency / i,EUR / j,GBP"}, "the home currency is not clear: document.csv has EUR, GBP"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_named(tmp_path, files, said):
    with pytest.raises(ConfigError, match=said):
        compute(write(tmp_path / "in", **files))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("links", "said"),
    [
        ("customer_key,account_key / c,x", "line 2, column account_key: no row of account.csv has this key"),
        (
            "customer_key,account_key / c,a / c,b",
            "line 3, column customer_key: it has a link already, on line 2",
        ),
        ("customer_key,account_key / c,", "line 2, column account_key: there is no key"),
        ("customer_key / c", "line 1: the column account_key is missing"),
        (
            "customer_key,account / c,a",
            "column account: there is no such column\n  fix: did you mean account_key",
        ),
    ],
)
def test_a_link_to_nothing_is_refused(tmp_path, links, said):
    folder = write(tmp_path / "in", customer="key / c", account="key / a / b", link_customer_account=links)
    with pytest.raises(CaseError, match=said):
        compute(folder)


def test_a_decision_on_nothing_is_refused(tmp_path):
    told = "kind,left_key,right_key,verdict / touch_account,t,a,accept / touch_account,u,b,reject"
    folder = write(tmp_path / "in", touch="key,status / t,attended", account="key / a", decision=told)
    with pytest.raises(CaseError, match="line 3, column left_key: no row of touch") as caught:
        compute(folder)
    assert len(caught.value.problems) == 1


@pytest.mark.parametrize("second", ["a,reject", "b,accept", "a,accept"])
def test_two_decisions_that_contradict_each_other_are_refused(tmp_path, second):
    told = f"kind,left_key,right_key,verdict / touch_account,t,a,accept / touch_account,t,{second}"
    folder = write(tmp_path / "in", touch="key,status / t,attended", account="key / a / b", decision=told)
    with pytest.raises(CaseError, match="line 3, column left_key: it has a decision already, on line 2"):
        compute(folder)


def test_every_problem_is_told_at_once_and_no_cell_is_quoted(tmp_path):
    with pytest.raises(CaseError) as caught:
        compute(write(tmp_path / "in", document="key,net,date / i,Pat,Kim", person="key,is_active / p,Sam"))
    assert len(caught.value.problems) == 3
    assert not any(name in str(caught.value) for name in ("Pat", "Kim", "Sam"))


def test_times_are_in_the_companys_zone_and_days_as_written(tmp_path):
    from zoneinfo import ZoneInfo

    from closedloop.case.cell import money, value
    from closedloop.models import entities

    chicago = ZoneInfo("America/Chicago")
    times = {
        "2026-03-08": "2026-03-08 06:00:00.0+00",
        "2026-03-08T23:30": "2026-03-09 04:30:00.0+00",
        "2026-03-08 23:30:01.25Z": "2026-03-08 23:30:01.25+00",
        "2026-03-08T23:30:00+01:00": "2026-03-08 22:30:00.0+00",
    }
    assert {text: value(entities.TIME, text, chicago) for text in times} == times
    assert value(entities.DAY, "2028-02-29T23:59:59+14:00", chicago) == "2028-02-29"
    assert [money("-7", digits) for digits in (0, 2, 3)] == ["-7", "-0.07", "-0.007"]
    assert [value(entities.YES, text, chicago) for text in ("TRUE", " 0 ")] == ["true", "false"]


def test_rows_that_nobody_names_are_numbered_and_a_document_without_lines_is_one(tmp_path):
    folder = write(
        tmp_path / "in",
        campaign="key / e",
        touch="campaign_key,status / e,attended / e,invited",
        document="key,net,currency,home_net / i,125,JPY,250",
        payment="amount / 100",
    )
    sheets = read(folder)
    home = ground(sheets, None).settings
    found = {
        entity: [dict(zip(ENTITIES[entity], row, strict=True)) for row in rows]
        for entity, rows in typed(sheets, home).items()
    }
    assert home.company.currency == "JPY", "all documents are in it"
    assert [row["key"] for row in found["touch"]] == [inside("touch", "touch/1"), inside("touch", "touch/2")]
    assert (found["campaign"][0]["source"], found["campaign"][0]["source_id"]) == ("case", "e")
    assert (found["payment"][0]["currency"], found["payment"][0]["amount"]) == ("JPY", "100")
    assert found["document"][0]["status"] == "posted"
    [line] = found["line"]
    assert (line["document_key"], line["net"], line["home_net"], line["line_class"]) == (
        "i",
        "125",
        "250",
        None,
    )


def test_what_a_row_leaves_out_is_worked_out(tmp_path):
    folder = write(
        tmp_path / "in",
        document="key,net,tax,gross / i,100,7, / j,,7,107 / k,100,,107 / l,100,, / m,,,107 / n,,,",
        cost_line="net / 5",
        person="key,status / p,Unqualified",
        person_change="person_key / p",
        opportunity_change="new_stage_key,new_amount / s, / ,5",
    )
    sheets = read(folder)
    found = {
        entity: [dict(zip(ENTITIES[entity], row, strict=True)) for row in rows]
        for entity, rows in typed(sheets, ground(sheets, None).settings).items()
    }
    assert [(row["net"], row["tax"], row["gross"]) for row in found["document"]] == [
        *[("1.00", "0.07", "1.07")] * 3, ("1.00", "0", "1.00"), ("1.07", "0", "1.07"), (None, None, None),
    ]  # fmt: skip
    assert (found["cost_line"][0]["status"], found["person_change"][0]["field"]) == ("posted", "account")
    assert (found["person"][0]["kind"], found["person"][0]["status"]) == ("contact", "disqualified")
    assert [row["field"] for row in found["opportunity_change"]] == ["stage", "amount"]


def test_every_table_and_figure_that_comes_out_says_what_it_means(tmp_path):
    compute(write(tmp_path / "in", campaign=b'key,name,code\ne,"Ex\npo",A\nf,"Ex\r\npo",\n'))
    assert {row["name"] for row in table(tmp_path / "in", "campaign_measures")} == {"Ex\npo", "Ex\r\npo"}
    told = {(row["table"], row["column"]): row for row in table(tmp_path / "in", "definitions")}
    assert all(row["definition"] for row in told.values())
    assert {file.stem for file in (tmp_path / "out").rglob("*.csv")} - {name for name, _ in told} == {
        "definitions",
        "failed_checks",
    }
    assert told["campaign_measures", "attendee_ltv"]["kind"] == "overlapping"
    assert "where each part of it went" in told["totals", ""]["definition"]
    # The whole opening of a model, which tells how it reads what the page leaves open; and whose figure it is.
    assert "A credit note inherits from what it credits" in told["part_bucket", ""]["definition"]
    assert told["campaign_outlook", "expected_roi"]["number"] == "17"
    assert "people there" not in told["campaign_measures", "attributed"]["definition"]
    assert "in equal parts over its people" in told["contact_measures", "attributed"]["definition"]
    assert "somebody from the account" in told["account_measures", "events_attended"]["definition"]


def test_links_as_they_were_written_can_be_given_again(tmp_path):
    folder = write(
        tmp_path / "in",
        campaign="key / e",
        touch="key,campaign_key / t,e",
        person="key / p / q",
        link_person="person_key,identity_key,rule,evidence,decided / p,t,email,It agrees.,false / p,q,merged,So.,false",
    )
    sheets = read(folder)
    store, operations = Store.open(tmp_path / "s.duckdb"), Operations.open(tmp_path / "o.db")
    decide(sheets, store, operations)
    with operations.reading() as database:
        kept = database.execute(select(decision.c.kind, decision.c.left_key, decision.c.right_key)).all()
    assert [tuple(row) for row in kept] == [("person_person", "q", "p"), ("touch_person", "t", "p")]
    operations.close()
    store.close()


def test_columns_are_documented_and_need_no_folder():
    found = json.loads(closedloop("--json", "marts", "--columns").stdout)
    assert {(one["entity"], one["name"]) for one in found} >= {
        (entity, name) for entity, columns in ENTITIES.items() for name in columns
    }
    assert all(one["meaning"] and one["type"] for one in found)
    assert "minor units of the document's currency" in closedloop("marts", "--columns").stdout


def test_folders_are_checked(tmp_path):
    folder = write(tmp_path / "in", account="key / a")
    assert (
        "there is no such folder"
        in closedloop("marts", "--from", tmp_path / "no", "--out", folder, code=2).stderr
    )
    assert "another folder" in closedloop("marts", "--from", folder, "--out", folder, code=2).stderr
    assert "both --from and --out" in closedloop("marts", code=2).stderr
    to = ("--from", folder, "--out", tmp_path / "o")
    missing = tmp_path / "x.yaml"
    for verb in (("marts", *to, "--config", missing), ("--config", missing, "marts", *to)):
        assert "no such file" in closedloop(*verb, code=2).stderr
    missing.write_text("company: {currncy: USD}\n")
    assert "did you mean currency?" in closedloop("marts", *to, "--config", missing, code=2).stderr


def test_a_key_of_one_table_is_no_key_of_another(tmp_path):
    """Everything is number 1; the figures are those of keys that differ."""
    exact = tmp_path / "exact.yaml"
    exact.write_text("company: {currency: USD, time_zone: UTC}\nconnections: {}\nmatching: {policy: exact}\n")
    tables = {
        "campaign": "key,start_date,end_date,actual_cost / {e},2026-02-01,2026-02-01,100",
        "account": "key,name / {a},Acme",
        "person": "key,kind,account_key,email,created_at / {p},contact,{a},pat@acme.example,2026-01-05",
        "touch": "key,campaign_key,person_key,status / {t},{e},{p},attended",
        "opportunity": "key,account_key,amount,is_closed,is_won,created_at,closed_at"
        " / {o},{a},900,true,true,2026-02-10,2026-03-01",
        "customer": "key,name / {c},Acme Inc",
        "document": "key,kind,customer_key,date,net,tax,gross,opportunity_ref"
        " / {d},invoice,{c},2026-03-05,900,0,900,{o} / {x},credit_note,{c},2026-03-09,100,0,100,",
        "allocation": "document_key,credit_document_key,amount,date / {d},{x},100,2026-03-10",
        "link_customer_account": "customer_key,account_key / {c},{a}",
        "decision": "kind,left_key,right_key,verdict,who / touch_account,{t},{a},accept,Ann",
    }
    found = []
    for name, own in (
        ("apart", dict(zip("eaptocdx", "eaptocdx", strict=True))),
        ("alike", dict.fromkeys("eaptocd", "1") | {"x": "2"}),
    ):
        folder = write(tmp_path / name / "in", **{one: text.format(**own) for one, text in tables.items()})
        assert compute(folder, config=exact).reconciled.checks == []
        [event] = table(folder, "campaign_measures")
        keys = {"campaign_key", "name", "group_key", "source_id"}
        found.append({column: value for column, value in event.items() if column not in keys})
        assert [row["document_key"] for row in table(folder, "document_value")] == sorted(
            [own["d"], own["x"]]
        )
        assert table(folder, "canonical/document")[0]["customer_key"] == own["c"]
    assert found[0] == found[1]
    assert found[0]["attributed_collected"] == "0", "what a credit note settles brought no money"


def test_campaigns_that_are_given_as_one_event_are_all_that_are(tmp_path):
    """Two have one code, which would link them: the file says otherwise, and it is all there is."""
    folder = write(
        tmp_path / "in",
        campaign="key,source,name,code,start_date / s,crm,Expo,X,2026-03-01 / m,list,Scans,X,2026-03-01 / z,list,Fair,F,2026-03-01",
        touch="key,campaign_key,status,email / t,z,attended,a@x.example / u,m,attended,b@x.example",
        link_campaign="campaign_key,kept_key / z,s",
    )
    compute(folder)
    rows = table(folder, "link/link_campaign")
    assert [(row["campaign_key"], row["kept_key"], row["rule"]) for row in rows] == [("z", "s", "decision")]
    assert {row["campaign_key"]: row["attended"] for row in table(folder, "campaign_measures")} == {
        "s": "1",
        "m": "1",
    }
