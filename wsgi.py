"""What the server and `flask --app wsgi` load."""

import gc

from portal import cli, create_app, memory

memory.keep_little()
# Nothing that is loaded here is ever thrown away: looking through it again and again takes a tenth of the start.
gc.disable()
app = create_app(pages=not cli.asked_for())
memory.tidy()
gc.enable()
