"""The ledger: double entry in fen; what is posted never changes (ARCHITECTURE, Ledger)."""
