"""`closedloop.yaml`: read, expanded, validated. Every error of a file is reported at once, with its line and its fix."""

from closedloop.config.load import load
from closedloop.config.problem import ConfigFileError, Problem

__all__ = ["ConfigFileError", "Problem", "load"]
