"""Drafts with their products and prices as a table: out, changed in Excel, and in again row by row (P1)."""
