"""The portal as it is served, beside its pages one that is a single line behind the same sign-in, and one of hello."""

from flask.typing import ResponseReturnValue

from portal.web.access import public, signed_in
from wsgi import app


@app.get("/bench/one-line")
@signed_in
def one_line() -> ResponseReturnValue:
    """What the frame of a request costs: sign-in, headers, session."""
    return "ok"


@app.get("/bench/hello")
@public
def hello() -> ResponseReturnValue:
    """What the server and the portal's frame cost where nobody is signed in and no database is asked."""
    return "hello"
