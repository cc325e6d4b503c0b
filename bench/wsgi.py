"""The portal as it is served, beside its pages one that is a single line behind the same sign-in, and one of hello."""

from flask.typing import ResponseReturnValue

from portal.web.access import public, signed_in
from wsgi import app


@app.get("/bench/one-line")
@signed_in
def one_line() -> ResponseReturnValue:
    """What the frame of a request costs: sign-in, headers, session."""
    return "ok"


@app.route("/bench/hello", methods=["GET", "POST"])
@public
def hello() -> ResponseReturnValue:
    """What the server and the frame of a form cost: its token, the session, headers; no database is asked."""
    return "hello"
