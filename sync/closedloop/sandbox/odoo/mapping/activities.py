"""What people of ours did: done activities are archived and leave a message; a mail is a message alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from closedloop.sandbox.odoo.mapping.rows import Rows
    from closedloop.sandbox.world import Activity

TYPES = {"call": ("Call", "phonecall"), "meeting": ("Meeting", "meeting"), "task": ("To-Do", "default")}


def add_activity_types(rows: Rows) -> None:
    """Add the kinds of activity that every Odoo has."""
    for kind, (name, category) in TYPES.items():
        rows.ids[f"activity:{kind}"] = rows.add("mail.activity.type", {"name": name, "category": category})
    rows.ids["activity:email"] = rows.add("mail.activity.type", {"name": "Email", "category": "default"})


def add_activity(rows: Rows, activity: Activity) -> None:
    """Add one thing done by an owner towards a contact, a lead or a deal."""
    kinds = ("person", "opportunity")
    target = next(rows.keys[kind][key] for kind in kinds if (key := getattr(activity, kind)) is not None)
    model, _, record = target.partition("/")
    user = rows.ids[activity.owner]
    author = rows.database.table("res.users").rows[user]["partner_id"]
    message = {
        "model": model,
        "res_id": int(record),
        "date": rows.stamp(activity.at),
        "author_id": author,
        "body": "",
        "is_internal": False,
        "tracking_value_ids": [],
    }
    if activity.kind == "email":
        mail = {**message, "message_type": "comment", "subtype_id": rows.ids["subtype:Discussions"]}
        rows.add("mail.message", mail, kind="activity", key=activity.key, at=activity.at, user=user)
        return
    type_ = rows.ids[f"activity:{activity.kind}"]
    day = activity.at.astimezone(rows.zone).date()
    done = {
        "res_model": model,
        "res_id": int(record),
        "res_name": None,
        "activity_type_id": type_,
        "summary": TYPES[activity.kind][0],
        "user_id": user,
        "date_deadline": day,
        "date_done": day,
        "automated": False,
        "active": False,
        "state": "done",
    }
    rows.add("mail.activity", done, kind="activity", key=activity.key, at=activity.at, user=user)
    note = {
        **message,
        "date": rows.stamp(activity.at),
        "message_type": "notification",
        "subtype_id": rows.ids["subtype:Activities"],
        "mail_activity_type_id": type_,
    }
    rows.add("mail.message", note, at=activity.at, user=user)
