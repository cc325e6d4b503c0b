"""What the server and `flask --app wsgi` load."""

import gc

from portal import cli, create_app, memory
from portal.web import templating

memory.keep_little()
# Nothing that is loaded here is ever thrown away: looking through it again and again takes a tenth of the start.
gc.disable()
app = create_app(pages=not cli.asked_for())
if not cli.asked_for():
    with app.app_context():
        templating.load_daily(app)
memory.tidy()
gc.enable()
