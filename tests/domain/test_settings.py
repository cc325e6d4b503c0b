"""The company's answers to the papers: defaults, limits, who changes them, offices of their own."""

import pytest
import sqlalchemy as sa

from portal.domain.access.roles import Role
from portal.domain.audit.models import AuditEvent
from portal.domain.errors import DomainError
from portal.domain.papers.placeholders import Source
from portal.domain.papers.registry import PLACEHOLDERS
from portal.domain.settings import services as settings
from portal.domain.settings.catalogue import COMPANY_NAMES, ENTRIES, GROUPS

COMPANY = {
    "manufacturer_name": "杭州示例日化有限公司",
    "manufacturer_uscc": "91330100MA00EX1A2G",
    "manufacturer_legal_rep": "王示范",
    "manufacturer_address": "浙江省杭州市西湖区示例路1号",
    "manufacturer_contact": "张三",
    "manufacturer_phone": "0571-55550101",
    "manufacturer_email": "contract@example.com",
}


@pytest.fixture
def root(make):
    return make.head_office()


@pytest.fixture
def boss(make):
    return make.user(Role.ADMINISTRATOR, username="boss")


@pytest.fixture
def counsel(make):
    return make.user(Role.COUNSEL, username="counsel")


def test_every_answer_that_the_papers_take_from_the_company_is_a_setting_in_one_group():
    asked = {
        name
        for name, placeholder in PLACEHOLDERS.items()
        if placeholder.source in (Source.COMPANY, Source.SETTINGS, Source.AGREEMENT_DEFAULT)
    }
    grouped = [name for group in GROUPS for name in group.names]
    assert asked <= set(grouped)
    assert len(grouped) == len(set(grouped))


def test_every_default_passes_its_own_limits():
    for entry in ENTRIES.values():
        if entry.default is not None:
            assert entry.placeholder.validate(entry.default) == entry.default


def test_a_fresh_installation_has_terms_but_no_company_and_no_channels(session, root):
    known = settings.values(session, root)
    assert known["release_days"] == 15
    assert known["dispute_resolution"] == "向被告住所地有管辖权的人民法院起诉"
    assert not set(known) & {*COMPANY_NAMES, "reporting_channel", "compliance_channel", "rebate_rate"}
    assert {entry.name for entry in settings.holes(session, root)} == {
        *COMPANY,
        "reporting_channel",
        "compliance_channel",
    }


def test_what_is_said_is_read_as_the_form_reads_it_and_audited_with_what_stood_before(session, boss, root):
    settings.change(session, boss, root, {"release_days": "２０"})
    differing = settings.change(session, boss, root, {"release_days": "21", "statement_days": "10"})
    assert differing == {"release_days": [20, 21], "statement_days": [None, 10]}
    event = session.scalars(sa.select(AuditEvent).order_by(AuditEvent.id.desc())).first()
    assert (event.action, event.params) == ("settings.changed", {"changes": differing})
    settings.change(session, boss, root, {"release_days": ""})
    assert settings.values(session, root)["release_days"] == 15


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("release_days", "61"),
        ("release_days", "9"),  # before the statement's 10
        ("late_lpr_percent", "99%"),
        ("manufacturer_uscc", "91330100MA00EX1A2X"),
        ("manufacturer_phone", "打总机"),
        ("manufacturer_email", "contract@"),
        ("manufacturer_name", "示例\U0001f9f4公司"),
        ("tax_basis", "随便"),
        ("quarter_starts", "每年1、4、8、10月1日"),
        ("copies_total", "3"),
    ],
)
def test_what_the_paper_would_not_take_is_refused_by_name(session, root, name, typed):
    with pytest.raises(DomainError) as refusal:
        settings.change(session, None, root, {name: typed})
    assert refusal.value.field in (name, "statement_days")


def test_facts_are_the_administrators_phrases_are_counsels_and_deadlines_both_ones(
    session, make, boss, counsel, root
):
    phrase = {"dispute_resolution": "提交杭州仲裁委员会仲裁"}
    with pytest.raises(DomainError, match="You cannot change"):
        settings.change(session, boss, root, phrase)
    settings.change(session, counsel, root, phrase | {"cure_days": 20})
    with pytest.raises(DomainError, match="You cannot change"):
        settings.change(session, counsel, root, {"manufacturer_name": "别的公司"})
    settings.change(session, boss, root, {"cure_days": 10})
    local = make.user(Role.ADMINISTRATOR, make.region())
    for outsider in (local, make.user(Role.EXECUTIVE), make.user(Role.AUDITOR)):
        with pytest.raises(DomainError, match="You cannot change"):
            settings.change(session, outsider, root, {"cure_days": 30})


def test_the_default_english_goes_with_the_default_chinese(session, root):
    assert settings.values(session, root)["appeal_body_en"].startswith("the compliance committee")
    settings.change(session, None, root, {"appeal_body": "甲方总部申诉小组"})
    assert "appeal_body_en" not in settings.values(session, root)
    settings.change(session, None, root, {"appeal_body_en": "the appeal group"})
    assert settings.values(session, root)["appeal_body_en"] == "the appeal group"


def test_an_office_contracts_through_a_whole_company_of_its_own(session, make, boss, root):
    settings.change(session, boss, root, COMPANY | {"manufacturer_name_en": "Example Co., Ltd."})
    office = make.region("示例北区")
    below, beside = make.region("示例北一处", parent=office), make.region("示例南区")
    with pytest.raises(DomainError, match="needs all its details"):
        settings.change(session, boss, office, {"manufacturer_name": "北方示例销售有限公司"})
    session.rollback()
    own = COMPANY | {"manufacturer_name": "北方示例销售有限公司", "manufacturer_uscc": "91330500MA00EX3B4P"}
    settings.change(session, boss, office, own)
    session.commit()
    assert settings.values(session, below)["manufacturer_name"] == "北方示例销售有限公司"
    assert "manufacturer_name_en" not in settings.values(session, below)
    assert settings.values(session, beside)["manufacturer_name_en"] == "Example Co., Ltd."
    assert settings.has_own_company(session, office) and not settings.has_own_company(session, below)
    settings.change(session, boss, office, dict.fromkeys(COMPANY))
    assert settings.values(session, below)["manufacturer_name"] == "杭州示例日化有限公司"


def test_terms_are_the_same_for_the_whole_company(session, make, boss):
    with pytest.raises(DomainError, match="same for the whole company"):
        settings.change(session, boss, make.region(), {"release_days": 20})
