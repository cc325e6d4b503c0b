"""Dealer meetings (M1): planned, invited to, answered, checked in at; who came can be neither lost nor forged."""
