"""The generated world as Odoo's records: who gets which id, and where each fact of the world is kept."""

from closedloop.sandbox.odoo.mapping.books import fill_books
from closedloop.sandbox.odoo.mapping.crm import fill_crm

__all__ = ["fill_books", "fill_crm"]
