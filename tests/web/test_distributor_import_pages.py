"""The pages of an import: hand in, look, match columns, import, take refused rows back; without scripts."""

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from portal.domain.access.roles import Role
from portal.domain.audit.models import AuditEvent
from portal.domain.distributors import importing
from portal.domain.distributors.models import Distributor, ImportFile
from portal.domain.regions.models import Region
from portal.domain.users.models import User
from tests.domain import dealer_imports
from tests.domain.dealer_list import ROWS, dealer_list
from tests.domain.tabular_files import csv_text
from tests.factories import Factory

SignIn = Callable[..., FlaskClient]
HEAD = ("大区", "编码", "名称", "电话")


@pytest.fixture
def admin(make: Factory) -> User:
    return make.user(Role.ADMINISTRATOR, name="示例管理员")


def hand_in(client: FlaskClient, data: bytes, filename: str = "名录.csv", **fields: Any) -> TestResponse:
    return client.post(
        "/distributors/import",
        data={"file": (io.BytesIO(data), filename), "owner_id": "", **fields},
        content_type="multipart/form-data",
    )


def listed(*rows: tuple[str, ...], head: tuple[str, ...] = HEAD) -> bytes:
    return csv_text(head, *rows).encode()


def count(session: Session, model: Any = Distributor) -> int:
    session.rollback()
    return session.scalar(sa.select(sa.func.count()).select_from(model)) or 0


def test_a_whole_list_goes_from_the_file_to_the_register(
    session: Session, admin: User, sign_in: SignIn, make: Factory
) -> None:
    client = sign_in(admin, language="zh_CN")
    assert client.get("/distributors/import").status_code == 200
    handed = hand_in(client, dealer_list())
    assert handed.status_code == 303
    page = client.get(handed.location).text
    assert re.search(r"华中区 \d+ 行、东北区 \d+ 行、南区 \d+ 行", page)
    assert count(session) == 0
    again = client.post(f"{handed.location}/plan", data={"owner_id": "", "create_regions": "y"})
    assert again.status_code == 303
    page = client.get(handed.location).text
    assert f"导入 {ROWS} 行" in page
    assert f"华中区、东北区、南区还没有经理，这 {ROWS} 家暂归 示例管理员" in page
    applied = client.post(f"{handed.location}/apply")
    assert applied.status_code == 303
    assert count(session) == ROWS
    assert set(session.scalars(sa.select(Region.name))) == {"总部", "华中区", "东北区", "南区"}
    event = session.scalars(
        sa.select(AuditEvent).where(AuditEvent.action == "distributor_import.applied")
    ).one()
    assert (event.actor_id, event.params["created"]) == (admin.id, ROWS)
    twice = client.post(f"{handed.location}/apply")
    assert twice.status_code in (200, 409, 422)
    second = hand_in(client, dealer_list())
    assert "没有要写入的行" in client.get(second.location).text
    client.post(f"{second.location}/apply")
    assert count(session) == ROWS


def test_page_and_command_give_the_same_counts(
    session: Session, admin: User, sign_in: SignIn, make: Factory
) -> None:
    make.region("华东大区", code="E")
    data = listed(("E", "A1", "示例一号", ""), ("E", "A1", "示例二号", ""), ("W", "A3", "示例三号", ""))
    hand_in(sign_in(admin), data)
    session.rollback()
    kept = session.scalars(sa.select(ImportFile)).one()
    planned = dealer_imports.plan(session, admin, dealer_imports.read(data, "名录.csv"))
    shown = importing.DealerReport.from_json(kept.result)
    assert (shown.counts, shown.refusals, shown.rows) == (planned.counts, planned.refusals, planned.rows)


def test_what_cannot_be_read_is_said_beside_the_file(admin: User, sign_in: SignIn) -> None:
    client = sign_in(admin)
    for data, words in (
        (b"", "empty"),
        (b"%PDF-1.7", "not a table"),
        ("甲,乙\n一,二".encode(), "No heading row"),
    ):
        answer = hand_in(client, data, "x.csv")
        assert answer.status_code == 422
        assert words in answer.text
    assert client.post("/distributors/import", data={"owner_id": ""}).status_code == 422


def test_refused_rows_come_back_as_excel_and_can_be_handed_in_again(
    session: Session, admin: User, sign_in: SignIn, make: Factory
) -> None:
    make.region("华东大区", code="E")
    client = sign_in(admin, language="zh_CN")
    head = (*HEAD, "成立日期")
    data = listed(
        ("E", "A1", "示例一号", "13800000051", "2026/2/30"),
        ("E", "A2", "示例二号", "", "2019-05-18"),
        head=head,
    )
    handed = hand_in(client, data)
    assert "没有 2026/2/30 这一天" in client.get(handed.location).text
    client.post(f"{handed.location}/apply")
    answer = client.get(f"{handed.location}/refused")
    assert answer.status_code == 200
    table = dealer_imports.read(answer.data, "refused.xlsx")
    ((sheet, row),) = table.rows()
    assert sheet.cells(row, "code") == ["A1"]
    assert "没有 2026/2/30 这一天" in str(row.cells[2])
    assert sheet.cells(row, "founded_on") == ["2026/2/30"]
    assert count(session) == 1


def test_disputed_columns_are_chosen_on_the_page(
    session: Session, admin: User, sign_in: SignIn, make: Factory
) -> None:
    make.region("华东大区", code="E")
    client = sign_in(admin)
    data = listed(("E", "A1", "示例一号", "示例二号"), head=("大区", "编码", "名称", "名称"))
    handed = hand_in(client, data)
    assert handed.status_code == 303
    page = client.get(handed.location)
    assert page.status_code == 200
    assert "choose one" in page.text
    assert client.post(f"{handed.location}/apply").status_code in (409, 422)
    said = {
        "columns": "1",
        "owner_id": "",
        "column-0": "region",
        "column-1": "code",
        "column-2": "",
        "column-3": "name",
    }
    assert client.post(f"{handed.location}/plan", data=said).status_code == 303
    assert client.post(f"{handed.location}/apply").status_code == 303
    session.rollback()
    assert session.scalars(sa.select(Distributor.name)).all() == ["示例二号"]


def test_the_owner_chosen_on_the_page_gets_the_new_records(
    session: Session, admin: User, sign_in: SignIn, make: Factory
) -> None:
    east = make.region("华东大区", code="E")
    owner = make.user(Role.SALESPERSON, east)
    client = sign_in(admin)
    handed = hand_in(client, listed(("E", "A1", "示例一号", "")), owner_id=str(owner.id))
    client.post(f"{handed.location}/apply")
    session.rollback()
    assert session.scalars(sa.select(Distributor.owner_id)).all() == [owner.id]
    assert hand_in(client, listed(("E", "A2", "示例二号", "")), owner_id="999999").status_code == 422


def test_a_list_of_another_office_is_not_there(
    session: Session, sign_in: SignIn, make: Factory, admin: User
) -> None:
    east, west = make.region("华东大区", code="E"), make.region("华西大区", code="W")
    mine = sign_in(make.user(Role.REGIONAL_MANAGER, east))
    other = sign_in(make.user(Role.REGIONAL_MANAGER, west))
    handed = hand_in(mine, listed(("E", "A1", "示例一号", "")))
    for client, status in ((mine, 200), (sign_in(admin), 200), (other, 404)):
        assert client.get(handed.location).status_code == status
    for path in ("plan", "apply"):
        assert other.post(f"{handed.location}/{path}", data={"owner_id": ""}).status_code == 404
    assert other.get(f"{handed.location}/refused").status_code == 404
    assert count(session) == 0


def test_who_may_not_make_offices_is_not_offered_to(sign_in: SignIn, make: Factory) -> None:
    manager = sign_in(make.user(Role.REGIONAL_MANAGER, make.region("华东大区", code="E")))
    handed = hand_in(manager, listed(("西北区", "A1", "示例一号", "")), create_regions="y")
    page = manager.get(handed.location).text
    assert "西北区" in page
    assert "Ask an administrator" in page
    assert 'name="create_regions"' not in page


def test_a_list_that_names_scripts_shows_them_as_text(sign_in: SignIn, make: Factory, admin: User) -> None:
    make.region("华东大区", code="E")
    client = sign_in(admin)
    data = listed(
        ("E", "A1", "<script>alert(1)</script>", "<b>x</b>"), head=("大区", "编码", "名称", "<i>备用")
    )
    page = client.get(hand_in(client, data, '<img src=x>".csv').location).text
    for markup in ("<script>alert", "<b>x", "<i>备用", "<img src=x>"):
        assert markup not in page


def test_one_row_is_called_a_row(sign_in: SignIn, make: Factory, admin: User) -> None:
    make.region("华东大区", code="E")
    client = sign_in(admin)
    data = listed(("E", "A1", "示例一号"), head=("大区", "编码", "名称"))
    assert "<small>1 row</small>" in client.get(hand_in(client, data).location).text


def test_the_template_names_every_column_and_can_be_handed_in(sign_in: SignIn, admin: User) -> None:
    for language in ("zh_CN", "en"):
        answer = sign_in(admin, language=language).get("/distributors/import/template")
        (sheet,) = dealer_imports.read(answer.data, "template.xlsx").sheets
        assert set(sheet.match.fields) == {column.field for column in importing.SPEC.columns}
        assert sheet.match.unknown == ()


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_what_the_register_exports_can_be_handed_in_again_and_changes_nothing(
    session: Session, admin: User, sign_in: SignIn, make: Factory, language: str
) -> None:
    make.region("华东大区", code="E")
    client = sign_in(admin, language=language)
    head = (
        *(
            "大区",
            "编码",
            "名称",
            "简称",
            "信用代码",
            "级别",
            "渠道",
            "业务区域",
            "省份",
            "城市",
            "地址",
            "电话",
            "邮箱",
        ),
        *(
            "联系人",
            "成立日期",
            "员工",
            "品牌",
            "户名",
            "开户行",
            "账号",
            "账期",
            "授信额度",
            "保证金",
            "备注",
            "上级",
        ),
    )
    data = listed(
        (
            *(
                "E",
                "A1",
                "示例一号商行",
                "示例一号",
                "91110000600037341L",
                "二批",
                "代理",
                "城西",
                "浙江",
                "杭州",
                "虚构路1号",
            ),
            *(
                "0571-88880001 转 8；13800000051（王）",
                "A@example.cn",
                "王晓明",
                "2019-05-18",
                "12",
                "虚构酱园、样本食品",
            ),
            *("示例一号商行", "样本银行", "6200000000000000051", "30", "380万", "1.5万", "老客户", "A2"),
        ),
        ("E", "A2", "样本二号商行", *[""] * 22),
        head=head,
    )
    client.post(hand_in(client, data).location + "/apply")
    assert count(session) == 2
    exported = client.get("/distributors/export")
    assert exported.status_code == 200
    table = dealer_imports.read(exported.data, "export.xlsx")
    report = dealer_imports.plan(session, admin, table)
    assert [row.changes for row in report.rows] == [[], []]
    assert (report.read, report.unchanged, report.refusals) == (2, 2, [])
    assert set(report.unknown_columns) <= {"状态", "合作状态", "Standing"}


MIXED = (("华中区", "A1", "示例一号", ""), ("华中区", "A2", "示例二号", ""), ("花中区", "A3", "示例三号", ""))


def test_each_unknown_office_has_a_tick_and_an_unticked_one_is_not_made(
    session: Session, admin: User, sign_in: SignIn
) -> None:
    client = sign_in(admin, language="zh_CN")
    handed = hand_in(client, listed(*MIXED))
    page = client.get(handed.location).text
    assert page.count('name="region" value=') == page.count(" checked>") == 2
    ticked = {"owner_id": "", "regions": "1", "region": "华中区"}
    assert client.post(f"{handed.location}/plan", data=ticked).status_code == 303
    page = client.get(handed.location).text
    assert page.count(" checked>") == 1
    assert "导入 2 行" in page
    client.post(f"{handed.location}/apply")
    assert count(session) == 2
    made = session.scalars(sa.select(Region).where(Region.parent_id.is_not(None))).one()
    assert (made.name, made.parent.parent_id) == ("华中区", None)


def test_alike_refusals_stand_together_and_another_file_is_offered(admin: User, sign_in: SignIn) -> None:
    client = sign_in(admin, language="zh_CN")
    page = client.get(hand_in(client, listed(*MIXED)).location).text
    assert "还没有这些大区、办事处：华中区 2 行、花中区 1 行" in page
    assert "换文件重传" in page
    fine = client.get(hand_in(client, listed(*MIXED), create_regions="y").location).text
    assert "换文件重传" not in fine


def test_what_the_list_does_not_say_is_told_and_can_be_chosen(
    session: Session, admin: User, sign_in: SignIn, make: Factory
) -> None:
    make.region("华东大区", code="E")
    client = sign_in(admin, language="zh_CN")
    head = (*HEAD, "级别")
    rows = (("E", "A1", "示例一号", "", "零售商"), ("E", "A2", "示例二号", "", ""))
    handed = hand_in(client, listed(*rows, head=head))
    page = client.get(handed.location).text
    for told in (
        "名单没有级别：新建的 1 家按“总经销商”登记",
        "名单没有渠道类型：新建的 2 家按“经销”登记",
        "名单没有合作状态：新建的 2 家按“合作中”登记",
        "华东大区还没有经理，这 2 家暂归 示例管理员",
    ):
        assert told in page
    choice = {"owner_id": "", "level": "second_tier", "channel": "agent"}
    client.post(f"{handed.location}/plan", data=choice)
    assert "新建的 1 家按“二批”登记" in client.get(handed.location).text
    client.post(f"{handed.location}/apply")
    session.rollback()
    made = session.execute(
        sa.select(
            Distributor.level, Distributor.channel, Distributor.credit_limit_fen, Distributor.deposit_fen
        ).order_by(Distributor.code)
    )
    assert [tuple(row) for row in made] == [
        ("retailer", "agent", None, None),
        ("second_tier", "agent", None, None),
    ]
    assert "暂归 示例管理员" in client.get(handed.location).text
    again = hand_in(client, listed(*rows, head=head), level="second_tier")
    assert "登记" not in client.get(again.location).text
    assert hand_in(client, listed(*rows, head=head), level="nonsense").status_code == 422


def test_only_who_keeps_records_is_offered_as_owner(admin: User, sign_in: SignIn, make: Factory) -> None:
    east = make.region("华东大区", code="E")
    keeper = make.user(Role.SALESPERSON, east, name="示例销售")
    readers = [
        make.user(role, east, name=f"示例{role}")
        for role in (Role.AUDITOR, Role.TRAINER, Role.FINANCE, Role.COUNSEL, Role.INVESTIGATOR)
    ]
    client = sign_in(admin)
    for address in ("/distributors/import", f"/distributors/new?region={east.id}"):
        page = client.get(address).text
        assert not any(reader.name in page for reader in readers)
    assert keeper.name in client.get("/distributors/import").text
    data = listed(("E", "A1", "示例一号", ""))
    assert hand_in(client, data, owner_id=str(readers[0].id)).status_code == 422
