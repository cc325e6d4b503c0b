"""往来账: what finance's books say of a distributor's quarter, for the statement's second part (PLACEHOLDERS §4.13)."""
