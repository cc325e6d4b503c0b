"""The pages of the texts that agreements are written on."""

import pytest

from portal.domain.access.roles import Role
from portal.domain.price_protection import texts
from portal.domain.templates import services as templates
from portal.domain.templates.models import Template, TemplateRelease
from tests.domain.agreement_world import AgreementWorld

KEY = "price-protection.zh"
PAGE = f"/templates/{KEY}/1.0.0"
NOTE = "示例律师事务所意见书2026-01号"


@pytest.fixture
def counsel(make, sign_in):
    return sign_in(make.user(Role.COUNSEL, username="counsel", name="示例法务"))


@pytest.fixture
def edition(session):
    return templates.edition(session, KEY)


def test_a_fresh_installation_shows_every_text_as_not_released(session, counsel):
    page = counsel.get("/templates/").text
    for key in texts.AGREEMENT_KEYS:
        assert key in page
    assert page.count("Not released") == len(texts.AGREEMENT_KEYS + texts.DEED_KEYS + texts.CASE_KEYS) + 1
    session.rollback()
    assert session.query(Template).count() == 0, "looking at a page wrote to the database"


def test_the_text_is_shown_as_it_prints_with_its_placeholders(counsel, edition):
    page = counsel.get(f"/templates/{KEY}").text
    assert edition.sha256 in page
    assert "第一条　定义" in page and "甲方统一社会信用代码" in page
    assert "{{" not in page and "**" not in page


def test_drafting_notes_are_counsels_to_read(make, sign_in, counsel):
    assert "起草说明：标题沿用行业叫法" in counsel.get(PAGE).text
    assert "起草说明" not in sign_in(make.user(Role.SALESPERSON, make.region())).get(PAGE).text


def test_counsel_releases_what_was_read(session, counsel, edition):
    released = counsel.post(f"{PAGE}/release", data={"sha256": edition.sha256, "note": NOTE})
    assert (released.status_code, released.location) == (303, PAGE)
    page = counsel.get(PAGE).text
    assert NOTE in page and "示例法务" in page and "Release version" not in page
    session.rollback()
    made = session.query(TemplateRelease).one()
    assert made.sha256 == edition.sha256
    again = counsel.post(f"{PAGE}/release", data={"sha256": edition.sha256, "note": NOTE})
    assert again.status_code == 422


@pytest.mark.parametrize("data", [{"note": NOTE}, {"sha256": "0" * 64, "note": NOTE}, {"note": ""}])
def test_a_release_of_what_was_not_read_is_refused(session, counsel, data):
    assert counsel.post(f"{PAGE}/release", data=data).status_code == 422
    session.rollback()
    assert session.query(TemplateRelease).count() == 0


def test_only_counsel_of_the_head_office_releases(session, make, sign_in, edition):
    for user in (
        make.user(Role.ADMINISTRATOR),
        make.user(Role.EXECUTIVE),
        make.user(Role.COUNSEL, make.region()),
    ):
        browser = sign_in(user)
        assert "Release version" not in browser.get(PAGE).text
        refused = browser.post(f"{PAGE}/release", data={"sha256": edition.sha256, "note": NOTE})
        assert refused.status_code == 403
    session.rollback()
    assert session.query(TemplateRelease).count() == 0


@pytest.mark.parametrize("path", ["/templates/nothing", f"/templates/{KEY}/9.9.9", "/templates/..%2f..%2fx"])
def test_what_does_not_exist_is_not_found(counsel, path):
    assert counsel.get(path).status_code == 404


def test_who_reads_no_templates_is_refused(make, sign_in):
    assert sign_in(make.user(Role.TRAINER)).get("/templates/").status_code == 403


@pytest.mark.parametrize("key", texts.AGREEMENT_KEYS)
def test_every_text_has_its_page_in_both_languages(make, sign_in, key):
    user = make.user(Role.COUNSEL)
    for language in ("zh_CN", "en"):
        assert sign_in(user, language=language).get(f"/templates/{key}").status_code == 200


@pytest.fixture
def newer(session, make, monkeypatch):
    """Version 1.0.0 is released and in use, and 1.1.0 with another clause ships."""
    world = AgreementWorld(session, make)
    world.counsel.name = "示例前任法务"
    world.draft()
    text = templates._shipped_text
    monkeypatch.setattr(
        templates,
        "_shipped_text",
        lambda key: (
            text(key).replace("version: 1.0.0", "version: 1.1.0", 1).replace("不含运费和折让", "不含运费")
            if key == KEY
            else text(key)
        ),
    )
    return f"/templates/{KEY}/1.1.0"


def test_a_new_version_shows_what_it_says_otherwise_and_what_becomes_of_agreements_in_work(newer, counsel):
    page = counsel.get(newer).text
    assert "Changes since version 1.0.0" in page
    assert "<del>和折让</del>" in page
    assert "1 agreement in work is written on an earlier version." in page
    assert "by 示例前任法务" in page, "who released the version in use"
    old = counsel.get(PAGE).text
    assert "Changes since" not in old
    assert "of them drafts or awaiting approval" in old
    listed = counsel.get("/templates/").text
    assert "1 in work" in listed and listed.count("Review and release") == 11


def test_whoever_may_not_release_reads_who_may_or_that_nobody_can(session, make, sign_in):
    reader = sign_in(make.user(Role.SALESPERSON, make.region()))
    for path in ("/templates/", PAGE):
        assert "At present nobody may release" in reader.get(path).text
    make.user(Role.COUNSEL, make.region(), name="示例分部法务")
    gone = make.user(Role.COUNSEL, name="示例离职法务")
    gone.deactivated_at = gone.created_at
    make.user(Role.COUNSEL, name="示例总部法务")
    session.commit()
    for path in ("/templates/", PAGE):
        page = reader.get(path).text
        assert "May release: 示例总部法务<" in page
