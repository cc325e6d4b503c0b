"""What was said and not shown yet waits in the cookie, which has little room."""

from collections.abc import Callable

from flask.testing import FlaskClient

from portal.domain.users.models import User
from tests.web.test_distributors_record import opened


def test_what_nobody_looks_at_does_not_pile_up_in_the_cookie(
    clerk: User, sign_in: Callable[..., FlaskClient]
) -> None:
    browser = sign_in(clerk)
    form = opened(browser, "/distributors/new")
    for sign in "甲乙丙丁戊己庚辛":
        sent = browser.post("/distributors/new", data=form | {"name": f"示例{sign * 4}商贸有限公司"})
        assert sent.status_code == 303
    with browser.session_transaction() as kept:
        assert len(kept["_flashes"]) == 5
    shown = browser.get(sent.location)
    assert shown.text.count('class="said ') == 5
    with browser.session_transaction() as kept:
        assert "_flashes" not in kept
