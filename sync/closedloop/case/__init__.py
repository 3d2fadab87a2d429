"""A door for cases: tables as CSV in, every figure as CSV out, by the same models and with nothing else set up.

It serves support cases, worked examples and what-if. `closedloop.case.columns` documents what may be given.
"""
