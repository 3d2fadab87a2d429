"""The canonical entities: what every staging view gives, column by column.

A staging file is one ``select`` for one entity. Its columns are found by name, so their order is free; one missing is an
error; one more is ignored. Money is in major units as the vendor prints it; days are ``DATE``; times are aware.
"""

from __future__ import annotations

MONEY = "DECIMAL(24, 6)"
RATE = "DECIMAL(24, 12)"
SHARE = "DECIMAL(9, 6)"
TEXT = "VARCHAR"
COUNT = "BIGINT"
YES = "BOOLEAN"
DAY = "DATE"
TIME = "TIMESTAMPTZ"

#: What every entity begins with. Keys are ``<connection>:<object>/<id>``; `merged_into` is the key of the survivor.
COMMON: dict[str, str] = {
    "key": TEXT,
    "source": TEXT,
    "object": TEXT,
    "source_id": TEXT,
    "url": TEXT,
    "updated_at": TIME,
    "deleted_at": TIME,
    "merged_into": TEXT,
}

_ADDRESS = {"street": TEXT, "city": TEXT, "postal_code": TEXT, "country": TEXT}

_OWN: dict[str, dict[str, str]] = {
    "campaign": {
        "name": TEXT,
        "code": TEXT,
        "kind": TEXT,
        "series": TEXT,
        "edition": TEXT,
        "start_date": DAY,
        "end_date": DAY,
        "status": TEXT,
        "budget": MONEY,
        "actual_cost": MONEY,
        "currency": TEXT,
        "expected_attendees": COUNT,
        "owner_key": TEXT,
    },
    "touch": {
        "campaign_key": TEXT,
        "person_key": TEXT,
        "email": TEXT,
        "name": TEXT,
        "company": TEXT,
        "phone": TEXT,
        "status": TEXT,
        "occurred_at": TIME,
        "occurred_on": DAY,
        "created_at": TIME,
    },
    "person": {
        "kind": TEXT,
        "name": TEXT,
        "first_name": TEXT,
        "last_name": TEXT,
        "email": TEXT,
        "phone": TEXT,
        "mobile": TEXT,
        "company": TEXT,
        "account_key": TEXT,
        "owner_key": TEXT,
        "status": TEXT,
        "converted_person_key": TEXT,
        "converted_account_key": TEXT,
        "converted_opportunity_key": TEXT,
        "is_active": YES,
        "created_at": TIME,
    },
    "account": {
        "name": TEXT,
        "email": TEXT,
        "website": TEXT,
        "phone": TEXT,
        **_ADDRESS,
        "tax_id": TEXT,
        "parent_key": TEXT,
        "external_id": TEXT,
        "owner_key": TEXT,
        "created_at": TIME,
    },
    "opportunity": {
        "name": TEXT,
        "account_key": TEXT,
        "person_key": TEXT,
        "campaign_key": TEXT,
        "number": TEXT,
        "po": TEXT,
        "amount": MONEY,
        "currency": TEXT,
        "probability": SHARE,
        "lead_source": TEXT,
        "stage_key": TEXT,
        "is_closed": YES,
        "is_won": YES,
        "created_at": TIME,
        "expected_close": DAY,
        "closed_at": TIME,
        "owner_key": TEXT,
    },
    "opportunity_change": {
        "opportunity_key": TEXT,
        "changed_at": TIME,
        "field": TEXT,
        "old_stage_key": TEXT,
        "new_stage_key": TEXT,
        "old_amount": MONEY,
        "new_amount": MONEY,
    },
    "opportunity_person": {"opportunity_key": TEXT, "person_key": TEXT, "role": TEXT},
    "stage": {"name": TEXT, "rank": COUNT, "is_won": YES, "is_closed": YES},
    "customer": {
        "name": TEXT,
        "email": TEXT,
        "website": TEXT,
        "phone": TEXT,
        **_ADDRESS,
        "tax_id": TEXT,
        "parent_key": TEXT,
        "currency": TEXT,
        "external_id": TEXT,
        "created_at": TIME,
        "is_active": YES,
    },
    "document": {
        "kind": TEXT,
        "number": TEXT,
        "customer_key": TEXT,
        "date": DAY,
        "due_date": DAY,
        "currency": TEXT,
        "home_currency": TEXT,
        "net": MONEY,
        "tax": MONEY,
        "gross": MONEY,
        "home_net": MONEY,
        "home_gross": MONEY,
        "rate": RATE,
        "rate_direction": TEXT,
        "balance": MONEY,
        "status": TEXT,
        "reference": TEXT,
        "po": TEXT,
        "opportunity_ref": TEXT,
        "credited_document_key": TEXT,
        "repeating_key": TEXT,
    },
    "line": {
        "document_key": TEXT,
        "position": COUNT,
        "description": TEXT,
        "item": TEXT,
        "account_code": TEXT,
        "account_name": TEXT,
        "line_class": TEXT,
        "net": MONEY,
        "home_net": MONEY,
    },
    "payment": {
        "customer_key": TEXT,
        "date": DAY,
        "currency": TEXT,
        "amount": MONEY,
        "direction": TEXT,
        "status": TEXT,
    },
    "allocation": {
        "document_key": TEXT,
        "payment_key": TEXT,
        "credit_document_key": TEXT,
        "amount": MONEY,
        "date": DAY,
    },
    "cost_line": {
        "campaign_key": TEXT,
        "campaign_code": TEXT,
        "campaign_name": TEXT,
        "date": DAY,
        "document_number": TEXT,
        "description": TEXT,
        "net": MONEY,
        "currency": TEXT,
        "home_net": MONEY,
        "home_currency": TEXT,
        "status": TEXT,
    },
    "activity": {
        "kind": TEXT,
        "person_key": TEXT,
        "account_key": TEXT,
        "opportunity_key": TEXT,
        "owner_key": TEXT,
        "at": TIME,
    },
    "rate": {"currency": TEXT, "home_currency": TEXT, "date": DAY, "rate": RATE, "direction": TEXT},
    "owner": {"name": TEXT, "email": TEXT, "is_active": YES, "kind": TEXT},
    "company": {"name": TEXT, "currency": TEXT},
}

#: Entity → column → type.
ENTITIES: dict[str, dict[str, str]] = {name: {**COMMON, **own} for name, own in _OWN.items()}
