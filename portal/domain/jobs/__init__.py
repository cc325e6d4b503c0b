"""Work that takes longer than a request: its row is the truth, whatever becomes of queue and worker."""
