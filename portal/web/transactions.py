"""Which requests may write, decided before their first query."""

from flask import Flask, request

from portal.db import begin_reading


def init_app(app: Flask) -> None:
    """GET and HEAD begin deferred, everything else with the write lock (it matters on SQLite only)."""

    @app.before_request
    def choose() -> None:
        begin_reading(request.method in ("GET", "HEAD", "OPTIONS"))

    @app.teardown_request
    def forget(_error: BaseException | None) -> None:
        # The thread's next work may be a command or a job; what says nothing may write.
        begin_reading(False)
