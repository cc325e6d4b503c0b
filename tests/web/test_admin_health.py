"""The page of the system check: what the doctor finds, for administrators without a terminal."""

import sqlalchemy as sa

from portal.domain.access.roles import Role


def test_administrators_see_every_check_with_its_state_and_what_to_do(app, make, sign_in):
    admin = sign_in(make.user(Role.ADMINISTRATOR))
    page = admin.get("/admin/health")
    assert page.status_code == 200
    assert "Database" in page.text and "The database can be written to." in page.text
    # The tests' key has four characters.
    assert "The secret key has 4 characters" in page.text and "st-bad" in page.text
    assert "at least 32 random characters" in page.text


def test_the_page_is_in_chinese_too(make, sign_in):
    page = sign_in(make.user(Role.ADMINISTRATOR), language="zh_CN").get("/admin/health").text
    assert "系统检查" in page and "密钥只有 4 个字符" in page and "处理办法" in page


def test_looking_writes_nothing(make, sign_in, session):
    admin = sign_in(make.user(Role.ADMINISTRATOR))
    before = session.scalar(sa.text("SELECT count(*) FROM sign_in_throttle"))
    session.rollback()
    admin.get("/admin/health")
    assert session.scalar(sa.text("SELECT count(*) FROM sign_in_throttle")) == before


def test_administrators_of_an_office_do_not_see_the_machine(make, sign_in):
    local = sign_in(make.user(Role.ADMINISTRATOR, make.region()))
    assert local.get("/admin/health").status_code == 403
