"""Closing a quarter: what each agreement gets, two people who say so, the releases and their statements (P3)."""
