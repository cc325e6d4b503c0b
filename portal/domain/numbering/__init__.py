"""Numbers of papers: each series counts from 1 and gives no number twice (P1b)."""
