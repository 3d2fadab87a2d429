"""The loader's own way to Odoo: its JSON-2 API over the standard library, so that it shares no code with the tap."""

import json
import urllib.error
import urllib.request
from dataclasses import dataclass

#: Nobody is told, nothing is logged, nobody follows: what a careful import does.
QUIET = {
    "tracking_disable": True,
    "mail_create_nolog": True,
    "mail_create_nosubscribe": True,
    "mail_auto_subscribe_no_notify": True,
    "no_reset_password": True,
}
PAGE = 500


@dataclass(frozen=True)
class Api:
    """One database of one server, as its administrator."""

    url: str
    database: str
    key: str

    def call(self, model, method, *, context=None, **arguments):
        """Call a public method; ``ids`` among the arguments are the records it is called on."""
        body = {**arguments, "context": QUIET if context is None else context}
        request = urllib.request.Request(
            f"{self.url}/json/2/{model}/{method}",
            data=json.dumps(body).encode(),
            headers={
                "Authorization": f"bearer {self.key}",
                "X-Odoo-Database": self.database,
                "Content-Type": "application/json",
            },
        )
        try:
            with urllib.request.urlopen(request) as reply:
                return json.load(reply)
        except urllib.error.HTTPError as error:
            said = error.read().decode(errors="replace")
            message = f"{model}.{method}: {error.code} {said[:2000]}"
            raise AssertionError(message) from None

    def create(self, model, rows, *, context=None):
        """Create records in pages and return their ids in the order of ``rows``."""
        made = []
        for start in range(0, len(rows), PAGE):
            made += self.call(model, "create", vals_list=rows[start : start + PAGE], context=context)
        return made

    def write(self, model, ids, values, *, context=None):
        """Write the same values into records."""
        self.call(model, "write", ids=ids, vals=values, context=context)

    def rows(self, model, domain, fields):
        """Read records, archived ones too, many2one as bare ids."""
        return self.call(
            model,
            "search_read",
            domain=domain,
            fields=fields,
            load=None,
            order="id",
            context={"active_test": False},
        )

    def one(self, model, *terms):
        """Return the id of the first record that meets the terms."""
        return self.rows(model, [list(term) for term in terms], ["id"])[0]["id"]

    def named(self, model, names, *, field="name", **values):
        """Return name → id, making what is not there."""
        there = {row[field]: row["id"] for row in self.rows(model, [[field, "in", list(names)]], [field])}
        missing = [name for name in names if name not in there]
        return there | dict(
            zip(missing, self.create(model, [{field: n, **values} for n in missing]), strict=True)
        )
