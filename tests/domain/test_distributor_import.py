"""Importing dealer lists: what a row becomes, what is refused, and that a second import changes nothing."""

from datetime import date
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.access.roles import Role
from portal.domain.audit.models import AuditEvent
from portal.domain.distributors import importing, search
from portal.domain.distributors.importing import DealerReport
from portal.domain.distributors.models import Channel, Contact, Distributor, Level, NearSame, Territory
from portal.domain.errors import DomainError
from portal.domain.regions.models import Region
from portal.domain.text import uscc
from portal.domain.users.models import User
from tests.domain import dealer_imports
from tests.domain.tabular_files import csv_text, workbook
from tests.factories import Factory

HEAD = ("大区", "经销商编码", "经销商名称", "电话")
CODE_A, CODE_B = "91110000600037341L", "91310000600037341U"


@pytest.fixture
def admin(make: Factory) -> User:
    return make.user(Role.ADMINISTRATOR, username="admin", name="示例管理员")


@pytest.fixture
def east(make: Factory, admin: User) -> Region:
    return make.region("华东大区", code="E")


def listed(*rows: tuple[str, ...], head: tuple[str, ...] = HEAD) -> bytes:
    return csv_text(head, *rows).encode()


def run(
    session: Session, data: bytes, actor: User | None = None, *, plan: bool = False, **options: Any
) -> DealerReport:
    table = dealer_imports.read(data, "名录.csv", options.pop("mapping", None))
    report = (dealer_imports.plan if plan else dealer_imports.apply)(session, actor, table, **options)
    if not plan:
        session.commit()
    session.expire_all()
    return report


def counts(report: DealerReport) -> tuple[int, int, int, int]:
    assert report.read == report.created + report.updated + report.unchanged + report.refused
    return report.created, report.updated, report.unchanged, report.refused


def record(session: Session, code: str) -> Distributor:
    return session.scalars(sa.select(Distributor).where(Distributor.code_key == code)).one()


def reasons(report: DealerReport) -> list[tuple[int, str, str]]:
    return [(refusal.row, refusal.column, refusal.reason % refusal.params) for refusal in report.refusals]


def how_many(session: Session, model: Any, *conditions: Any) -> int:
    return session.scalar(sa.select(sa.func.count()).select_from(model).where(*conditions)) or 0


def test_a_row_makes_a_record_with_everything_it_says(session: Session, make: Factory, east: Region) -> None:
    head = (
        *(
            "大区",
            "经销商编码",
            "经销商名称",
            "简称",
            "统一社会信用代码",
            "级别",
            "渠道类型",
            "业务区域",
            "省份",
            "城市",
        ),
        *(
            "地址",
            "电话",
            "邮箱",
            "经度",
            "纬度",
            "联系人",
            "联系人电话",
            "成立日期",
            "员工",
            "在售品牌",
            "账号",
            "授信额度（元）",
        ),
    )
    row = (
        *(
            "华东",
            " a１ ",
            '"示例一号商贸有限公司 ',
            "示例一号",
            CODE_A.lower(),
            "二批",
            "代理",
            "余杭西部",
            "浙江",
            "杭州",
        ),
        *(
            "杭州市虚构路51号",
            "0571-88880001/88880002；13800000051（王）",
            "a@example.cn",
            "120.1",
            "30.2",
            "王晓明",
        ),
        *("13800000051", "2019年5月18日", "１２人", "虚构酱园、样本食品", "6200 0000 0000 0051", "３８万"),
    )
    assert counts(run(session, listed(row, head=head))) == (1, 0, 0, 0)
    made = record(session, "A1")
    assert (made.code, made.name, made.short_name, made.uscc) == (
        "a1",
        "示例一号商贸有限公司",
        "示例一号",
        CODE_A,
    )
    assert (made.region_id, made.level, made.channel) == (east.id, Level.SECOND_TIER, Channel.AGENT)
    assert made.territory is not None and made.territory.name == "余杭西部"
    assert (made.province, made.city, made.address) == ("浙江", "杭州", "杭州市虚构路51号")
    assert (made.longitude, made.latitude, made.email) == (120.1, 30.2, "a@example.cn")
    assert [(phone.display, phone.label) for phone in made.phones] == [
        ("0571-8888 0001", ""),
        ("0571-8888 0002", ""),
        ("138 0000 0051", "王"),
    ]
    assert [(person.name, person.phone, person.is_primary) for person in made.people] == [
        ("王晓明", "138 0000 0051", True)
    ]
    assert (made.founded_on, made.staff, made.brands) == (date(2019, 5, 18), 12, "虚构酱园、样本食品")
    assert (made.bank_account, made.credit_limit_fen) == ("6200000000000051", 38_000_000)
    for words in ("虚构", "示例一号", "shiliyihao", "slyh", "0002", "王晓"):
        found = search.matching(session, words)
        assert found is not None
        assert (made.id in session.scalars(found).all()) is (words != "虚构")


def test_a_second_import_changes_nothing(session: Session, east: Region) -> None:
    data = listed(
        ("华东区", "A1", "示例一号商行", "0571-88880001/88880002"),
        ("华东区", "", "示例二号商行", "13800000051（王）"),
        ("华中区", "A3", "示例三号商行", "见公众号"),
    )
    assert counts(run(session, data, create_regions=True)) == (3, 0, 0, 0)
    before = how_many(session, AuditEvent), record(session, "A1").version
    assert counts(run(session, data, create_regions=True, plan=True)) == (0, 0, 3, 0)
    assert counts(run(session, data, create_regions=True)) == (0, 0, 3, 0)
    assert (how_many(session, AuditEvent), record(session, "A1").version) == before


def test_a_plan_writes_nothing_and_says_what_applying_it_then_does(
    session: Session, make: Factory, east: Region
) -> None:
    make.distributor(east, code="A1", name="旧名商行", address="旧址")
    data = listed(
        ("华东", "a1", "示例一号商行", "13800000051"), ("华中", "A2", "示例二号商行", ""), ("", "A3", "", "")
    )
    before = how_many(session, AuditEvent)
    planned = run(session, data, plan=True, create_regions=True)
    assert how_many(session, Distributor) == 1
    assert how_many(session, AuditEvent) == before
    applied = run(session, data, create_regions=True)
    assert counts(planned) == counts(applied) == (1, 1, 0, 1)
    assert [row.changes for row in planned.rows] == [row.changes for row in applied.rows]
    assert [(change.name, change.before, change.after) for change in planned.rows[0].changes] == [
        ("name", "旧名商行", "示例一号商行"),
        ("phones", None, "138 0000 0051"),
    ]


def test_absent_columns_and_empty_cells_never_blank_what_is_known(
    session: Session, make: Factory, east: Region
) -> None:
    made = make.distributor(
        east,
        code="A1",
        name="示例一号商行",
        address="旧址",
        email="a@example.cn",
        phones=["0571-88880001"],
        staff=3,
    )
    head = ("编码", "名称", "地址", "邮箱", "电话", "员工")
    assert counts(run(session, listed(("A1", "", "", "无", "/", "-"), head=head))) == (0, 0, 1, 0)
    made = record(session, "A1")
    assert (made.name, made.address, made.email, made.staff, len(made.phones)) == (
        "示例一号商行",
        "旧址",
        "a@example.cn",
        3,
        1,
    )


def test_the_second_row_of_one_code_is_refused(session: Session, east: Region) -> None:
    report = run(
        session,
        listed(
            ("华东", "A1", "示例一号商行", ""),
            ("华东", " ａ1", "示例二号商行", ""),
            ("华东", "A2", "示例三号", ""),
        ),
    )
    assert counts(report) == (2, 0, 0, 1)
    assert reasons(report) == [(3, "经销商编码", "Row 2 already has this code.")]
    assert record(session, "A1").name == "示例一号商行"


def test_near_same_names_are_created_and_flagged(session: Session, make: Factory, east: Region) -> None:
    known = make.distributor(east, code="K1", name="示例一号（杭州）商贸有限公司")
    report = run(
        session,
        listed(
            ("华东", "A1", "示例一号(杭州)商贸有限责任公司", ""),
            ("华东", "A2", "株洲示例商行", ""),
            ("华东", "A3", "株州示例商行", ""),
            ("华东", "A4", "深圳标恒商行", ""),
            ("华东", "A5", "深圳标华商行", ""),
        ),
    )
    assert counts(report) == (5, 0, 0, 0)
    pairs = set(session.execute(sa.select(NearSame.distributor_id, NearSame.other_id, NearSame.reason)))
    assert pairs == {
        (record(session, "A1").id, known.id, "name"),
        (record(session, "A3").id, record(session, "A2").id, "name"),
    }
    assert [flag.row for flag in report.flags] == [2, 4]


def test_records_that_share_a_credit_code_are_created_and_flagged(session: Session, east: Region) -> None:
    head = ("大区", "编码", "名称", "信用代码")
    data = listed(("华东", "A1", "示例一号商行", CODE_A), ("华东", "A2", "样本食品商行", CODE_A), head=head)
    assert counts(run(session, data)) == (2, 0, 0, 0)
    assert [flag.reason for flag in session.scalars(sa.select(NearSame))] == ["uscc"]


@pytest.mark.parametrize(
    ("heading", "cell", "reason"),
    [
        ("统一社会信用代码", CODE_A[:-1] + "X", "does not fit"),
        ("成立日期", "2026/2/30", "no such day"),
        ("账号", "6.2E+18", "format the column as text"),
        ("授信额度", "1.234", "two decimals"),
        ("邮箱", "a@@b", "not an e-mail address"),
        ("级别", "特级", "not a level"),
        ("员工", "约20", "cannot be read as a number"),
        ("经度", "北纬", "not a valid position"),
        ("上级经销商", "没有这家", "no distributor"),
        ("负责人", "没有这人", "no active user"),
        ("大区", "西北区", "no office"),
        ("经销商名称", "示例" * 60, "At most 100"),
        ("经销商名称", "示例\U000e0fff\ue000商行", "cannot be printed"),
        ("经销商编码", "A 1/中", "letters, digits"),
    ],
)
def test_a_cell_that_cannot_be_taken_refuses_its_row_by_column_and_reason(
    session: Session, east: Region, heading: str, cell: str, reason: str
) -> None:
    row = {"大区": "华东", "经销商编码": "A1", "经销商名称": "示例一号商行", heading: cell}
    data = listed(tuple(row.values()), ("华东", "A2", "示例二号商行", ""), head=tuple(row))
    report = run(session, data)
    assert counts(report) == (1, 0, 0, 1)
    ((number, column, why),) = reasons(report)
    assert (number, column) == (2, heading)
    assert reason in why
    assert how_many(session, Distributor) == 1


def test_every_reason_against_a_row_is_given_at_once(session: Session, east: Region) -> None:
    head = ("大区", "编码", "名称", "成立日期", "邮箱")
    report = run(session, listed(("西北", "A1", "", "2026/2/30", "x"), head=head), create_regions=True)
    assert {column for _, column, _ in reasons(report)} == {"名称", "成立日期", "邮箱"}
    assert report.regions_created == []


def test_an_account_number_cell_that_excel_ruined_is_refused(session: Session, east: Region) -> None:
    data = workbook(
        名录=[("大区", "编码", "名称", "账号"), ("华东", "A1", "示例一号商行", 6222021234567890123)]
    )
    ((_, column, why),) = reasons(run(session, data))
    assert column == "账号" and "6222021234567890000" in why


@pytest.mark.parametrize(
    "named", ["E", "e", "华东大区", "华东", "华东区", "华东办事处", "总部/华东大区", " 华 东 大区 "]
)
def test_an_office_is_found_however_it_is_named(session: Session, east: Region, named: str) -> None:
    assert counts(run(session, listed((named, "A1", "示例一号商行", "")))) == (1, 0, 0, 0)
    assert record(session, "A1").region_id == east.id


def test_of_two_offices_of_one_name_none_is_guessed(session: Session, make: Factory, east: Region) -> None:
    other = make.region("华中大区")
    first, second = make.region("城南办事处", east, code="E1"), make.region("城南办事处", other, code="M1")
    report = run(
        session,
        listed(
            ("城南", "A1", "示例一号", ""),
            ("华东大区/城南办事处", "A2", "示例二号", ""),
            ("M1", "A3", "示例三号", ""),
        ),
    )
    assert counts(report) == (2, 0, 0, 1)
    assert record(session, "A2").region_id == first.id
    assert record(session, "A3").region_id == second.id


def test_a_missing_office_is_offered_and_created_on_request(
    session: Session, admin: User, east: Region
) -> None:
    data = listed(
        ("华中区", "A1", "示例一号", ""), ("华中大区", "A2", "示例二号", ""), ("华东", "A3", "示例三号", "")
    )
    report = run(session, data, admin)
    assert counts(report) == (1, 0, 0, 2)
    assert dict(report.regions_missing) == {"华中区": 1, "华中大区": 1}
    report = run(session, data, admin, create_regions=True)
    assert counts(report) == (2, 0, 1, 0)
    assert report.regions_created == ["华中区"]
    made = record(session, "A1").region
    assert (made.name, made.code, made.parent.code if made.parent else "") == ("华中区", "HZQ", "HQ")
    assert record(session, "A2").region_id == made.id


def test_who_may_not_make_offices_cannot_have_them_made(
    session: Session, make: Factory, east: Region
) -> None:
    manager = make.user(Role.REGIONAL_MANAGER, east)
    report = run(session, listed(("华中区", "A1", "示例一号", "")), manager, create_regions=True)
    assert counts(report) == (0, 0, 0, 1)
    assert session.scalar(sa.select(Region).where(Region.name == "华中区")) is None


def test_a_list_by_region_leaves_a_record_with_the_office_below_it(
    session: Session, make: Factory, east: Region
) -> None:
    office = make.region("杭州办事处", east)
    make.distributor(office, code="A1", name="示例一号")
    assert counts(run(session, listed(("华东", "A1", "示例一号", "")))) == (0, 0, 1, 0)
    assert record(session, "A1").region_id == office.id
    report = run(session, listed(("总部", "A1", "示例一号", ""), ("华东", "A2", "示例二号", "")))
    assert counts(report) == (1, 0, 1, 0)


def test_rows_of_other_offices_are_refused_with_code_and_office_only(
    session: Session, make: Factory, east: Region
) -> None:
    west = make.region("华西大区", code="W")
    manager = make.user(Role.REGIONAL_MANAGER, east)
    make.distributor(west, code="W1", name="保密商行", address="保密地址")
    report = run(
        session,
        listed(
            ("华东", "W1", "示例一号", "13800000051"),
            ("华西", "A2", "示例二号", ""),
            ("华东", "A3", "示例三号", ""),
        ),
        manager,
    )
    assert counts(report) == (1, 0, 0, 2)
    assert reasons(report)[0] == (2, "经销商编码", "W1 belongs to 华西大区, whose records you cannot edit.")
    assert reasons(report)[1][1] == "大区"
    assert record(session, "W1").name == "保密商行"
    assert "保密" not in repr(report)


def test_a_record_cannot_be_moved_into_an_office_one_does_not_keep(
    session: Session, make: Factory, east: Region
) -> None:
    make.region("华西大区", code="W")
    manager = make.user(Role.REGIONAL_MANAGER, east)
    made = make.distributor(east, code="A1", name="示例一号")
    assert counts(run(session, listed(("华西", "A1", "示例一号", "")), manager)) == (0, 0, 0, 1)
    assert record(session, "A1").region_id == made.region_id


class TestOwner:
    def test_the_owner_column_wins_by_sign_in_name_or_name(
        self, session: Session, make: Factory, east: Region
    ) -> None:
        li = make.user(Role.SALESPERSON, east, username="li", name="示例李")
        wang = make.user(Role.SALESPERSON, east, username="wang", name="示例王")
        head = (*HEAD, "负责人")
        report = run(
            session,
            listed(("华东", "A1", "示例一号", "", "LI"), ("华东", "A2", "示例二号", "", "示例王"), head=head),
            owner=wang,
        )
        assert counts(report) == (2, 0, 0, 0)
        assert (record(session, "A1").owner_id, record(session, "A2").owner_id) == (li.id, wang.id)

    def test_the_chosen_owner_gets_new_records_and_takes_none_from_others(
        self, session: Session, make: Factory, east: Region
    ) -> None:
        li, wang = make.user(Role.SALESPERSON, east), make.user(Role.SALESPERSON, east)
        make.distributor(east, owner=li, code="A1", name="示例一号")
        run(
            session,
            listed(("华东", "A1", "示例一号", "13800000051"), ("华东", "A2", "示例二号", "")),
            owner=wang,
        )
        assert (record(session, "A1").owner_id, record(session, "A2").owner_id) == (li.id, wang.id)

    def test_without_any_the_regional_manager_owns_else_the_nearest_above_else_who_imports(
        self, session: Session, make: Factory, admin: User, east: Region
    ) -> None:
        office = make.region("杭州办事处", east, code="HZ")
        manager = make.user(Role.REGIONAL_MANAGER, east)
        run(session, listed(("HZ", "A1", "示例一号", "")), admin)
        assert record(session, "A1").owner_id == manager.id
        own = make.user(Role.REGIONAL_MANAGER, office)
        run(session, listed(("HZ", "A2", "示例二号", "")), admin)
        assert record(session, "A2").owner_id == own.id
        make.region("华西大区", code="W")
        importer = make.user(Role.ADMINISTRATOR)
        run(session, listed(("W", "A3", "示例三号", "")), importer)
        assert record(session, "A3").owner_id == importer.id
        run(session, listed(("W", "A4", "示例四号", "")))
        assert record(session, "A4").owner_id == admin.id

    def test_who_does_not_see_the_office_cannot_own_its_records(
        self, session: Session, make: Factory, east: Region
    ) -> None:
        stranger = make.user(Role.SALESPERSON, make.region("华西大区"))
        report = run(session, listed(("华东", "A1", "示例一号", "")), owner=stranger)
        assert counts(report) == (0, 0, 0, 1)
        assert "cannot edit" in reasons(report)[0][2]

    def test_a_user_who_has_left_is_no_owner(self, session: Session, make: Factory, east: Region) -> None:
        gone = make.user(Role.SALESPERSON, east, username="gone")
        gone.deactivated_at = gone.created_at
        session.commit()
        report = run(
            session, listed(("华东", "A1", "示例一号", "gone"), head=("大区", "编码", "名称", "负责人"))
        )
        assert counts(report) == (0, 0, 0, 1)


class TestWithoutCode:
    HEAD = ("大区", "名称", "信用代码", "电话")

    def test_a_new_record_gets_the_next_code_of_the_series_beside_those_of_the_file(
        self, session: Session, make: Factory, east: Region
    ) -> None:
        make.distributor(east, code="D-00041")
        head = ("大区", "编码", "名称")
        run(
            session,
            listed(
                ("华东", "", "示例一号"), ("华东", "D-00050", "示例二号"), ("华东", "", "示例三号"), head=head
            ),
        )
        codes = session.scalars(sa.select(Distributor.code).order_by(Distributor.id))
        assert list(codes) == ["D-00041", "D-00051", "D-00050", "D-00052"]

    def test_the_credit_code_finds_the_record_even_under_a_new_name(
        self, session: Session, make: Factory, east: Region
    ) -> None:
        made = make.distributor(east, code="K1", name="旧名商行", uscc=CODE_A)
        report = run(session, listed(("华东", "新名商行", CODE_A, ""), head=self.HEAD))
        assert counts(report) == (0, 1, 0, 0)
        assert record(session, "K1").name == "新名商行"
        assert how_many(session, Distributor) == 1
        assert made.code == "K1"

    def test_the_exact_name_finds_the_record_where_there_is_no_credit_code(
        self, session: Session, make: Factory, east: Region
    ) -> None:
        make.distributor(east, code="K1", name="示例一号商行")
        assert counts(run(session, listed(("华东", "示例一号商行", "", "13800000051"), head=self.HEAD))) == (
            0,
            1,
            0,
            0,
        )

    def test_of_several_of_one_name_none_is_guessed(
        self, session: Session, make: Factory, east: Region
    ) -> None:
        make.distributor(east, code="K1", name="示例一号商行")
        make.distributor(east, code="K2", name="示例一号商行")
        report = run(session, listed(("华东", "示例一号商行", "", ""), head=self.HEAD))
        assert counts(report) == (0, 0, 0, 1)
        assert "K1、K2" in reasons(report)[0][2]

    def test_related_parties_with_one_credit_code_stay_apart_at_every_import(
        self, session: Session, east: Region
    ) -> None:
        data = listed(
            ("华东", "示例一号商行", CODE_A, ""), ("华东", "样本食品商行", CODE_A, ""), head=self.HEAD
        )
        assert counts(run(session, data)) == (2, 0, 0, 0)
        assert counts(run(session, data)) == (0, 0, 2, 0)

    def test_a_second_row_of_one_company_is_refused(self, session: Session, east: Region) -> None:
        data = listed(("华东", "示例一号商行", "", ""), ("华东", "示例一号商行 ", CODE_A, ""), head=self.HEAD)
        for expected in ((1, 0, 0, 1), (0, 0, 1, 1)):
            report = run(session, data)
            assert counts(report) == expected
            assert reasons(report)[0][2] == "Row 2 is already about this company."

    def test_a_row_without_code_never_takes_the_record_of_another_row(
        self, session: Session, east: Region
    ) -> None:
        head = ("大区", "编码", "名称")
        data = listed(("华东", "", "示例一号"), ("华东", "A1", "示例一号"), head=head)
        assert counts(run(session, data)) == (2, 0, 0, 0)
        assert counts(run(session, data)) == (0, 0, 2, 0)


class TestPhones:
    def phones(self, session: Session) -> list[str]:
        return [
            f"{phone.display}（{phone.label}）" if phone.label else phone.display
            for phone in record(session, "A1").phones
        ]

    def test_the_lists_numbers_replace_those_without_remark(
        self, session: Session, make: Factory, east: Region
    ) -> None:
        run(session, listed(("华东", "A1", "示例一号", "0571-88880001/88880002")))
        assert counts(run(session, listed(("华东", "A1", "示例一号", "0571-88880002/88880003")))) == (
            0,
            1,
            0,
            0,
        )
        assert self.phones(session) == ["0571-8888 0002", "0571-8888 0003"]

    def test_a_remark_is_never_lost(self, session: Session, east: Region) -> None:
        run(session, listed(("华东", "A1", "示例一号", "13800000051（王）、13800000052（李）")))
        data = listed(("华东", "A1", "示例一号", "13800000051、0571-88880001"))
        assert counts(run(session, data)) == (0, 1, 0, 0)
        assert self.phones(session) == ["138 0000 0051（王）", "0571-8888 0001", "138 0000 0052（李）"]
        assert counts(run(session, data)) == (0, 0, 1, 0)

    def test_what_is_no_number_is_kept_and_flagged(self, session: Session, east: Region) -> None:
        report = run(session, listed(("华东", "A1", "示例一号", "见公众号")))
        assert self.phones(session) == ["见公众号"]
        assert [flag.row for flag in report.flags] == [2]


class TestSuppliers:
    HEAD = ("大区", "编码", "名称", "上级经销商")

    def test_a_supplier_may_be_known_or_stand_in_any_row_of_the_file(
        self, session: Session, make: Factory, east: Region
    ) -> None:
        top = make.distributor(east, code="K1", name="样本总商行")
        data = listed(
            ("华东", "A1", "示例一号", "示例三号"),
            ("华东", "A2", "示例二号", "A1"),
            ("华东", "A3", "示例三号", "K1 样本总商行"),
            head=self.HEAD,
        )
        assert counts(run(session, data)) == (3, 0, 0, 0)
        first, second, third = (record(session, code) for code in ("A1", "A2", "A3"))
        assert (first.parent_id, second.parent_id, third.parent_id) == (third.id, first.id, top.id)
        assert counts(run(session, data)) == (0, 0, 3, 0)

    def test_a_circle_is_refused(self, session: Session, make: Factory, east: Region) -> None:
        top = make.distributor(east, code="K1", name="样本一号")
        make.distributor(east, code="K2", name="样本二号", parent_id=top.id)
        report = run(
            session,
            listed(("华东", "K1", "样本一号", "K2"), ("华东", "A1", "示例一号", "A1"), head=self.HEAD),
        )
        assert counts(report) == (0, 0, 0, 2)

    def test_a_circle_inside_the_file_is_left_open_and_flagged(self, session: Session, east: Region) -> None:
        data = listed(("华东", "A1", "示例一号", "A2"), ("华东", "A2", "示例二号", "A1"), head=self.HEAD)
        report = run(session, data)
        assert counts(report) == (2, 0, 0, 0)
        assert len(report.flags) == 1
        assert (record(session, "A1").parent_id, record(session, "A2").parent_id) == (
            record(session, "A2").id,
            None,
        )


def test_contacts_are_brought_up_to_date_and_nobody_is_replaced(session: Session, east: Region) -> None:
    head = ("大区", "编码", "名称", "联系人", "职务", "联系人电话")
    run(session, listed(("华东", "A1", "示例一号", "示例王", "经理", "13800000051"), head=head))
    data = listed(("华东", "A1", "示例一号", "示例王", "总经理", ""), head=head)
    assert counts(run(session, data)) == (0, 1, 0, 0)
    assert counts(run(session, listed(("华东", "A1", "示例一号", "示例李", "", ""), head=head))) == (
        0,
        1,
        0,
        0,
    )
    people = session.scalars(sa.select(Contact).order_by(Contact.id)).all()
    assert [(person.name, person.title, person.phone, person.is_primary) for person in people] == [
        ("示例王", "总经理", "138 0000 0051", True),
        ("示例李", "", "", False),
    ]


def test_every_changed_row_leaves_its_trace_without_personal_data(
    session: Session, admin: User, east: Region
) -> None:
    head = ("大区", "编码", "名称", "地址", "邮箱", "电话")
    run(session, listed(("华东", "A1", "示例一号", "旧址", "a@example.cn", "13800000051"), head=head), admin)
    run(session, listed(("华东", "A1", "示例一号", "新址", "b@example.cn", "13800000052"), head=head), admin)
    created, updated = session.scalars(
        sa.select(AuditEvent).where(AuditEvent.subject == "distributor").order_by(AuditEvent.id)
    )
    assert (created.action, created.actor_id, created.region_id) == (
        "distributor.imported",
        admin.id,
        east.id,
    )
    assert created.params["facts"]["address"] == "旧址"
    assert (updated.action, updated.params["changes"]) == (
        "distributor.updated",
        {"address": ["旧址", "新址"]},
    )
    assert set(updated.params["personal"]) == {"email", "phones"}
    assert "example.cn" not in repr((created.params, updated.params))
    assert "1380000005" not in repr((created.params, updated.params))


def test_an_update_raises_the_version_that_guards_open_forms(
    session: Session, make: Factory, east: Region
) -> None:
    made = make.distributor(east, code="A1", name="示例一号")
    version = made.version
    run(session, listed(("华东", "A1", "示例一号", "13800000051")))
    assert record(session, "A1").version == version + 1


def test_a_territory_moves_along_with_its_record(session: Session, make: Factory, east: Region) -> None:
    west = make.region("华西大区", code="W")
    head = ("大区", "编码", "名称", "业务区域")
    run(session, listed(("华东", "A1", "示例一号", "城西"), head=head))
    run(session, listed(("W", "A1", "示例一号"), head=head[:3]))
    territory = session.get(Territory, record(session, "A1").territory_id)
    assert territory is not None and (territory.region_id, territory.name) == (west.id, "城西")


def test_several_sheets_with_titles_merged_cells_and_totals_are_one_list(
    session: Session, make: Factory, east: Region
) -> None:
    make.region("华中大区")

    def fill(region: str, first: int) -> Any:
        def write(sheet: Any, book: Any) -> None:
            sheet.merge_range("A1:D1", "2026 年示例经销商名录")
            sheet.write_row("A2", HEAD)
            for place in range(3):
                sheet.write_row(
                    2 + place, 1, (f"A{first + place}", f"示例{first + place}号商行", 13800000051 + place)
                )
            sheet.merge_range("A3:A5", region)
            sheet.write_row("A6", ("小计", "", "3 家"))

        return write

    report = run(session, workbook(华东=fill("华东", 1), 华中=fill("华中", 4), 说明=[("填表说明",)]))
    assert counts(report) == (6, 0, 0, 0)
    assert report.totals == [("华东", 6), ("华中", 6)]
    assert [name for name, _ in report.sheets_ignored] == ["说明"]
    assert {record(session, f"A{n}").region.name for n in (4, 5, 6)} == {"华中大区"}
    assert record(session, "A2").phones[0].digits == "13800000052"


def test_two_columns_for_one_field_are_asked_about(session: Session, east: Region) -> None:
    data = listed(("华东", "A1", "示例一号", "示例二号"), head=("大区", "编码", "名称", "名称"))
    with pytest.raises(DomainError) as raised:
        run(session, data)
    assert raised.value.params["headings"] == "名称、名称"


def test_columns_can_be_matched_by_hand(session: Session, east: Region) -> None:
    data = listed(("华东", "A1", "示例一号", "x"), head=("大区", "内部号", "名称", "负责人"))
    report = run(session, data, mapping={"内部号": "code", "负责人": ""})
    assert counts(report) == (1, 0, 0, 0)
    assert report.unknown_columns == ["负责人"]
    assert record(session, "A1").name == "示例一号"


def test_a_list_without_offices_goes_to_the_office_of_who_imports(
    session: Session, make: Factory, east: Region
) -> None:
    manager = make.user(Role.REGIONAL_MANAGER, east)
    run(session, listed(("A1", "示例一号"), head=("编码", "名称")), manager)
    assert record(session, "A1").region_id == east.id


def test_every_label_of_the_register_is_a_heading_that_is_understood() -> None:
    assert uscc(CODE_A) == CODE_A
    for column in importing.SPEC.columns:
        for heading in (column.title, *column.headings):
            found = importing.SPEC.find(heading)
            assert found is not None and found[1].field == column.field, heading


def test_the_number_of_queries_does_not_grow_with_the_rows(
    session: Session, make: Factory, east: Region
) -> None:
    statements: list[str] = []

    def count(*args: Any) -> None:
        statements.append(args[2])

    engine = session.get_bind()
    sa.event.listen(engine, "before_cursor_execute", count)
    try:
        sizes = []
        for first, rows in ((0, 5), (100, 400)):
            statements.clear()
            run(
                session,
                listed(
                    *(("华东", f"A{first + n}", f"示例{first + n}号商行", "13800000051") for n in range(rows))
                ),
            )
            sizes.append(len(statements))
    finally:
        sa.event.remove(engine, "before_cursor_execute", count)
    assert sizes[1] <= sizes[0] + 12
