"""Reads customers, invoices, credit notes and payments from Xero."""
