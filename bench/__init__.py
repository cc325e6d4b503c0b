"""What the portal promises about speed, measured beside yardsticks on this very machine: `make bench`."""
