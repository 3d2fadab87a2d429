"""Pieces that several simulators share."""
