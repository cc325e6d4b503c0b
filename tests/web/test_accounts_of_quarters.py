"""往来账 on the pages: entered by finance, shown in the preview, printed in the statement, corrected afterwards."""

import io
import json
from datetime import date

import pytest
import sqlalchemy as sa

from portal.domain.access.roles import Role
from portal.domain.price_protection.receivables.models import AccountFigures
from tests.domain.close_world import OCTOBER
from tests.domain.test_receivables import AccountWorld
from tests.web.sheets import rows_of

pytestmark = pytest.mark.on_day(OCTOBER)

PAGE = "/funds/quarters/2026Q3"
TYPED = {
    "seen_no": "0",
    "opening": "20,000.00",
    "goods": "￥200000",
    "returns": "10000",
    "payments": "171,200.00",
    "other": "(380)",
    "note": "运费折让380.00元",
    "closing": "",
    "due": "5000",
}


@pytest.fixture
def world(session, make) -> AccountWorld:
    return AccountWorld(session, make)


def test_finance_enters_an_account_and_the_preview_has_it(world, session, sign_in):
    agreement = world.in_force()
    world.buy(agreement, date(2026, 7, 6), 11_400_000)
    here, finance = f"{PAGE}/accounts/{agreement.distributor_id}", sign_in(world.finance, language="zh")
    assert "对账单中的往来账：有0份，无1份" in finance.get(PAGE).text
    assert "未录入" in finance.get(f"{PAGE}/accounts").text
    wrong = finance.post(f"{here}/edit", data=TYPED | {"closing": "38,420.01", "goods": "1.234"})
    assert wrong.status_code == 422 and "1.234" in wrong.text
    wrong = finance.post(f"{here}/edit", data=TYPED | {"closing": "38,420.01"})
    assert "金额不平" in wrong.text and 'value="171,200.00"' in wrong.text
    done = finance.post(f"{here}/edit", data=TYPED | {"closing": "38,420.00"})
    assert done.status_code == 303, done.text
    told = finance.get(here).text
    assert "38,420.00" in told and "运费折让380.00元" in told and "上季没有往来账" in told
    assert (
        f"q={agreement.distributor.code}&amp;means=credit_note&amp;from=2026-07-01&amp;until=2026-09-30"
        in told
    )
    assert "有1份，无0份" in finance.get(PAGE).text
    again = finance.post(f"{here}/edit", data=TYPED | {"goods": "1"})
    assert again.status_code == 422 and "刚才有人录入了" in again.text
    forged = finance.post(f"{here}/edit", data=TYPED | {"seen_no": "-1"})
    assert forged.status_code == 422


def test_a_manager_reads_the_own_region_and_enters_nothing(world, make, sign_in):
    agreement = world.in_force()
    world.enter(agreement)
    here = f"{PAGE}/accounts/{agreement.distributor_id}"
    manager = sign_in(make.user(Role.REGIONAL_MANAGER, region=world.region), language="zh")
    page = manager.get(here)
    assert "38,420.00" in page.text and f"{here}/edit" not in page.text
    assert manager.get(f"{here}/edit").status_code == 403
    other = sign_in(make.user(Role.REGIONAL_MANAGER, region=make.region("别处办事处")), language="zh")
    assert other.get(here).status_code == 404
    assert agreement.distributor.name not in other.get(f"{PAGE}/accounts").text
    assert rows_of(other.get(f"{PAGE}/accounts/export"))[1:] == []


def test_the_list_is_narrowed_and_its_table_opens_with_the_last_closing_sum(world, sign_in):
    entered, missing = world.in_force(), world.in_force()
    world.enter(entered)
    world.enter(missing, name="2026Q2")
    finance = sign_in(world.finance, language="zh")
    page = finance.get(f"{PAGE}/accounts?state=missing").text
    assert missing.distributor.name in page and entered.distributor.code not in page
    head, *rows = rows_of(finance.get(f"{PAGE}/accounts/export"))
    by_code = {row[1]: dict(zip(head, row, strict=True)) for row in rows}
    assert by_code[entered.distributor.code]["期末应收"] == 38420
    assert by_code[missing.distributor.code]["期初应收"] == 38420
    assert by_code[missing.distributor.code]["发货"] is None


def test_the_statement_shows_what_it_printed_after_a_correction_too(world, sign_in):
    agreement = world.in_force()
    world.enter(agreement)
    world.close()
    statement, finance = world.statement(agreement), sign_in(world.finance, language="zh")
    address = f"/funds/quarters/statements/{statement.id}"
    page = finance.get(address).text
    assert "往来账" in page and "38,420.00" in page
    here = f"{PAGE}/accounts/{agreement.distributor_id}"
    assert "更正原因" in finance.get(f"{here}/edit").text
    said = TYPED | {"seen_no": "1", "goods": "200500"}
    assert "请写明更正原因" in finance.post(f"{here}/edit", data=said).text
    assert finance.post(f"{here}/edit", data=said | {"reason": "漏记一张发货单"}).status_code == 303
    told = finance.get(here).text
    assert "38,920.00" in told and "漏记一张发货单" in told and statement.number in told
    assert "38,920.00" not in finance.get(address).text


def test_the_setting_stands_among_the_companys(world, make, sign_in):
    agreement = world.in_force()
    world.enter(agreement)
    boss = sign_in(make.user(Role.ADMINISTRATOR, world.head), language="zh")
    page = boss.get("/admin/settings").text
    assert "季度对账单印往来账" in page

    answer = boss.post("/admin/settings", data={"seen": "{}", "option_account": "否"})
    assert answer.status_code == 303, answer.text
    finance = sign_in(world.finance, language="zh")
    assert "有1份" not in finance.get(PAGE).text
    assert "公司设置为不印往来账" in finance.get(f"{PAGE}/accounts").text


def hand_in(client, *rows: str, quarter: str = "2026Q3"):
    head = "经销商编码,期初应收,发货,退货,回款,其他,其他说明,期末应收,已到期"
    data = "\n".join((head, *rows)).encode("gb18030")
    return client.post(
        "/funds/accounts/import", data={"file": (io.BytesIO(data), "往来.csv"), "quarter": quarter}
    )


def test_a_list_is_previewed_imported_once_and_its_refused_rows_come_back(world, session, sign_in):
    agreement, other = world.in_force(), world.in_force()
    finance = sign_in(world.finance, language="zh")
    assert "2026Q3" in finance.get("/funds/accounts/import?quarter=2026Q3").text
    rows = (
        f"{agreement.distributor.code},20000,200000,10000,171200,-380,运费折让,38420,5000",
        f"{other.distributor.code},1.005,0,0,0,,,,0",
    )
    made = hand_in(finance, *rows)
    assert made.status_code == 303, made.text
    page = finance.get(made.location).text
    assert "38,420.00" in page and "1.005" in page and 'selected value="2026Q3"' in page
    session.rollback()
    assert session.scalar(sa.select(sa.func.count()).select_from(AccountFigures)) == 0
    for _time in range(2):
        finance.post(f"{made.location}/apply")
    session.rollback()
    assert session.scalars(sa.select(AccountFigures.goods_fen)).all() == [20_000_000]
    back = rows_of(finance.get(f"{made.location}/refused"))
    assert back[1][1] == 3 and "1.005" in str(back[1][2])
    other_quarter = finance.post(f"{made.location}/plan", data={"quarter": "2026Q2"})
    assert other_quarter.status_code == 422
    again = hand_in(finance, *rows)
    assert "没有要写入的行。" in finance.get(again.location).text


def test_the_quarter_of_a_list_can_be_chosen_again_before_it_is_imported(world, session, sign_in):
    agreement = world.in_force()
    finance = sign_in(world.finance, language="zh")
    made = hand_in(finance, f"{agreement.distributor.code},0,0,0,0,,,,0", quarter="2026Q2")
    assert finance.post(f"{made.location}/plan", data={"quarter": "2026Q1"}).status_code == 303
    finance.post(f"{made.location}/apply")
    session.rollback()
    assert session.scalars(sa.select(AccountFigures.quarter)).all() == ["2026Q1"]
    forged = hand_in(finance, f"{agreement.distributor.code},0,0,0,0,,,,0", quarter="2099Q9")
    assert forged.status_code == 422


def test_the_exported_table_is_filled_in_and_handed_in_again(world, sign_in, session):
    agreement = world.in_force()
    world.enter(agreement, name="2026Q2")
    finance = sign_in(world.finance, language="zh")
    head, row = rows_of(finance.get(f"{PAGE}/accounts/export"))
    filled = dict(zip(head, row, strict=True)) | {"发货": 100, "退货": 0, "回款": 38520, "其中已到期": 0}
    text = "\n".join(
        ",".join(str(cell or "") if cell != 0 else "0" for cell in line) for line in (head, filled.values())
    )
    sent = {"file": (io.BytesIO(text.encode()), "a.csv"), "quarter": "2026Q3"}
    made = finance.post("/funds/accounts/import", data=sent)
    finance.post(f"{made.location}/apply")
    session.rollback()
    entry = session.scalars(sa.select(AccountFigures).where(AccountFigures.quarter == "2026Q3")).one()
    assert (entry.opening_fen, entry.closing_fen) == (3_842_000, 0)


def test_the_command_takes_the_same_lists(world, app, session, tmp_path):
    agreement = world.in_force()
    file = tmp_path / "往来.csv"
    file.write_text(
        "经销商编码,期初应收,发货,退货,回款,已到期\n"
        f"{agreement.distributor.code},0,100,0,0,100\nD-没有,0,0,0,0,0\n",
        encoding="utf-8",
    )
    run = app.test_cli_runner().invoke
    dry = run(args=["funds", "accounts", str(file), "--quarter", "2026Q3", "--dry-run", "--json"])
    assert dry.exit_code == 1 and json.loads(dry.stdout)["created"] == 1
    done = run(args=["funds", "accounts", str(file), "--quarter", "2026Q3", "--json"])
    assert done.exit_code == 1, done.output
    session.rollback()
    assert session.scalars(sa.select(AccountFigures.entered_by_id)).all() == [None]
    assert (
        json.loads(run(args=["funds", "accounts", str(file), "--quarter", "2026Q3", "--json"]).stdout)[
            "unchanged"
        ]
        == 1
    )
    wrong = run(args=["funds", "accounts", str(file), "--quarter", "2026年"])
    assert wrong.exit_code == 2
