"""Paying out what is owed to distributors, setting off and collecting what they owe back (3.2, 4.3, 8.2, 8.3, 9.1)."""
