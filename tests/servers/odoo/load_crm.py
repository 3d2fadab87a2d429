"""The CRM's part of a world: users, companies, contacts, leads, events, registrations, deals, what was done."""

from collections import defaultdict

from tests.servers.odoo.facts import Facts, stamped

STAGE_OF_EVENT = {"planned": "Announced", "done": "Ended", "cancelled": "Cancelled"}
STATE = {"registered": "open", "attended": "done", "no_show": "open", "cancelled": "cancel"}
TRACKED = {"stage": "stage_id", "amount": "expected_revenue"}
ACTIVITY = {"call": "mail.mail_activity_data_call", "meeting": "mail.mail_activity_data_meeting"}
ACTIVITY["task"] = "mail.mail_activity_data_todo"
#: Stage changes are to leave their trace, quietly.
TRACKING = {
    "mail_create_nosubscribe": True,
    "mail_auto_subscribe_no_notify": True,
    "mail_notify_author": False,
}


def load_crm(api, world, sql):
    """Fill the CRM and return world key → (database, model, id)."""
    crm = Crm(api, world)
    crm.owners()
    crm.partners()
    crm.events()
    crm.deals()
    crm.history(sql)
    crm.activities(sql)
    sql(*crm.times)
    return crm.keys


class Crm(Facts):
    """The CRM being filled; ``times`` gathers the SQL that sets what the API cannot."""

    def __init__(self, api, world):
        super().__init__(api, world)
        self.times = []
        self.user_partner = {}

    def owners(self):
        api, world = self.api, self.world
        users = [owner for owner in world.owners if owner.kind == "user"]
        rows = [{"name": owner.name, "login": owner.email, "email": owner.email} for owner in users]
        self.keep("res.users", users, api.create("res.users", rows))
        for row in api.rows("res.users", [["id", "in", list(self.ids.values())]], ["partner_id"]):
            self.user_partner[row["id"]] = row["partner_id"]
        gone = [self.ids[owner.key] for owner in users if not owner.is_active]
        if gone:
            api.write("res.users", gone, {"active": False})
        queues = [owner for owner in world.owners if owner.kind == "queue"]
        self.keep("crm.team", queues, api.create("crm.team", [{"name": queue.name} for queue in queues]))
        self.team = api.named("crm.team", ["Sales"])["Sales"]
        stages = api.named("crm.stage", [stage.name for stage in world.stages])
        self.keep("crm.stage", world.stages, [stages[stage.name] for stage in world.stages])
        for stage in world.stages:
            api.write("crm.stage", [self.ids[stage.key]], {"sequence": stage.rank, "is_won": stage.is_won})

    def user(self, owner):
        """The user who owns a record; a queue is a team, not a user."""
        return self.ids[owner] if owner and self.keys[owner][1] == "res.users" else False

    def owned(self, owner):
        """The two fields that say who owns a lead."""
        user = self.user(owner)
        return {"user_id": user, "team_id": self.team if user else self.ids.get(owner, False)}

    def partners(self):
        api, world = self.api, self.world
        country = {row["code"]: row["id"] for row in api.rows("res.country", [], ["code"])}
        top = [account for account in world.accounts if account.parent is None]
        for group in (top, [account for account in world.accounts if account.parent]):
            rows = [
                {
                    "name": account.name,
                    "is_company": True,
                    "parent_id": self.ids.get(account.parent, False),
                    "email": account.email or False,
                    "phone": account.phone or False,
                    "website": account.website or False,
                    "street": account.street or False,
                    "city": account.city or False,
                    "zip": account.postal_code or False,
                    "country_id": country[account.country],
                    "vat": account.tax_id or False,
                    "ref": account.external_id,
                    "user_id": self.user(account.owner),
                }
                for account in group
            ]
            self.keep("res.partner", group, api.create("res.partner", rows))
        contacts = [person for person in world.people if person.kind == "contact"]
        rows = [
            {
                "name": person.name,
                "parent_id": self.ids.get(person.account, False),
                "company_name": False if person.account else person.company or False,
                "email": person.email or False,
                "phone": person.phone or False,
                "user_id": self.user(person.owner),
            }
            for person in contacts
        ]
        self.keep("res.partner", contacts, api.create("res.partner", rows))
        born = [
            (self.ids[one.key], {"create_date": self.moment(one.created_at)})
            for one in (*world.accounts, *contacts)
        ]
        self.times += stamped("res_partner", born)
        leads = [person for person in world.people if person.kind == "lead"]
        rows = [
            {
                "name": f"{person.company or person.name}: inquiry",
                "type": "lead",
                "contact_name": person.name,
                "partner_name": person.company or False,
                "email_from": person.email or False,
                "phone": person.phone or False,
                **self.owned(person.owner),
            }
            for person in leads
        ]
        self.keep("crm.lead", leads, api.create("crm.lead", rows))
        born = [(self.ids[lead.key], {"create_date": self.moment(lead.created_at)}) for lead in leads]
        self.times += stamped("crm_lead", born)

    def events(self):
        api, world = self.api, self.world
        stages = api.named("event.stage", sorted(set(STAGE_OF_EVENT.values())), pipe_end=True)
        rows = [
            {
                "name": event.name,
                "date_begin": self.at(event.start, 9),
                "date_end": self.at(event.end, 17),
                "date_tz": world.zone,
                "stage_id": stages[STAGE_OF_EVENT[event.status]],
                "user_id": self.user(event.owner),
                "event_mail_ids": [],
                "x_budget": self.money(event.budget),
                "x_actual_cost": self.money(event.actual_cost),
                "x_expected_attendees": event.expected_attendees or 0,
                "x_series": event.series,
                "x_edition": event.edition,
                "x_kind": event.kind,
                "x_code": event.code,
            }
            for event in world.events
        ]
        self.keep("event.event", world.events, api.create("event.event", rows))
        rows = [
            {
                "event_id": self.ids[registration.event],
                "partner_id": self.ids.get(registration.person, False),
                "name": registration.name or False,
                "email": registration.email or False,
                "phone": registration.phone or False,
                "company_name": registration.company or False,
                "state": STATE[registration.status],
            }
            for registration in world.registrations
        ]
        self.keep("event.registration", world.registrations, api.create("event.registration", rows))
        known = [
            (
                self.ids[one.key],
                {"create_date": self.moment(one.created_at), "date_closed": self.moment(one.scanned_at)},
            )
            for one in world.registrations
        ]
        self.times += stamped("event_registration", known)

    def deals(self):
        api, world = self.api, self.world
        sources = api.named(
            "utm.source", sorted({deal.lead_source for deal in world.opportunities if deal.lead_source})
        )
        first = {}
        for change in reversed(world.changes):
            first[change.opportunity, change.field] = change
        rows = []
        for deal in world.opportunities:
            stage, amount = first.get((deal.key, "stage")), first.get((deal.key, "amount"))
            rows.append(
                {
                    "name": deal.name,
                    "type": "opportunity",
                    "partner_id": self.ids[deal.person or deal.account],
                    "event_id": self.ids.get(deal.event, False),
                    "x_deal_number": deal.number,
                    "x_po": deal.po or False,
                    "source_id": sources.get(deal.lead_source, False),
                    "expected_revenue": self.money(amount.old_amount if amount else deal.amount),
                    "stage_id": self.ids[(stage and stage.old_stage) or deal.stage],
                    "date_deadline": str(deal.expected_close) if deal.expected_close else False,
                    **self.owned(deal.owner),
                }
            )
        self.keep("crm.lead", world.opportunities, api.create("crm.lead", rows))

    def history(self, sql):
        """Move the deals as the world did, then say when, and what became of them."""
        api, world = self.api, self.world
        rounds = defaultdict(lambda: defaultdict(list))
        place = defaultdict(int)
        for change in world.changes:
            value = self.ids[change.new_stage] if change.field == "stage" else self.money(change.new_amount)
            rounds[place[change.opportunity]][TRACKED[change.field], value].append(
                self.ids[change.opportunity]
            )
            place[change.opportunity] += 1
        for _, writes in sorted(rounds.items()):
            for (field, value), ids in writes.items():
                api.write("crm.lead", ids, {field: value}, context=TRACKING)
        self._fates()
        self._times_of_changes(sql)
        self.times += stamped(
            "crm_lead", [(self.ids[deal.key], self._times(deal)) for deal in world.opportunities]
        )

    def _fates(self):
        api = self.api
        lost = [self.ids[deal.key] for deal in self.world.opportunities if deal.is_closed and not deal.is_won]
        if lost:
            api.write("crm.lead", lost, {"active": False, "probability": 0.0})
        by_probability = defaultdict(list)
        for deal in self.world.opportunities:
            if not deal.is_closed:
                by_probability[float(deal.probability)].append(self.ids[deal.key])
        for probability, ids in by_probability.items():
            api.write("crm.lead", ids, {"probability": probability})

    def _times(self, deal):
        moved = [
            change.at
            for change in self.world.changes
            if change.opportunity == deal.key and change.field == "stage"
        ]
        last = deal.closed_at if deal.is_won else max(moved, default=deal.created_at)
        return {
            "create_date": self.moment(deal.created_at),
            "date_open": self.moment(deal.created_at),
            "date_conversion": self.moment(deal.created_at if deal.from_lead else None),
            "date_closed": self.moment(deal.closed_at),
            "date_last_stage_update": self.moment(last),
        }

    def _times_of_changes(self, sql):
        """The history of a deal and field lies in the order it was made: give each its time in the world."""
        lines = sql(
            "select v.id, m.id, m.res_id, f.name from mail_tracking_value v join mail_message m on m.id = v.mail_message_id"
            " join ir_model_fields f on f.id = v.field_id"
            " where m.model = 'crm.lead' and f.name in ('stage_id', 'expected_revenue') order by v.id"
        )
        found = defaultdict(list)
        for line in lines:
            value, message, lead, field = line.split("|")
            found[int(lead), field].append((int(value), int(message)))
        for change in self.world.changes:
            value, message = found[self.ids[change.opportunity], TRACKED[change.field]].pop(0)
            self.keys[change.key] = (self.api.database, "mail.tracking.value", value)
            at = self.moment(change.at)
            self.times += stamped("mail_tracking_value", [(value, {"create_date": at})])
            self.times += stamped("mail_message", [(message, {"date": at, "create_date": at})])
        assert not any(found.values()), "Odoo tracked changes that the world does not have"

    def activities(self, sql):
        api = self.api
        types = {}
        for kind, name in ACTIVITY.items():
            module, _, record = name.partition(".")
            held = api.rows("ir.model.data", [["module", "=", module], ["name", "=", record]], ["res_id"])
            types[kind] = held[0]["res_id"]
        models = {model: api.one("ir.model", ("model", "=", model)) for model in ("crm.lead", "res.partner")}
        done = [activity for activity in self.world.activities if activity.kind in types]
        rows = []
        for activity in done:
            _, model, number = self.keys[activity.person or activity.opportunity]
            rows.append(
                {
                    "res_model_id": models[model],
                    "res_id": number,
                    "activity_type_id": types[activity.kind],
                    "user_id": self.ids[activity.owner],
                    "date_deadline": str(activity.at.astimezone(self.zone).date()),
                    "summary": activity.key,
                }
            )
        # Odoo checks that the assignee may see the record: our users may see all of theirs.
        made = api.create("mail.activity", rows, context={**TRACKING, "mail_activity_quick_update": True})
        self.keep("mail.activity", done, made)
        for start in range(0, len(made), 100):
            api.call("mail.activity", "action_done", ids=made[start : start + 100], context=TRACKING)
        for activity, number in zip(done, made, strict=True):
            day, at = activity.at.astimezone(self.zone).date(), self.moment(activity.at)
            self.times += stamped("mail_activity", [(number, {"date_done": day, "create_date": at})])
        self._dated_traces(sql, done)
        for activity in self.world.activities:
            if activity.kind not in types:
                self._mail(activity)

    def _dated_traces(self, sql, done):
        """A done activity leaves a message: it is as old as the activity, and names it."""
        by_key = {activity.key: activity for activity in done}
        lines = sql(
            "select id, substring(body from 'activity-[0-9]+') from mail_message"
            " where mail_activity_type_id is not null and body ~ 'activity-[0-9]+'"
        )
        for line in lines:
            number, key = line.split("|")
            at = self.moment(by_key[key].at)
            self.times += stamped("mail_message", [(int(number), {"date": at, "create_date": at})])

    def _mail(self, activity):
        _, model, number = self.keys[activity.person or activity.opportunity]
        message = self.api.call(
            model,
            "message_post",
            ids=[number],
            body=activity.key,
            author_id=self.user_partner[self.ids[activity.owner]],
            message_type="comment",
            subtype_xmlid="mail.mt_note",
        )
        made = message[0] if isinstance(message, list) else message
        self.keep("mail.message", [activity], [made])
        at = self.moment(activity.at)
        self.times += stamped("mail_message", [(made, {"date": at, "create_date": at})])
