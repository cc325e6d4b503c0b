"""What changes or ends a signed agreement: amendments, notices of termination, price changes for many (P1)."""
