"""The page of the company's facts and terms."""

import pytest

from portal.domain.access.roles import Role
from portal.domain.settings import services as settings
from tests.domain.test_settings import COMPANY

CHANNELS = {
    "reporting_channel": "电话0571-55550199",
    "compliance_channel": "邮箱compliance@example.com",
}


@pytest.fixture
def root(make):
    return make.head_office()


@pytest.fixture
def admin(make, sign_in, root):
    return sign_in(make.user(Role.ADMINISTRATOR, username="boss"))


@pytest.fixture
def counsel(make, sign_in, root):
    return sign_in(make.user(Role.COUNSEL, username="counsel"))


def known(session, region):
    session.rollback()
    return settings.values(session, region)


def test_a_fresh_installation_names_what_is_missing_and_filling_it_in_ends_that(session, admin, root):
    page = admin.get("/admin/settings").text
    assert "9 details are needed before the first agreement can be printed" in page
    saved = admin.post("/admin/settings", data=COMPANY | CHANNELS | {"seen": "{}"})
    assert (saved.status_code, saved.location) == (303, "/admin/settings")
    page = admin.get("/admin/settings").text
    assert "before the first agreement can be printed" not in page
    assert 'value="杭州示例日化有限公司"' in page
    assert known(session, root)["manufacturer_phone"] == "0571-55550101"


def test_the_workbench_asks_administrators_for_what_is_missing(make, sign_in, admin):
    assert "9 company details are missing" in admin.get("/").text
    assert "company details are missing" not in sign_in(make.user(Role.SALESPERSON)).get("/").text


def test_a_form_left_as_it_was_changes_nothing(session, admin, root):
    settings.change(session, None, root, {"release_days": 20, "late_lpr_percent": 1_500_000})
    session.commit()
    saved = admin.post("/admin/settings", data={"release_days": "20", "seen": '{"release_days": 20}'})
    assert saved.status_code == 303
    assert known(session, root)["release_days"] == 20
    assert known(session, root)["late_lpr_percent"] == 1_500_000


def test_boxes_show_what_holds_and_a_default_typed_again_takes_the_own_word_back(session, admin, root):
    assert 'name="release_days" type="text" value="15"' in admin.get("/admin/settings").text
    admin.post("/admin/settings", data={"release_days": "20", "cure_days": "15", "seen": "{}"})
    assert settings.own_values(session, root) == {"release_days": 20}
    admin.post("/admin/settings", data={"release_days": "15", "seen": '{"release_days": 20}'})
    session.rollback()
    assert settings.own_values(session, root) == {}


def test_what_somebody_changed_meanwhile_is_not_overwritten(session, admin, root):
    settings.change(session, None, root, {"release_days": 20})
    session.commit()
    stale = admin.post("/admin/settings", data={"release_days": "25", "seen": "{}"})
    assert stale.status_code == 422 and "Somebody else changed this" in stale.text
    assert 'value="25"' in stale.text
    other = admin.post("/admin/settings", data={"cure_days": "20", "seen": "{}"})
    assert other.status_code == 303
    assert known(session, root)["release_days"] == 20
    assert known(session, root)["cure_days"] == 20


@pytest.mark.parametrize(
    ("name", "typed", "says"),
    [
        ("release_days", "99", "whole number from 1 to 60"),
        ("manufacturer_uscc", "91330100MA00EX1A2X", "not a valid unified social credit code"),
        ("manufacturer_name", "示例\U0001f9f4", "cannot be printed"),
        ("late_lpr_percent", "abc", ""),
    ],
)
def test_what_the_paper_would_not_take_is_refused_beside_its_field(session, admin, root, name, typed, says):
    before = known(session, root)
    answer = admin.post("/admin/settings", data={name: typed, "seen": "{}"})
    if says:
        assert answer.status_code == 422 and says in answer.text and f'value="{typed}"' in answer.text
    assert known(session, root) == before


def test_counsel_changes_phrases_and_deadlines_but_no_facts(session, counsel, root):
    page = counsel.get("/admin/settings").text
    assert 'name="dispute_resolution"' in page and 'name="manufacturer_name"' not in page
    saved = counsel.post(
        "/admin/settings",
        data={
            "dispute_resolution": "提交杭州仲裁委员会仲裁",
            "manufacturer_name": "别的公司",
            "seen": "{}",
        },
    )
    assert saved.status_code == 303
    assert known(session, root)["dispute_resolution"] == "提交杭州仲裁委员会仲裁"
    assert "manufacturer_name" not in known(session, root)


def test_administrators_do_not_change_counsels_phrases(session, admin, root):
    assert 'name="dispute_resolution"' not in admin.get("/admin/settings").text
    admin.post("/admin/settings", data={"dispute_resolution": "随便", "seen": "{}"})
    assert known(session, root)["dispute_resolution"] == "向被告住所地有管辖权的人民法院起诉"


def test_auditors_read_and_write_nothing(make, sign_in, root):
    auditor = sign_in(make.user(Role.AUDITOR))
    page = auditor.get("/admin/settings").text
    assert 'name="release_days"' not in page and "Save the settings" not in page
    assert auditor.post("/admin/settings", data={"release_days": "20"}).status_code == 403


def test_an_office_may_have_a_contracting_company_of_its_own(session, make, admin, root):
    office = make.region("示例北区")
    page = f"/admin/settings?region={office.id}"
    assert 'name="release_days"' not in admin.get(page).text
    part = admin.post(page, data={"manufacturer_name": "北方示例销售有限公司", "seen": "{}"})
    assert part.status_code == 422 and "needs all its details" in part.text
    own = COMPANY | {"manufacturer_name": "北方示例销售有限公司", "seen": "{}"}
    assert admin.post(page, data=own).location == page
    assert known(session, office)["manufacturer_name"] == "北方示例销售有限公司"
    assert "manufacturer_name" not in known(session, root)


def test_an_auditor_of_an_office_sees_that_office_and_no_other(make, sign_in):
    north, south = make.region("示例北区"), make.region("示例南区")
    auditor = sign_in(make.user(Role.AUDITOR, north))
    assert "示例北区" in auditor.get("/admin/settings").text
    assert auditor.get(f"/admin/settings?region={south.id}").status_code == 404


@pytest.mark.parametrize("role", [Role.SALESPERSON, Role.REGIONAL_MANAGER, Role.FINANCE, Role.TRAINER])
def test_nobody_else_reads_them(make, sign_in, role):
    assert sign_in(make.user(role)).get("/admin/settings").status_code == 403


def test_a_tampered_snapshot_saves_nothing_in_silence(session, admin, root):
    settings.change(session, None, root, {"release_days": 20})
    session.commit()
    for seen in ("not json", "[1]", '{"release_days": 7}'):
        answer = admin.post("/admin/settings", data={"release_days": "25", "seen": seen})
        assert answer.status_code == 422
    assert known(session, root)["release_days"] == 20


def test_days_that_the_agreement_counts_as_working_days_are_called_so(admin):
    page = admin.get("/admin/settings").text

    def hint(name):
        return page.split(f'id="{name}"')[1].split("</p>")[0]

    assert "1 to 15 working days" in hint("restore_days")
    assert "5 to 30 working days" in hint("response_days")
    assert "5 to 60 days" in hint("settlement_days")
