"""Fed to Odoo's own shell once for each new database: company, accounts, custom fields, a key for the API.

The file runs as top-level code with ``env`` in its globals; what it finds out goes to the file that ``SEED_OUT`` names.
"""

import os
from pathlib import Path

env = globals()["env"]

TEXT, NUMBER, WHOLE = "char", "float", "integer"
EVENT = {
    "x_budget": NUMBER,
    "x_actual_cost": NUMBER,
    "x_expected_attendees": WHOLE,
    "x_series": TEXT,
    "x_edition": TEXT,
    "x_kind": TEXT,
    "x_code": TEXT,
}
FIELDS = {
    "event.event": EVENT,
    "utm.campaign": EVENT,
    "crm.lead": {"x_deal_number": TEXT, "x_po": TEXT},
    "account.move": {"x_opportunity": TEXT, "x_po": TEXT},
}

company = env.ref("base.main_company")
company.write(
    {"name": "Northwind Tools", "country_id": env.ref("base.us").id, "currency_id": env.ref("base.USD").id}
)

parameters = env["ir.config_parameter"].sudo()
parameters.set_param("iap.endpoint", "http://127.0.0.1:9")  # nothing listens there: no service is ever called
env["ir.mail_server"].create({"name": "nowhere", "smtp_host": "127.0.0.1", "smtp_port": 9})
# Event mails, lead scoring and the like would write behind the tests' back.
env["ir.cron"].with_context(active_test=False).search([]).write({"active": False})

if "account.chart.template" in env:
    env["account.chart.template"].try_loading("generic_coa", company, install_demo=False)
    # A payment makes a journal entry only if its method has an account to wait on for the bank.
    waiting = env["account.account"].create(
        {"name": "Outstanding payments", "code": "101499", "account_type": "asset_current", "reconcile": True}
    )
    for journal in env["account.journal"].search([("type", "in", ("bank", "cash"))]):
        lines = journal.inbound_payment_method_line_ids + journal.outbound_payment_method_line_ids
        lines.write({"payment_account_id": waiting.id})

    # Costs are tagged to events by analytic accounts.
    env.ref("base.group_user").write({"implied_ids": [(4, env.ref("analytic.group_analytic_accounting").id)]})

if "crm.lead" in env:
    # Converted leads and deals without an owner are told apart only when leads are in use.
    env.ref("base.group_user").write({"implied_ids": [(4, env.ref("crm.group_use_lead").id)]})

for model, fields in FIELDS.items():
    if model not in env:
        continue
    holder = env["ir.model"].search([("model", "=", model)])
    for name, kind in fields.items():
        label = name[2:].replace("_", " ").capitalize()
        env["ir.model.fields"].create(
            {"model_id": holder.id, "name": name, "ttype": kind, "field_description": label}
        )

admin = env.ref("base.user_admin")
key = env["res.users.apikeys"].with_user(admin)._generate(None, "closedloop tests", False)  # noqa: SLF001 - no public way
env.cr.commit()
Path(os.environ["SEED_OUT"]).write_text(key)
