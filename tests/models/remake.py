"""Changed models and all that rests on them, made anew in a transaction that is taken back."""

from dataclasses import replace
from functools import partial

from closedloop.engines.duckdb import DuckdbEngine
from closedloop.models import graph, intervals, outlook, phones
from closedloop.models.draft import Draft

#: What SQL cannot compute, by the table it is written into.
FILLED = {
    "group_measures": intervals.fill_win_rates,
    "campaign_at_age": partial(intervals.fill_win_rates, table="campaign_at_age"),
    "campaign_outlook": outlook.fill,
    "phone_check": phones.fill,
}


def above(models, tables):
    """Return the tables and all that they read."""
    wanted, todo = set(), list(tables)
    while todo:
        name = todo.pop()
        if name not in wanted:
            wanted.add(name)
            todo.extend(models[name].needs)
    return wanted


def spoil(models, name, before, after):
    """Return the models with a text of one of them replaced everywhere; it must be there."""
    assert before in models[name].sql, f"{name} does not hold: {before}"
    return changed(models, name, models[name].sql.replace(before, after))


def changed(models, name, sql):
    """Return the models with the statement of one of them replaced."""
    needs = frozenset(table.name.lower() for table in graph.tables(graph.read(sql, name)) if not table.db)
    return {**models, name: replace(models[name], sql=sql, needs=needs)}


class Remade:
    """Use it as a context: inside, ``tables`` are what the changed models give."""

    def __init__(self, store, models, changed, tables):
        self.store, self.models = store, models
        wanted, stale = above(models, tables), {changed}
        self.stale = []
        for model in graph.ordered(models):
            if model.name in wanted and (model.name in stale or model.needs & stale):
                stale.add(model.name)
                self.stale.append(model)

    def __enter__(self):
        self.store.query("begin transaction")
        for model in self.stale:
            self.store.query(graph.creation(model, self.models, DuckdbEngine.dialect))
            if model.name in FILLED:
                FILLED[model.name](Draft(store=self.store))

    def __exit__(self, *error):
        self.store.query("rollback")
