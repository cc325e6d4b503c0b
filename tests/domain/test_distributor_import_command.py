"""`flask distributors import`: what it prints, how it exits, and a whole dealer list twice."""

import json
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import Result
from flask import Flask
from sqlalchemy.orm import Session

from portal.domain.access.roles import Role
from portal.domain.distributors.models import Distributor
from portal.domain.regions.models import Region
from portal.domain.users.models import User
from tests.domain.dealer_list import ROWS, dealer_list
from tests.domain.tabular_files import csv_text
from tests.factories import Factory

REAL_LIST = Path(__file__).parents[3] / "shared" / "data" / "dealers.csv"


@pytest.fixture
def admin(make: Factory) -> User:
    return make.user(Role.ADMINISTRATOR, username="admin", name="示例管理员")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "名录.csv"


def run(app: Flask, *arguments: object) -> Result:
    return app.test_cli_runner().invoke(args=["distributors", "import", *map(str, arguments)])


def as_json(result: Result) -> dict[str, object]:
    counts: dict[str, object] = json.loads(result.stdout)
    return counts


def test_a_whole_dealer_list_is_accounted_for_and_a_second_import_changes_nothing(
    app: Flask, session: Session, admin: User, file: Path
) -> None:
    file.write_bytes(dealer_list())
    _import_twice(app, session, file, ROWS)
    by_code = {row.code: row for row in session.scalars(sa.select(Distributor))}
    assert by_code["A00002"].name == "示例二号汽车销售有限公司"
    assert by_code["A00003"].name == "示例三号汽车销售有限公司"
    assert by_code["A00004"].phones == []
    assert [p.digits for p in by_code["A00005"].phones] == ["07198611666", "07198611999"]
    assert [p.digits for p in by_code["A00006"].phones] == ["059122660888"]
    assert [p.digits for p in by_code["A00007"].phones] == ["06638270777", "066382999777"]
    assert [p.digits for p in by_code["A00008"].phones] == ["076986092888", "076986092666"]
    assert [(p.digits, p.extension) for p in by_code["A00009"].phones] == [("076981899666", "802")]
    assert by_code["A00012"].code_key == "A00012"
    assert by_code["A00013"].email == "sales@a00013.example"
    assert by_code["A00014"].address == "示例市虚构大道14号（样本区）二区路（快修店）"
    assert {row.owner_id for row in by_code.values()} == {admin.id}


def test_a_real_dealer_list_beside_the_checkout_is_accounted_for_too(
    app: Flask, session: Session, admin: User, file: Path
) -> None:
    # Where there is none, the fictional one with the same quirks stands in for it.
    file.write_bytes(REAL_LIST.read_bytes() if REAL_LIST.exists() else dealer_list())
    _import_twice(app, session, file, ROWS)


def _import_twice(app: Flask, session: Session, file: Path, rows: int) -> None:
    """First the offices are missing and offered, then everything is made, then nothing changes."""
    first = run(app, file, "--json")
    assert (first.exit_code, as_json(first)["refused"], as_json(first)["created"]) == (1, rows, 0)
    second = run(app, file, "--json", "--create-regions")
    assert second.exit_code == 0, second.output
    assert as_json(second) == {
        "read": rows,
        "created": rows,
        "updated": 0,
        "unchanged": 0,
        "refused": 0,
        "refusals": [],
    }
    session.rollback()
    assert session.scalar(sa.select(sa.func.count()).select_from(Distributor)) == rows
    assert set(session.scalars(sa.select(Region.name))) == {"总部", "华中区", "东北区", "南区"}
    third = run(app, file, "--json")
    assert third.exit_code == 0
    assert as_json(third)["unchanged"] == rows


def test_a_dry_run_says_what_would_happen_and_writes_nothing(
    app: Flask, session: Session, admin: User, file: Path
) -> None:
    file.write_bytes(dealer_list())
    result = run(app, file, "--dry-run", "--create-regions")
    assert result.exit_code == 0
    assert f"新建 {ROWS}" in result.stdout
    assert "没有写入" in result.stdout
    assert session.scalar(sa.select(sa.func.count()).select_from(Distributor)) == 0
    assert list(session.scalars(sa.select(Region.name))) == ["总部"]


def test_refused_rows_are_listed_and_the_good_ones_stay(
    app: Flask, session: Session, admin: User, make: Factory, file: Path
) -> None:
    make.region("华东大区", code="E")
    file.write_text(
        csv_text(
            ("大区", "编码", "名称", "成立日期"),
            ("华东", "A1", "示例一号商行", "2026/2/30"),
            ("华东", "A2", "示例二号商行", "2019-05-18"),
            ("合计", "", "2 家", ""),
        )
    )
    result = run(app, file)
    assert result.exit_code == 1
    assert "第 2 行，成立日期：没有 2026/2/30 这一天" in result.stdout
    assert "略过的合计行：4" in result.stdout
    assert list(session.scalars(sa.select(Distributor.code))) == ["A2"]
    refusals = as_json(run(app, file, "--json"))["refusals"]
    assert refusals == [
        {"row": 2, "column": "成立日期", "reason": "没有 2026/2/30 这一天：2026 年 2 月只有 28 天。"}
    ]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "空的"),
        (b"%PDF-1.7", "不是表格"),
        ("甲,乙\n1,2".encode(), "表头"),
        (b"a,b\x81\x20\xff\n" * 3, "编码"),
    ],
)
def test_a_file_that_cannot_be_read_exits_with_2_and_says_why(
    app: Flask, admin: User, file: Path, content: bytes, words: str
) -> None:
    file.write_bytes(content)
    result = run(app, file, "--json")
    assert result.exit_code == 2
    assert result.stdout == ""
    assert words in result.stderr


def test_a_file_that_is_not_there_exits_with_2(app: Flask, file: Path) -> None:
    assert run(app, file).exit_code == 2


def test_owner_and_actor_are_named_on_the_command_line(
    app: Flask, session: Session, admin: User, make: Factory, file: Path
) -> None:
    east, west = make.region("华东大区", code="E"), make.region("华西大区", code="W")
    manager = make.user(Role.REGIONAL_MANAGER, east, username="manager")
    owner = make.user(Role.SALESPERSON, east, username="li")
    make.user(Role.SALESPERSON, west)
    file.write_text(csv_text(("大区", "编码", "名称"), ("E", "A1", "示例一号"), ("W", "A2", "示例二号")))
    result = run(app, file, "--as", manager.username, "--owner", "Li")
    assert result.exit_code == 1
    assert [(row.code, row.owner_id) for row in session.scalars(sa.select(Distributor))] == [("A1", owner.id)]
    for option in ("--as", "--owner"):
        result = run(app, file, option, "nobody")
        assert (result.exit_code, "nobody" in result.stderr) == (2, True)


def test_a_column_can_be_matched_on_the_command_line(
    app: Flask, session: Session, admin: User, make: Factory, file: Path
) -> None:
    make.region("华东大区", code="E")
    file.write_text(csv_text(("大区", "内部号", "名称", "名称"), ("E", "A1", "示例一号", "示例二号")))
    result = run(app, file)
    assert result.exit_code == 2
    assert "名称、名称" in result.stderr
    by_hand = ("--column", "内部号=code", "--column", "名称 #2=short_name")
    assert run(app, file, "--dry-run", *by_hand).exit_code == 0
    file.write_text(csv_text(("大区", "内部号", "名称", "店主叫法"), ("E", "A1", "示例一号", "示例二号")))
    assert run(app, file, "--column", "内部号=code", "--column", "店主叫法=short_name").exit_code == 0
    made = session.scalars(sa.select(Distributor)).one()
    assert (made.code, made.short_name) == ("A1", "示例二号")
    assert run(app, file, "--column", "内部号=colour").exit_code == 2


def test_the_level_of_new_records_is_chosen_and_told(
    app: Flask, session: Session, admin: User, file: Path, make: Factory
) -> None:
    make.region("华东大区", code="E")
    file.write_text(csv_text(("大区", "编码", "名称"), ("E", "A1", "示例一号")))
    result = run(app, file, "--level", "二批", "--channel", "agent")
    assert result.exit_code == 0
    assert "二批" in result.stdout or "Second-tier" in result.stdout
    made = session.scalars(sa.select(Distributor)).one()
    assert (made.level, made.channel) == ("second_tier", "agent")
    assert run(app, file, "--level", "无此级别").exit_code == 2


def test_who_keeps_no_records_is_refused_as_owner_before_any_row(
    app: Flask, session: Session, admin: User, file: Path, make: Factory
) -> None:
    make.user(Role.AUDITOR, username="auditor")
    file.write_text(csv_text(("编码", "名称"), ("A1", "示例一号")))
    assert run(app, file, "--owner", "auditor").exit_code == 2
    assert session.scalar(sa.select(sa.func.count()).select_from(Distributor)) == 0
