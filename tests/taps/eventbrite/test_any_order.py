"""Whatever people do between runs, in whatever order: what has landed is what Eventbrite lists."""

from random import Random

import pytest

pytestmark = pytest.mark.long
STREAMS = ("attendees", "orders")


class Day:
    """What may happen between two runs."""

    def __init__(self, simulator, rng):
        self.simulator, self.rng, self.made = simulator, rng, 0

    def some(self, name):
        return self.rng.choice(self.simulator.records(name))

    def check_in(self):
        self.simulator.check_in(self.some("attendees")["id"])

    def cancel(self):
        values = {"status": "Not Attending", "cancelled": True, "checked_in": False}
        self.simulator.edit("attendees", self.some("attendees")["id"], values)

    def delete(self):
        self.simulator.edit("attendees", self.some("attendees")["id"], {"status": "Deleted"})
        self.simulator.edit("orders", self.some("orders")["id"], {"status": "deleted"})

    def bring_back(self):
        for name, status in (("attendees", "Attending"), ("orders", "placed")):
            gone = [row for row in self.simulator.records(name) if row["status"].lower() == "deleted"]
            for row in gone[:1]:
                self.simulator.edit(name, row["id"], {"status": status})

    def sell(self):
        self.made += 1
        for name in STREAMS:
            row = self.some(name) | {
                "id": f"99{self.made:08}",
                "status": "Attending" if name == "attendees" else "placed",
            }
            self.simulator.create(name, row)

    def wait(self):
        self.simulator.advance(self.rng.choice((1, 400, 4000, 90_000)))


def landed(held, run):
    for stream in STREAMS:
        for record in run.records(stream):
            held[stream][record["id"]] = record
        for record in run.of("QUARANTINE", stream):
            raise AssertionError(record)


@pytest.mark.parametrize("seed", range(6))
def test_what_has_landed_is_what_is_listed(serve, read, seed):
    rng = Random(seed)
    served = serve(
        lists_deleted=rng.random() < 0.5,
        is_inclusive=rng.random() < 0.5,
        page_size=rng.choice((7, 30, 50)),
        has_major_value=rng.random() < 0.5,
    )
    day, held, state = Day(served, rng), {name: {} for name in STREAMS}, None
    doings = [day.check_in, day.cancel, day.delete, day.bring_back, day.sell, day.wait]
    for _ in range(6):
        run = read(served, select=STREAMS, state=state, calls_a_run=rng.choice((35, 1800)))
        assert run.code in {0, 4}
        landed(held, run)
        state = run.state
        for _ in range(rng.randrange(6)):
            rng.choice(doings)()
    while True:
        run = read(served, select=STREAMS, state=state)
        landed(held, run)
        state = run.state
        if run.code == 0:
            break

    for stream in STREAMS:
        listed = {
            row["id"]: (row["status"], row.get("checked_in"))
            for row in served.records(stream)
            if row["status"].lower() != "deleted"
        }
        live = {
            key: (record["status"], record.get("checked_in"))
            for key, record in held[stream].items()
            if record["_sdc_deleted_at"] is None and record["status"].lower() != "deleted"
        }
        assert live == listed
