"""The job that compares the people of the CRM with each other: two records of one person."""

from __future__ import annotations

from dataclasses import replace

from closedloop.link.engine import PEOPLE

#: Compared as a scan is compared with a person, with the same weights; every pair in both directions.
TWINS = replace(PEOPLE, name="twin")
