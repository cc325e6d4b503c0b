"""Interest for what is paid late or put back: by the one-year LPR of each day (4.3, 8.4)."""
