"""Imports: what a file holds and a CRM lacks is created there, shown before, journalled, and undone on demand.

A plan says of every row what would become of it; nothing is created to make a match work, and what is doubtful waits for a
person. Creations go the way of every write-back: intent on disk before the call, outcome after it, unknown ones resolved by
reading back. A record that we make carries a key of ours, made from who it is, so that no call and no file makes it twice.
"""
