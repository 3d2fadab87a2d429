"""Landed rows for staging files to read: the raw tables, as tap_odoo lands them."""

import re
from contextlib import contextmanager
from functools import cache
from importlib.resources import files

import duckdb

# The columns that tap_odoo lands, as DuckDB types; t = TIMESTAMPTZ, b = BIGINT, y = BOOLEAN, d = DATE, j = JSON,
# the rest is text (money too).
RAW = {
    "utm_campaign": "name title active:y stage_id:b stage_id_name user_id:b user_id_name currency_id:b currency_id_name"
    " is_auto_campaign:y budget actual_cost expected_attendees:b series edition kind code",
    "event_event": "name active:y date_begin:t date_end:t date_tz stage_id:b stage_id_name kanban_state event_type_id:b"
    " event_type_id_name user_id:b user_id_name organizer_id:b company_id:b currency_id:b currency_id_name seats_max:b"
    " budget actual_cost expected_attendees:b series edition kind code",
    "event_registration": "event_id:b event_id_name partner_id:b partner_id_name name email phone company_name state"
    " date_closed:t active:y utm_campaign_id:b",
    "crm_lead": "name type active:y partner_id:b partner_id_name contact_name partner_name email_from phone mobile"
    " function website street city zip country_id:b country_id_name user_id:b user_id_name team_id:b team_id_name"
    " company_id:b company_currency:b company_currency_name stage_id:b stage_id_name expected_revenue probability"
    " won_status lost_reason_id:b lost_reason_id_name date_open:t date_closed:t date_conversion:t"
    " date_last_stage_update:t date_deadline:d campaign_id:b campaign_id_name medium_id:b source_id:b source_id_name"
    " event_id:b event_id_name number po lead_source",
    "crm_stage": "name sequence:b is_won:y fold:y",
    "res_partner": "name active:y is_company:y type parent_id:b parent_id_name commercial_partner_id:b email phone mobile"
    " website street street2 city zip country_id:b country_code vat ref user_id:b company_name function customer_rank:b"
    " supplier_rank:b currency_id:b currency_id_name partner_share:y external_id",
    "res_users": "name login email active:y share:y partner_id:b",
    "mail_activity": "res_model res_id:b activity_type_id:b activity_type_id_name summary user_id:b date_deadline:d"
    " date_done:d active:y automated:y create_uid:b",
    "mail_message": "model res_id:b date:t author_id:b message_type subtype_id:b subtype_id_name mail_activity_type_id:b"
    " mail_activity_type_id_name is_internal:y create_uid:b",
    "mail_tracking_value": "mail_message_id:b model res_id:b changed_at:t field_name old_integer:b new_integer:b"
    " old_float new_float old_char new_char",
    "account_move": "name move_type state payment_state partner_id:b partner_id_name commercial_partner_id:b date:d"
    " invoice_date:d invoice_date_due:d currency_id:b currency_id_name company_id:b company_currency_id:b"
    " company_currency_id_name invoice_currency_rate amount_untaxed amount_tax amount_total amount_residual"
    " amount_untaxed_signed amount_total_signed ref invoice_origin payment_reference reversed_entry_id:b auto_post"
    " auto_post_origin_id:b journal_id:b opportunity po",
    "account_move_line": "move_id:b sequence:b name display_type product_id:b product_id_name account_id:b partner_id:b"
    " currency_id:b currency_id_name company_currency_id:b company_currency_id_name date:d parent_state amount_currency"
    " balance price_subtotal analytic_distribution:j",
    "account_account": "code name account_type active:y",
    "account_payment": "name payment_type partner_type partner_id:b amount currency_id:b currency_id_name date:d state"
    " move_id:b memo",
    "account_partial_reconcile": "debit_move_id:b credit_move_id:b amount debit_amount_currency credit_amount_currency"
    " debit_currency_id:b credit_currency_id:b max_date:d exchange_move_id:b full_reconcile_id:b",
    "account_analytic_account": "name code active:y plan_id:b plan_id_name",
    "res_currency_rate": "name:d currency_id:b currency_id_name company_id:b rate company_rate",
    "res_company": "name currency_id:b currency_id_name partner_id:b active:y",
}
TYPES = {"t": "TIMESTAMPTZ", "b": "BIGINT", "y": "BOOLEAN", "d": "DATE", "j": "JSON", "": "VARCHAR"}
EVERY = "id:b create_date:t write_date:t _loaded_at:t _deleted_at:t _segment:b "


def columns(stream):
    """Column → DuckDB type of a stream as it lands."""
    pairs = (column.partition(":") for column in (EVERY + RAW[stream]).split())
    return {name: TYPES[kind] for name, _, kind in pairs}


def sql_of(entity):
    """The staging file of an entity, as the package ships it."""
    return (files("tap_odoo") / "staging" / f"{entity}.sql").read_text(encoding="utf-8")


def required(entity):
    """The streams that a staging file says it needs."""
    found = re.search(r"^-- requires: (.+)$", sql_of(entity), re.MULTILINE)
    return [name.strip() for name in found[1].split(",")] if found else []


@cache
def empty():
    """One in-memory store with every raw table, empty: tests fill it in a transaction that is rolled back."""
    held = duckdb.connect()
    held.execute("SET TimeZone = 'UTC'")
    held.execute("CREATE SCHEMA raw; CREATE SCHEMA param")
    held.execute("CREATE TABLE param.connection (connection VARCHAR, url VARCHAR, home_currency VARCHAR)")
    held.execute("INSERT INTO param.connection VALUES ('crm', 'https://odoo.example', 'USD')")
    for stream in RAW:
        held.execute(
            f"CREATE TABLE raw.{stream} ({', '.join(f'{n} {t}' for n, t in columns(stream).items())})"
        )
    return held


@contextmanager
def landed(**streams):
    """Yield a store whose raw tables hold the rows given, every column not given being null."""
    held = empty()
    held.execute("BEGIN")
    try:
        for stream, rows in streams.items():
            for row in rows:
                names, marks = ", ".join(row), ", ".join("?" * len(row))
                held.execute(f"INSERT INTO raw.{stream} ({names}) VALUES ({marks})", list(row.values()))
        yield held
    finally:
        held.execute("ROLLBACK")


def as_text(name, kind):
    """An expression whose values need no zone library to read: times as text."""
    return f'CAST("{name}" AS VARCHAR)' if kind == "TIMESTAMP WITH TIME ZONE" else f'"{name}"'
