"""The portal as it is served, and beside its pages one that is a single line behind the same sign-in."""

from flask.typing import ResponseReturnValue

from portal.web.access import signed_in
from wsgi import app


@app.get("/bench/one-line")
@signed_in
def one_line() -> ResponseReturnValue:
    """What the frame of a request costs: sign-in, headers, session."""
    return "ok"
