"""flask user add."""

import pytest
import sqlalchemy as sa

from portal.domain.access.roles import Role
from portal.domain.users.models import User

PASSWORD = "correct horse battery staple"


def add(app, *arguments, password=PASSWORD):
    return app.test_cli_runner().invoke(
        args=["user", "add", *arguments, "--password-stdin"], input=password + "\n"
    )


def grants(session, username):
    session.rollback()
    user = session.scalar(sa.select(User).where(User.username == username))
    return user and [(grant.role, grant.region.code) for grant in user.grants]


def test_the_first_user_is_the_head_offices_administrator(app, session):
    answer = add(app, "boss")
    assert answer.exit_code == 0, answer.output
    assert "administrator 系统管理员" in answer.output or "administrator 管理员" in answer.output
    assert grants(session, "boss") == [(Role.ADMINISTRATOR, "HQ")]


def test_the_first_user_may_be_something_else(app, session):
    assert add(app, "lawyer", "--role", "counsel").exit_code == 0
    assert grants(session, "lawyer") == [(Role.COUNSEL, "HQ")]


def test_later_users_need_a_role_and_are_told_which_there_are(app, session, make):
    make.user(Role.ADMINISTRATOR)
    answer = add(app, "second")
    assert answer.exit_code == 2
    assert "请用 --role 指定角色" in answer.output
    for role in Role:
        assert role.value in answer.output
    assert grants(session, "second") is None
    assert add(app, "second", "--role", "salesperson").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "password", "english", "chinese"),
    [
        (["boss"], "short", "Use at least 12 characters.", "至少"),
        (["boss", "--region", "XX"], PASSWORD, "There is no office XX.", "XX"),
    ],
)
def test_a_refusal_is_in_both_languages_and_leaves_nothing(
    app, session, arguments, password, english, chinese
):
    answer = add(app, *arguments, password=password)
    assert answer.exit_code == 1
    assert english in answer.output
    assert chinese in answer.output.split(english, 1)[1]
    assert grants(session, "boss") is None
