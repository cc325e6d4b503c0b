"""The pages of the tree of offices."""

import pytest

from portal.domain.access.roles import Role
from portal.domain.regions.models import Region


@pytest.fixture
def admin(make, sign_in):
    return sign_in(make.user(Role.ADMINISTRATOR, username="boss"))


def test_an_office_is_added_below_another_and_stands_in_the_tree(session, make, admin):
    north = make.region("示例北区")
    form = {"name": "示例北一处", "code": "N1", "parent_id": str(north.id), "signing_place": "浙江省杭州市"}
    saved = admin.post("/admin/regions/new", data=form)
    made = session.query(Region).filter_by(code="N1").one()
    assert (saved.status_code, saved.location) == (303, f"/admin/regions#region-{made.id}")
    assert made.path.startswith(north.path)
    page = admin.get("/admin/regions").text
    assert page.index(">示例北区</a>") < page.index(">示例北一处</a>")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"code": "hq"}, "is taken"),
        ({"name": ""}, "Enter a name for the office."),
        ({"signing_place": "某地\U0001f9f4"}, "cannot be printed"),
    ],
)
def test_an_office_that_does_not_fit_is_refused_and_the_form_kept(session, make, admin, changes, says):
    root = make.head_office()
    form = {"name": "示例北区", "code": "N", "parent_id": str(root.id), "signing_place": ""} | changes
    refused = admin.post("/admin/regions/new", data=form)
    assert refused.status_code == 422 and says in refused.text
    assert session.query(Region).count() == 1


def test_renaming_keeps_code_and_place_and_is_on_record(session, make, admin):
    north = make.region("示例北区", code="N")
    page = f"/admin/regions/{north.id}"
    saved = admin.post(page, data={"name": "示例华北区", "signing_place": "天津市河西区", "code": "X"})
    assert saved.status_code == 303
    session.rollback()
    session.refresh(north)
    assert (north.name, north.code, north.signing_place) == ("示例华北区", "N", "天津市河西区")
    assert "<del>示例北区</del> → <ins>示例华北区</ins>" in admin.get(page).text


def test_an_administrator_of_an_office_sees_and_grows_the_own_part_only(session, make, sign_in):
    north, south = make.region("示例北区"), make.region("示例南区")
    local = sign_in(make.user(Role.ADMINISTRATOR, north))
    page = local.get("/admin/regions").text
    assert "示例北区" in page and "示例南区" not in page
    assert local.get(f"/admin/regions/{south.id}").status_code == 404
    form = {"name": "示例处", "code": "S1", "parent_id": str(south.id), "signing_place": ""}
    assert local.post("/admin/regions/new", data=form).status_code == 422
    assert local.post("/admin/regions/new", data=form | {"parent_id": str(north.id)}).status_code == 303
    assert session.query(Region).filter_by(code="S1").one().parent_id == north.id


@pytest.mark.parametrize("role", [Role.REGIONAL_MANAGER, Role.EXECUTIVE, Role.COUNSEL, Role.AUDITOR])
def test_nobody_else_changes_the_tree(make, sign_in, role):
    browser = sign_in(make.user(role))
    assert browser.get("/admin/regions").status_code == 403
    assert browser.post("/admin/regions/new", data={}).status_code == 403
