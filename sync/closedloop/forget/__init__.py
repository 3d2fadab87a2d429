"""Forgetting a person: by what they are known again, what they are called from now on, and where they stand.

Nothing of them stays but keyed digests (`closedloop.forget.marks`). What lands later goes through `closedloop.forget.rows` first.
"""
