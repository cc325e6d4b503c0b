"""One file that holds everything the database holds, and the way back, onto SQLite or PostgreSQL alike."""
