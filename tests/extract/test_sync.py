def test_rows_state_and_proof_are_kept(place):
    lead = {"rows": [{"id": i, "v": i, "name": f"n{i}"} for i in range(1, 6)], "keys": ["id"],
            "schema": {"id": {"type": "integer"}, "v": {"type": "integer"}, "name": {"type": "string"}}}  # fmt: skip
    result = place.sync(streams={"lead": lead})["lead"]
    assert (result.verdict, result.rows, result.keys, result.held_count) == ("proven", 5, 5, 5)
    assert place.rows() == [(i, i, f"n{i}") for i in range(1, 6)]
    assert place.state()["bookmarks"]["lead"]["replication_key_value"] == 5
    assert list((place.home / "spool" / "src").iterdir()) == []
