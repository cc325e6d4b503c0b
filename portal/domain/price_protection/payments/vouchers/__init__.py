"""Vouchers for the company's books: subjects, entries, files that were taken out, and their proof."""
