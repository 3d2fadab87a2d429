"""Whatever people do between runs, in whatever order: what has landed is what Mailchimp has."""

from random import Random

import pytest

pytestmark = pytest.mark.long
STATUSES = ("subscribed", "unsubscribed", "cleaned", "pending", "archived")


@pytest.mark.parametrize("seed", range(6))
def test_what_has_landed_is_what_is_there(serve, read, seed):
    rng = Random(seed)
    served = serve(is_inclusive=rng.random() < 0.5)
    members = served.engine.account.members
    held, state, size = {}, None, rng.choice((5, 20, 1000))

    def run():
        done = read(served, select=("members",), state=state, page_size=size)
        assert (done.code, done.of("QUARANTINE")) == (0, [])
        held.update({record["key"]: record for record in done.records("members")})
        return done

    for _ in range(6):
        state = run().state
        for _ in range(rng.randrange(8)):
            key = rng.choice(sorted(members))
            doing = rng.randrange(4)
            if doing == 0:
                served.edit(key, {"status": rng.choice(STATUSES)})
            elif doing == 1:  # an import that touches many in one second
                for one in rng.sample(sorted(members), 12):
                    served.edit(one, {"member_rating": rng.randrange(6)})
            elif doing == 2:
                served.advance(rng.choice((1, 400, 90_000)))
            else:
                del members[key]
    proof = run().proof("members")
    gone = set(held) - set(members)

    assert {key: (held[key]["status"], held[key]["member_rating"]) for key in members} == {
        key: (row["status"], row["member_rating"]) for key, row in members.items()
    }
    assert {line["id"] for line in read(served, "--sweep", "members").lines if "id" in line} == set(
        held
    ) - gone
    assert proof["source_count"] <= len(members)
