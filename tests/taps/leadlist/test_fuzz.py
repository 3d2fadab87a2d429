"""Lists of every make: nothing lost, nothing crashed, each refused row explained."""

from pathlib import PurePath

import pytest
from tests.taps.leadlist import lists

from closedloop.kit.stream import BadRecord
from tap_leadlist.folder import Found
from tap_leadlist.listing import Listing
from tap_leadlist.options import Options
from tap_leadlist.people import People
from tap_leadlist.refusal import RefusedFileError

DOSE = [pytest.param(range(25), id="25"), pytest.param(range(25, 300), id="275", marks=pytest.mark.long)]


def read(path, **options):
    """Return the records and the refused rows of one file."""
    listing = Listing(found=Found.of(path, path.parent), options=Options(**options))
    try:
        shape = listing.shape()
        found = list(People(listing=listing, shape=shape, read_at="2026-11-01T00:00:00Z"))
    finally:
        listing.close()
    bad = [one for one in found if isinstance(one, BadRecord)]
    return [one for one in found if not isinstance(one, BadRecord)], bad, shape


def told(record, expected):
    """What of a record the generator knows; tabs and blanks of a workbook's cells are one."""
    named = {name: record[name] for name in ("email", "name", "status", "company", "occurred_at")}
    if expected["company"] is None:
        named["company"] = record["company"]
        expected = expected | {"company": None}
    return named | {
        "company": _plain(named["company"]),
        "extra": [_plain(one) for one in record["extra"].values()],
    }, (
        expected
        | {"company": _plain(expected["company"]), "extra": [_plain(one) for one in expected["extra"]]}
    )


def _plain(text):
    return None if text is None else " ".join(text.split())


@pytest.mark.parametrize("seeds", DOSE)
def test_every_row_of_every_list_comes_out_or_is_explained(tmp_path, seeds):
    for seed in seeds:
        listed = lists.make(seed)
        path = tmp_path / PurePath(listed.name)
        path.write_bytes(listed.data)
        if listed.is_refused:
            with pytest.raises(RefusedFileError) as why:
                read(path)
            assert why.value.fix, (seed, listed.what)
            continue
        records, bad, _ = read(path)
        where = (seed, listed.what)
        assert len(records) == len(listed.people), where
        for record, expected in zip(records, listed.people, strict=True):
            got, wanted = told(record, expected)
            assert got == wanted, where
        assert len(bad) == listed.refused, where
        assert all(one.reason.startswith("line ") for one in bad), where
        assert len({one["id"] for one in records}) == len(records), where
