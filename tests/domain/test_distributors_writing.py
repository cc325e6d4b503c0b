"""Writing the register: new records, changes, and what is refused."""

from datetime import date

import pytest
import sqlalchemy as sa
import time_machine

from portal.domain import text
from portal.domain.access.roles import Role
from portal.domain.audit.models import AuditEvent
from portal.domain.distributors import search, services
from portal.domain.distributors.duplicates import LooksKnown
from portal.domain.distributors.facts import BY_NAME, FACTS, birthday
from portal.domain.distributors.models import Distributor, Level, NearSame, Standing, Territory
from portal.domain.errors import DomainError, Stale

USCC = "91330500MA00EX3B4P"


def facts(office, clerk, **more):
    return {"name": "湖州样板商贸有限公司", "region": office, "owner": clerk} | more


def events(session, distributor):
    found = session.scalars(
        sa.select(AuditEvent)
        .where(AuditEvent.subject == "distributor", AuditEvent.subject_id == distributor.id)
        .order_by(AuditEvent.id)
    )
    return {event.action: event for event in found}


def test_a_record_without_a_code_gets_the_next_one_of_the_series(session, make, office, clerk):
    make.distributor(office, clerk, code="D-00041")
    make.distributor(office, clerk, code="D-ABCDE")
    made = services.create(session, clerk, facts(office, clerk))
    assert made.code == "D-00042"
    other = services.create(session, clerk, facts(office, clerk, name="另一家示例公司"))
    assert other.code == "D-00043"


def test_the_series_goes_on_beyond_five_digits(session, make, office, clerk):
    make.distributor(office, clerk, code="D-99999")
    make.distributor(office, clerk, code="D-100000")
    assert services.create(session, clerk, facts(office, clerk)).code == "D-100001"


def test_a_taken_code_is_refused_whatever_its_case_and_office(session, make, office, clerk):
    elsewhere = make.region("示例西区")
    make.distributor(elsewhere, code="A-07", name="示例七号商行")
    with pytest.raises(DomainError) as refused:
        services.create(session, clerk, facts(office, clerk, code="ａ-07"))
    assert refused.value.field == "code"
    assert refused.value.params == {"code": "a-07", "name": "示例七号商行", "office": "示例西区"}


def test_every_fact_is_kept_as_it_was_read(session, office, clerk):
    typed = {
        "uscc": "９１３３０５００ ma00ex3b4p",
        "legal_rep": "李𠮷",
        "level": "second_tier",
        "founded_on": "2019年5月18日",
        "address": "浙江省湖州市吴兴区样板街2号",
        "email": "sample@example.com",
        "staff": "１２ 人",
        "brands": "虚构酱园,样本食品；虚构酱园",
        "bank_account": "6200 0000 0000 0051",
        "credit_days": "现结",
        "credit_limit_fen": "３８０万",
        "deposit_fen": "￥5,000.50",
    }
    read = {name: BY_NAME[name].read(value) for name, value in typed.items()}
    made = services.create(
        session,
        clerk,
        facts(office, clerk, phones=text.phones("0572-5555102/5555103，13800000051（王）"), **read),
    )
    session.commit()
    session.expire_all()
    made = session.get_one(Distributor, made.id)
    assert (made.uscc, made.level, made.founded_on) == (USCC, Level.SECOND_TIER, date(2019, 5, 18))
    assert (made.staff, made.brands, made.bank_account) == (12, "虚构酱园、样本食品", "6200000000000051")
    assert (made.credit_days, made.credit_limit_fen, made.deposit_fen) == (0, 380_000_000, 500_050)
    assert [(phone.digits, phone.label) for phone in made.phones] == [
        ("05725555102", ""),
        ("05725555103", ""),
        ("13800000051", "王"),
    ]
    found = search.matching(session, "yangban")
    assert session.scalars(found).all() == [made.id]
    assert session.scalars(search.matching(session, "0051")).all() == [made.id]


def test_writing_a_value_and_reading_it_gives_the_same_value(session, office, clerk):
    made = services.create(
        session,
        clerk,
        facts(office, clerk, founded_on=date(2001, 2, 3), credit_limit_fen=123_405, staff=0, credit_days=30),
    )
    for fact in FACTS:
        value = getattr(made, fact.name)
        assert fact.read(fact.write(value)) == value, fact.name


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("name", ""),
        ("name", "示例" * 51),
        ("address", "样板街\ue000号"),
        ("legal_rep", "王🙂"),
        ("uscc", "91330110MA2EXAMP18"),
        ("bank_account", "6.2E+18"),
        ("staff", -1),
        ("founded_on", date(2999, 1, 1)),
        ("credit_days", 400),
        ("email", "nobody"),
    ],
)
def test_a_fact_that_cannot_be_is_refused_by_its_name(session, office, clerk, name, value):
    with pytest.raises(DomainError) as refused:
        services.create(session, clerk, facts(office, clerk, **{name: value}))
    assert refused.value.field == name


def test_a_character_that_cannot_be_printed_is_named():
    with pytest.raises(DomainError) as refused:
        BY_NAME["legal_rep"].read("王🙂")
    assert refused.value.params == {"characters": "🙂"}


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("1980-5-2", "1980-05-02"),
        ("５月２日", "05-02"),
        ("2-29", "02-29"),
        ("阴历八月十五", "农历八月十五"),
        ("", ""),
    ],
)
def test_a_birthday_may_lack_its_year_or_be_lunar(typed, kept):
    assert birthday(typed) == kept
    assert birthday(kept) == kept


@pytest.mark.parametrize("typed", ["2-30", "13-01", "someday", "2999-01-01"])
def test_a_birthday_that_cannot_be_is_refused(typed):
    with pytest.raises(DomainError):
        birthday(typed)


def test_a_record_is_never_without_an_owner_who_sees_it(session, make, office, clerk):
    stranger = make.user(Role.SALESPERSON, make.region())
    gone = make.user(Role.SALESPERSON, office)
    gone.deactivated_at = gone.grants[0].granted_at
    for owner in (None, stranger, gone):
        with pytest.raises(DomainError) as refused:
            services.create(session, clerk, facts(office, clerk, owner=owner))
        assert refused.value.field == "owner_id"


def test_one_writes_only_in_the_offices_one_keeps(session, make, office, clerk):
    elsewhere = make.region()
    distributor = make.distributor(office, clerk)
    with pytest.raises(DomainError) as refused:
        services.create(session, clerk, facts(elsewhere, clerk))
    assert refused.value.field == "region_id"
    with pytest.raises(DomainError) as refused:
        services.edit(session, clerk, distributor, {"region": elsewhere}, version=distributor.version)
    assert refused.value.field == "region_id"
    auditor = make.user(Role.AUDITOR, office)
    with pytest.raises(DomainError):
        services.edit(session, auditor, distributor, {"city": "湖州"}, version=distributor.version)


def test_an_edit_changes_what_differs_and_the_history_holds_before_and_after(session, make, office, clerk):
    distributor = make.distributor(
        office, clerk, name="示例一号商贸有限公司", address="旧街1号", phones=["0572-5555102"]
    )
    changed = services.edit(
        session,
        clerk,
        distributor,
        {
            "name": "示例一号商贸有限公司",
            "address": "新街2号",
            "email": "who@example.com",
            "phones": text.phones("13800000051（王）"),
        },
        version=distributor.version,
    )
    session.commit()
    assert changed
    event = events(session, distributor)["distributor.updated"]
    assert event.params["changes"] == {"address": ["旧街1号", "新街2号"]}
    assert sorted(event.params["personal"]) == ["email", "phones"]
    assert "who@example.com" not in str(event.params) and "138" not in str(event.params)
    assert session.scalars(search.matching(session, "0051")).all() == [distributor.id]
    assert session.scalars(search.matching(session, "5102")).all() == []


def test_the_history_of_a_new_record_holds_no_personal_data(session, office, clerk):
    made = services.create(
        session,
        clerk,
        facts(office, clerk, email="who@example.com", phones=text.phones("13800000051（王）")),
        contact={"name": "王晓明", "phone": "13800000051", "birthday": "05-12"},
    )
    session.commit()
    assert made.people[0].is_primary
    written = str([event.params for event in events(session, made).values()])
    for personal in ("who@example.com", "138", "王晓明", "05-12"):
        assert personal not in written


def test_an_edit_that_changes_nothing_writes_nothing(session, make, office, clerk):
    distributor = make.distributor(office, clerk, phones=["0572-5555 102"])
    version = distributor.version
    same = {
        "name": distributor.name,
        "owner": clerk,
        "region": office,
        "parent": None,
        "territory": "",
        "phones": [text.Phone("0572-5555 102", "05725555 102")],
    }
    assert services.edit(session, clerk, distributor, same, version=version) is False
    assert distributor.version == version
    assert events(session, distributor) == {}


def test_changed_numbers_alone_make_a_new_version(session, make, office, clerk):
    distributor = make.distributor(office, clerk)
    version = distributor.version
    services.edit(session, clerk, distributor, {"phones": text.phones("13800000051")}, version=version)
    assert distributor.version == version + 1


def test_a_stale_version_is_refused(session, make, office, clerk):
    distributor = make.distributor(office, clerk)
    opened = distributor.version
    services.edit(session, clerk, distributor, {"city": "湖州"}, version=opened)
    with pytest.raises(Stale):
        services.edit(session, clerk, distributor, {"city": "杭州"}, version=opened)
    assert distributor.city == "湖州"


def test_a_new_owner_and_a_move_are_events_of_their_own(session, make, office, clerk):
    boss = make.user(Role.REGIONAL_MANAGER)
    branch = make.region("示例支局")
    heir = make.user(Role.SALESPERSON, branch)
    services.edit(
        session,
        boss,
        distributor := make.distributor(office, clerk),
        {"territory": "吴兴区"},
        version=distributor.version,
    )
    with pytest.raises(DomainError) as refused:
        services.edit(session, boss, distributor, {"region": branch}, version=distributor.version)
    assert refused.value.field == "owner_id"
    session.rollback()
    distributor = session.get_one(Distributor, distributor.id)
    services.edit(session, boss, distributor, {"territory": "吴兴区"}, version=distributor.version)
    services.edit(session, boss, distributor, {"region": branch, "owner": heir}, version=distributor.version)
    session.commit()
    written = events(session, distributor)
    assert written["distributor.moved"].region_id == office.id
    assert written["distributor.moved"].params == {"to_id": branch.id}
    assert written["distributor.updated"].region_id == branch.id
    assert written["distributor.owner_changed"].params == {"from_id": clerk.id, "to_id": heir.id}
    territory = session.get_one(Territory, distributor.territory_id)
    assert (territory.name, territory.region_id) == ("吴兴区", branch.id)


def test_an_owner_who_has_left_does_not_keep_others_from_mending_an_address(session, make, office, clerk):
    gone = make.user(Role.SALESPERSON, office)
    distributor = make.distributor(office, gone)
    gone.deactivated_at = gone.grants[0].granted_at
    session.commit()
    assert services.edit(
        session, clerk, distributor, {"address": "新街2号", "owner": gone}, version=distributor.version
    )


def test_a_territory_is_made_once_in_its_office(session, office, clerk):
    for name in ("样板一号公司", "示范二号行"):
        services.create(session, clerk, facts(office, clerk, name=name, territory=" 吴兴区 "))
    assert session.scalar(sa.select(sa.func.count()).select_from(Territory)) == 1


def test_near_same_names_are_shown_before_a_record_is_made_and_flagged_after(session, make, office, clerk):
    elsewhere = make.region("示例西区")
    known = make.distributor(elsewhere, name="湖州样版商贸有限公司")
    with pytest.raises(LooksKnown) as asked:
        services.create(session, clerk, facts(office, clerk))
    likeness = asked.value.found[0]
    assert (likeness.mention.id, likeness.reasons) == (known.id, ("name",))
    assert (likeness.mention.office, likeness.mention.is_open) == ("示例西区", False)
    session.rollback()
    made = services.create(session, clerk, facts(office, clerk), accepted={known.id})
    session.commit()
    flag = session.scalars(sa.select(NearSame)).one()
    assert (flag.distributor_id, flag.other_id, flag.reason) == (made.id, known.id, "name")


def test_the_tick_counts_only_for_the_records_that_were_shown(session, make, office, clerk):
    seen = make.distributor(office, clerk, name="湖州样板商贸公司")
    make.distributor(office, clerk, name="湖州市样板商贸公司")
    with pytest.raises(LooksKnown) as asked:
        services.create(session, clerk, facts(office, clerk), accepted={seen.id})
    assert len(asked.value.found) == 2


def test_two_records_may_share_a_credit_code_once_somebody_says_so(session, make, office, clerk):
    known = make.distributor(office, clerk, name="完全不同名称的行", uscc=USCC)
    with pytest.raises(LooksKnown) as asked:
        services.create(session, clerk, facts(office, clerk, uscc=USCC))
    assert asked.value.found[0].reasons == ("uscc",)
    made = services.create(session, clerk, facts(office, clerk, uscc=USCC), accepted={known.id})
    assert made.uscc == known.uscc


def test_an_edit_asks_about_new_likenesses_only(session, make, office, clerk):
    known = make.distributor(office, clerk, name="甲乙丙丁商行")
    distributor = make.distributor(office, clerk, name="不相干的行")
    with pytest.raises(LooksKnown):
        services.edit(session, clerk, distributor, {"name": "甲乙丁丙商行"}, version=distributor.version)
    session.rollback()
    distributor = session.get_one(Distributor, distributor.id)
    services.edit(
        session,
        clerk,
        distributor,
        {"name": "甲乙丁丙商行"},
        version=distributor.version,
        accepted={known.id},
    )
    services.edit(session, clerk, distributor, {"name": "甲乙丙丁商行"}, version=distributor.version)
    assert session.scalar(sa.select(sa.func.count()).select_from(NearSame)) == 1


def test_founding_days_are_dates_of_china(session, office, clerk):
    with time_machine.travel("2026-11-22T17:00:00Z"):  # 01:00 on the 23rd in Shanghai
        assert BY_NAME["founded_on"].read("2026-11-23") == date(2026, 11, 23)


def test_standing_and_level_are_read_from_their_codes(session, office, clerk):
    made = services.create(session, clerk, facts(office, clerk, standing=Standing.PROSPECT))
    assert made.standing is Standing.PROSPECT
