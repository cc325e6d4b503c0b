"""E-mail that leaves the portal: the server it goes through, and an outbox whose rows are the truth."""
