"""The pages on which administrators keep users and their roles."""

import re

import pytest

from portal.domain.access.roles import Role
from portal.domain.users.models import User
from tests.factories import PASSWORD
from tests.web.sheets import rows_of


@pytest.fixture
def north(make):
    return make.region("示例北区")


@pytest.fixture
def boss(make):
    return make.user(Role.ADMINISTRATOR, username="boss", name="示例总管")


@pytest.fixture
def admin(boss, sign_in):
    return sign_in(boss)


@pytest.fixture
def local(make, sign_in, north):
    return sign_in(make.user(Role.ADMINISTRATOR, north, username="local"))


def new(region, **changes):
    given = {"name": "林晓棠", "username": "Lin", "role": "salesperson", "region_id": str(region.id)}
    return given | changes


def shown_password(response) -> str:
    assert response.status_code == 200, response.text
    assert response.headers["Cache-Control"] == "no-store"
    return re.search(r"<output[^>]*>([^<]+)</output>", response.text)[1]


def test_a_new_user_signs_in_with_the_password_that_is_shown_once_and_is_asked_for_another(
    app, session, admin, north
):
    password = shown_password(admin.post("/admin/users/new", data=new(north)))
    browser = app.test_client()
    entered = browser.post("/login", data={"username": "lin", "password": password})
    assert entered.status_code == 303
    assert "/account" in browser.get("/", headers={"Accept-Language": "en"}).text
    user = session.query(User).filter_by(username="lin").one()
    assert password not in admin.get(f"/admin/users/{user.id}").text
    changed = browser.post(
        "/account",
        data={"current": password, "password": "four unusual words here", "again": "four unusual words here"},
    )
    assert changed.status_code == 303
    session.rollback()
    session.refresh(user)
    assert not user.is_password_temporary


def test_a_typed_password_obeys_the_rules(session, admin, north):
    refused = admin.post("/admin/users/new", data=new(north, password="short"))
    assert refused.status_code == 422 and "at least 12 characters" in refused.text
    assert 'value="林晓棠"' in refused.text
    assert session.query(User).filter_by(username="lin").count() == 0
    session.rollback()
    typed = admin.post("/admin/users/new", data=new(north, password=PASSWORD))
    assert shown_password(typed) == PASSWORD


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"username": "boss"}, "is taken"),
        ({"name": "示例\U0001f9f4"}, "cannot be printed"),
        ({"username": ""}, "Enter a sign-in name for the user."),
    ],
)
def test_a_refused_form_says_why_and_makes_nobody(session, admin, north, changes, says):
    refused = admin.post("/admin/users/new", data=new(north, **changes))
    assert refused.status_code == 422 and says in refused.text
    assert session.query(User).count() == 1


def test_an_administrator_of_an_office_reaches_the_own_part_only(session, make, local, north):
    inside = make.user(Role.SALESPERSON, north, username="inside")
    outside = make.user(Role.SALESPERSON, make.region("示例南区"), username="outside")
    page = local.get("/admin/users").text
    assert f"/admin/users/{inside.id}" in page and f"/admin/users/{outside.id}" not in page
    assert local.get(f"/admin/users/{inside.id}").status_code == 200
    for path in ("", "/names", "/grants", "/password", "/deactivate", "/reactivate"):
        ask = local.get if not path else local.post
        assert ask(f"/admin/users/{outside.id}{path}").status_code == 404, path
    root = make.head_office()
    refused = local.post("/admin/users/new", data=new(root))
    assert refused.status_code == 422
    raised = local.post(
        f"/admin/users/{inside.id}/grants", data={"role": "administrator", "region_id": str(root.id)}
    )
    assert raised.status_code == 422
    session.rollback()
    session.refresh(inside, ["grants"])
    assert [held.role for held in inside.grants] == [Role.SALESPERSON]


def test_roles_are_given_and_taken_back(session, make, admin, north):
    user = make.user(Role.SALESPERSON, north)
    page = f"/admin/users/{user.id}"
    given = admin.post(f"{page}/grants", data={"role": "finance", "region_id": str(north.id)})
    assert (given.status_code, given.location) == (303, page)
    twice = admin.post(f"{page}/grants", data={"role": "finance", "region_id": str(north.id)})
    assert twice.status_code == 422 and "already" in twice.text
    session.refresh(user, ["grants"])
    grant = next(held for held in user.grants if held.role is Role.FINANCE)
    assert admin.post(f"{page}/grants/{grant.id}/revoke").status_code == 303
    shown = admin.get(page).text
    assert "Role assigned" in shown and "Role revoked" in shown


def test_a_role_is_taken_back_through_its_own_user_only(make, admin, north):
    user, other = make.user(Role.SALESPERSON, north), make.user(Role.FINANCE, north)
    wrong = admin.post(f"/admin/users/{user.id}/grants/{other.grants[0].id}/revoke")
    assert wrong.status_code == 404


def test_who_loses_the_last_role_within_the_own_part_leaves_the_list(make, local, north):
    user = make.user(Role.SALESPERSON, north)
    taken = local.post(f"/admin/users/{user.id}/grants/{user.grants[0].id}/revoke")
    assert (taken.status_code, taken.location) == (303, "/admin/users")


def test_a_reset_ends_every_sign_in_and_shows_the_new_password_once(app, make, sign_in, admin, north):
    user = make.user(Role.SALESPERSON, north)
    browser = sign_in(user)
    password = shown_password(admin.post(f"/admin/users/{user.id}/password"))
    assert browser.get("/account").status_code == 303
    old = app.test_client().post("/login", data={"username": user.username, "password": PASSWORD})
    assert old.status_code == 422
    again = app.test_client().post("/login", data={"username": user.username, "password": password})
    assert again.status_code == 303


def test_who_answers_for_accounts_cannot_be_deactivated_and_the_page_leads_to_them(
    session, make, admin, north
):
    owner = make.user(Role.SALESPERSON, north)
    make.distributor(north, owner)
    page = admin.get(f"/admin/users/{owner.id}").text
    assert "Responsible for 1 distributor" in page and f"/distributors/?owner={owner.id}" in page
    refused = admin.post(f"/admin/users/{owner.id}/deactivate")
    assert refused.status_code == 409 and "is still responsible for 1" in refused.text
    session.rollback()
    session.refresh(owner)
    assert owner.is_active


def test_a_deactivated_user_is_out_at_once_and_can_be_let_in_again(make, sign_in, admin, north):
    user = make.user(Role.SALESPERSON, north)
    browser = sign_in(user)
    assert admin.post(f"/admin/users/{user.id}/deactivate").status_code == 303
    assert browser.get("/account").status_code == 303
    assert user.username not in admin.get("/admin/users").text
    assert user.username in admin.get("/admin/users?state=deactivated").text
    admin.post(f"/admin/users/{user.id}/reactivate")
    assert sign_in(user).get("/account").status_code == 200


def test_nobody_deactivates_himself_and_the_last_administrator_keeps_the_role(session, make, boss, admin):
    assert admin.post(f"/admin/users/{boss.id}/deactivate").status_code == 409
    assert admin.post(f"/admin/users/{boss.id}/grants/{boss.grants[0].id}/revoke").status_code == 409
    session.rollback()
    session.refresh(boss)
    assert boss.is_active and len(boss.grants) == 1


def test_names_are_changed_and_the_change_is_on_record(make, admin, north):
    user = make.user(Role.SALESPERSON, north, username="old")
    page = f"/admin/users/{user.id}"
    assert admin.post(f"{page}/names", data={"name": "林晓棠", "username": "new"}).status_code == 303
    shown = admin.get(page).text
    assert "林晓棠" in shown and "<del>old</del> → <ins>new</ins>" in shown
    taken = admin.post(f"{page}/names", data={"name": "林晓棠", "username": "boss"})
    assert taken.status_code == 422 and 'value="boss"' in taken.text


def test_where_a_user_is_reached_is_kept_by_the_administrator_and_by_the_user(
    session, make, admin, north, sign_in
):
    user = make.user(Role.SALESPERSON, north, username="lin")
    names = {"name": "林晓棠", "username": "lin"}
    refused = admin.post(f"/admin/users/{user.id}/names", data=names | {"phone": "晚上打"})
    assert refused.status_code == 422 and "晚上打" in refused.text
    taken = admin.post(
        f"/admin/users/{user.id}/names", data=names | {"phone": "138 0000 0051，0571-55550101"}
    )
    assert taken.status_code == 303
    session.rollback()
    session.refresh(user)
    assert user.phone == "138 0000 0051 / 0571-5555 0101"
    own = sign_in(user)
    assert "138 0000 0051 / 0571-5555 0101" in own.get("/account").text
    assert own.post("/account/phone", data={"phone": "０５７１－５５５５０２０２"}).status_code == 303
    session.rollback()
    session.refresh(user)
    assert user.phone == "0571-5555 0202"
    told = admin.get(f"/admin/users/{user.id}").text
    assert "Phone of a user changed" in told and "0000 0051" not in told
    assert own.post("/account/phone", data={"phone": "9" * 80}).status_code == 422


def test_the_export_names_every_role(admin, make, north):
    make.user(Role.SALESPERSON, north, name="示例业务员")
    rows = rows_of(admin.get("/admin/users/export?q=业务员"))
    assert [row[0] for row in rows[1:]] == ["示例业务员"]
    assert rows[1][2] == "Salesperson 示例北区"


@pytest.mark.parametrize("role", [role for role in Role if role is not Role.ADMINISTRATOR])
def test_nobody_else_keeps_users(make, sign_in, role):
    browser = sign_in(make.user(role))
    assert browser.get("/admin/users").status_code == 403
    assert browser.post("/admin/users/new", data={}).status_code == 403
