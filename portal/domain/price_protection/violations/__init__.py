"""Violations of an agreement: report, case, hearing, decision and appeal; reporters stay unknown (P4, P5)."""
