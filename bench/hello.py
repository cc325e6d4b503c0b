"""The yardstick of a check-in: Flask that says hello, with no database, no session, no language and no page."""

from flask import Flask

app = Flask(__name__)


@app.get("/hello")
def hello() -> str:
    """What a server and Flask cost by themselves."""
    return "hello"
