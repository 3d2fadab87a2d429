"""Fills a real Odoo with a generated world through its public API.

What the API cannot say, when something happened, is set in the database itself: creation times, the times of stage
changes and check-ins, and which invoices are copies of a repeating one.
"""

from tests.servers.odoo.api import Api
from tests.servers.odoo.load_books import load_books
from tests.servers.odoo.load_crm import load_crm


def load(server, world):
    """Write the world into the empty databases ``crm`` and ``books``.

    Returns:
        World key → (database, model, id) of every record made.
    """
    crm, books = (Api(server.url, name, server.key(name)) for name in ("crm", "books"))
    return {
        **load_crm(crm, world, lambda *statements: server.sql("crm", *statements)),
        **load_books(books, world, lambda *statements: server.sql("books", *statements)),
    }


def published(keys):
    """World key → key of the canonical entities, the connections being named after the databases."""
    return {key: f"{database}:{model}/{number}" for key, (database, model, number) in keys.items()}
