"""Papers: the templates' texts, their placeholders, and what is checked before printing. No database."""
