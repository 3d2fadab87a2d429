"""How the loader writes times and money, and what it keeps of the records it made."""

from datetime import UTC, datetime, time
from zoneinfo import ZoneInfo


class Facts:
    """A world on its way into one database."""

    def __init__(self, api, world):
        self.api = api
        self.world = world
        self.zone = ZoneInfo(world.zone)
        self.digits = {currency.code: currency.digits for currency in world.currencies}
        self.ids = {}
        self.keys = {}

    def keep(self, model, records, made):
        """Remember the ids of the records made for entities of the world."""
        for record, number in zip(records, made, strict=True):
            self.ids[record.key] = number
            self.keys[record.key] = (self.api.database, model, number)

    def money(self, amount, currency=None):
        """Minor units as Odoo takes money: a number."""
        return (amount or 0) / 10 ** self.digits[currency or self.world.home_currency]

    def minor(self, amount, currency=None):
        """Odoo's number as minor units."""
        return round(amount * 10 ** self.digits[currency or self.world.home_currency])

    def at(self, day, hour):
        """An hour of a day in the company's zone, as Odoo takes times."""
        return self.moment(datetime.combine(day, time(hour), self.zone))

    @staticmethod
    def moment(when):
        """An aware time as Odoo takes it; nothing stays nothing."""
        return when.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S") if when else False


def stamped(table, rows):
    """SQL that sets columns of records: ``rows`` holds (id, {column: time, date or None})."""

    def literal(value):
        return "null" if not value else f"'{value}'"

    return [
        f"update {table} set {', '.join(f'{name} = {literal(value)}' for name, value in values.items())} where id = {key}"
        for key, values in rows
    ]
