"""What the server and `flask --app wsgi` load."""

from portal import create_app, memory

memory.keep_little()
app = create_app()
memory.tidy()
