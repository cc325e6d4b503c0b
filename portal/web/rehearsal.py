"""The pages of every day, shown to nobody before the workers are forked.

What the first showing of a page makes for good (statements and their plans for reading rows, catalogues, Python's own
code made ready) then lies in memory once instead of once a worker, and each worker's first answers come at once.
"""

import logging
import time
from collections.abc import Iterator
from http import HTTPStatus

import sqlalchemy as sa
from flask import Flask
from flask_login import login_user
from sqlalchemy.exc import SQLAlchemyError

from portal.db import in_a_hurry, reading
from portal.domain.access.roles import Permission
from portal.domain.distributors.models import Distributor
from portal.domain.distributors.queries import distributors_visible_to
from portal.domain.users import queries, services
from portal.domain.users.models import User
from portal.extensions import db
from portal.web.access import SignedInUser

logger = logging.getLogger("portal")

SIGN_IN = "/login"
PAGES = (
    SIGN_IN,
    "/distributors/",
    "/distributors/{distributor}",
    "/distributors/new",
    "/distributors/?q=%E5%95%86%E8%B4%B8",
    "/search?q=sx",
    "/",
)
# As a browser asks.
_ASKED = {"Accept-Encoding": "gzip, deflate", "Accept-Language": "zh-CN,zh;q=0.9"}
# A slow database must not keep the portal from starting.
_SECONDS = 2.0


def rehearse(app: Flask) -> list[str]:
    """Show the pages of every day as whoever approves agreements for the most offices; nothing is written.

    Gives the pages that were shown: none where there is no database, or one that is not ready, and the server starts
    all the same. No connection stays open.
    """
    shown: list[str] = []
    try:
        with in_a_hurry():
            shown.extend(_shown(app))
    except Exception:
        # Nobody asked for these pages; who does is told what is wrong.
        logger.warning("the rehearsal of the pages broke off", exc_info=True)
    finally:
        with app.app_context():
            db.engine.dispose()
    return shown


def _shown(app: Flask) -> Iterator[str]:
    end = time.monotonic() + _SECONDS
    distributor = None
    with app.app_context(), reading():
        try:
            services.signed_in(db.session(), "")
            user = queries.widest_holder(db.session(), Permission.AGREEMENTS_APPROVE)
        except SQLAlchemyError as error:
            logger.info("no page is rehearsed: %s", error)
            return
        if user is not None:
            first = distributors_visible_to(user).with_only_columns(sa.func.min(Distributor.id))
            distributor = db.session.scalar(first)
        user_id = user and user.id
    for page in PAGES if user_id else (SIGN_IN,):
        if "{distributor}" in page and distributor is None:
            continue
        path = page.format(distributor=distributor)
        if time.monotonic() > end or not _is_shown(app, path, user_id):
            return
        yield page


def _is_shown(app: Flask, page: str, user_id: int | None) -> bool:
    with app.test_request_context(page, headers=_ASKED), reading():
        if page != SIGN_IN:
            login_user(SignedInUser(db.session.get_one(User, user_id), ""))
        return app.full_dispatch_request().status_code == HTTPStatus.OK
