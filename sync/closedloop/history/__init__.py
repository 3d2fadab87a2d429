"""What was published when, and why it changed. Kept in the operational database: it outlives the analytical store.

`closedloop.history.snapshot` takes a snapshot after a reconcile; `closedloop.history.reading` lists them.
"""
