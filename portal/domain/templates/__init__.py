"""The company's papers as texts: each version kept for ever, and counsel's release of it (P8)."""
