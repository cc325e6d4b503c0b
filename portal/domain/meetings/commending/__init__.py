"""Commendations (表彰): the best distributors, honoured at a meeting; taken back on record (M1)."""
