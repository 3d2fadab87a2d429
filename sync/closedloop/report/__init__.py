"""The report: one HTML page that needs nothing from anywhere, and the same figures as CSV."""

from closedloop.report.write import Report, write

__all__ = ["Report", "write"]
