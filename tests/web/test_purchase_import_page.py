"""Importing purchases on the page and by the command: preview, import once, refused rows back, exit codes."""

import io
import json
import re

import pytest
import sqlalchemy as sa

from portal.domain.access.roles import Role
from portal.domain.audit.models import AuditEvent
from portal.domain.price_protection.purchases.importing import PURCHASES
from portal.domain.price_protection.purchases.models import Purchase
from tests.domain.fund_world import FundWorld
from tests.web.sheets import rows_of

HEAD = "单据号,行号,经销商编码,产品编码,进货日期,金额"


@pytest.fixture
def world(session, make) -> FundWorld:
    return FundWorld(session, make)


@pytest.fixture
def clerk(make, world, sign_in):
    return sign_in(make.user(Role.FINANCE, world.region))


@pytest.fixture
def lines(world) -> list[str]:
    agreement = world.in_force()
    who = f"{agreement.distributor.code},{world.product.code}"
    return [f"JH-1,1,{who},2026-05-06,100.00", f"JH-1,2,{who},2026-05-06,￥1.00"]


def hand_in(client, *lines: str, head: str = HEAD):
    data = "\n".join((head, *lines)).encode("gb18030")
    return client.post("/purchases/import", data={"file": (io.BytesIO(data), "进货.csv")})


def facts_of(page: str) -> dict[str, str]:
    """The facts at the head of a preview, by their labels."""
    found = re.findall(r"<dt>(.*?)</dt>\s*<dd[^>]*>(.*?)</dd>", page, re.S)
    return {label.strip(): re.sub(r"<[^>]+>", "", said).strip() for label, said in found}


def count(session) -> int:
    session.rollback()
    return session.scalar(sa.select(sa.func.count()).select_from(Purchase))


@pytest.mark.parametrize("small", [True, False])
def test_a_list_is_previewed_imported_once_and_its_refused_rows_come_back(
    clerk, session, lines, monkeypatch, small
):
    monkeypatch.setattr(PURCHASES, "small_bytes", PURCHASES.small_bytes if small else 0)
    page = hand_in(clerk, *lines).location
    preview = clerk.get(page, follow_redirects=True)
    assert "carries a currency sign" in preview.text
    assert facts_of(preview.text)["Amount of the new rows (yuan)"] == "100.00"
    assert count(session) == 0
    assert clerk.post(f"{page}/apply").status_code == 303
    assert count(session) == 1
    assert "¥" not in clerk.get(page).text or "100.00" in clerk.get(page).text
    assert clerk.post(f"{page}/apply").status_code == 422
    assert count(session) == 1
    back = rows_of(clerk.get(f"{page}/refused"))
    assert [row[1] for row in back[1:]] == [3]
    assert "￥1.00" in back[1]
    # What comes to nothing new is still held against the books: 100.00 of the file are known.
    again = hand_in(clerk, *lines).location
    facts = facts_of(clerk.get(again, follow_redirects=True).text)
    assert facts["Amount of the new rows (yuan)"] == "0.00"
    assert facts["Amount of all rows that could be read (yuan)"] == "100.00"
    clerk.post(f"{again}/apply")
    assert count(session) == 1
    applied = sa.select(AuditEvent).where(AuditEvent.action == "purchase_import.applied")
    assert session.scalars(applied).first().params["created"] == 1


def test_each_row_leads_to_its_purchase_and_says_why_it_is_protected_or_not(
    clerk, session, make, world, lines
):
    other = make.distributor(region=world.region)
    loose = f"JH-2,7,{other.code},{world.product.code},2026-05-07,50.00"
    back = f"JH-3,1,{lines[0].split(',')[2]},{world.product.code},2026-05-09,-10.00,JH-1,1"
    session.commit()
    page = hand_in(clerk, lines[0] + ",,", loose + ",,", back, head=HEAD + ",原单据号,原行号").location
    preview = clerk.get(page, follow_redirects=True).text
    assert 'href="/purchases/' not in preview.partition('id="written"')[2].partition("</table>")[0]
    assert "−10.00" in preview and "-10.00" not in preview
    clerk.post(f"{page}/apply")
    session.rollback()
    ids = {
        f"{one.document_number}-{one.line_no}": one.id for one in session.scalars(sa.select(Purchase)).all()
    }
    written = clerk.get(page).text.partition('id="written"')[2].partition("</table>")[0]
    rows = {code: written.partition(f">{code}<")[2].partition("</tr>")[0] for code in ids}
    assert set(ids) == {"JH-1-1", "JH-2-7", "JH-3-1"}
    assert all(
        f'href="/purchases/{id_}">{code}<' in written.replace(' class="code"', "")
        for code, id_ in ids.items()
    )
    assert f'href="/purchases/{ids["JH-1-1"]}#accrual"' in rows["JH-1-1"] and "2026Q2" in rows["JH-1-1"]
    assert f'href="/purchases/{ids["JH-2-7"]}"' in rows["JH-2-7"] and "No agreement" in rows["JH-2-7"]
    assert "It accrued nothing" in clerk.get(f"/purchases/{ids['JH-2-7']}").text


def test_a_column_that_nobody_knows_is_said_by_hand(clerk, session, lines):
    page = hand_in(clerk, lines[0], head=HEAD.replace("金额", "票面数")).location
    assert "no column" in clerk.get(page).text
    said = dict(enumerate(("document_number", "line_no", "distributor_code", "product_code", "purchased_on")))
    form = {f"column-{place}": name for place, name in (said | {5: "amount"}).items()}
    assert clerk.post(f"{page}/plan", data=form).status_code == 303
    clerk.post(f"{page}/apply")
    assert count(session) == 1


def test_what_is_no_table_is_refused(clerk):
    answer = clerk.post("/purchases/import", data={"file": (io.BytesIO(b"%PDF-1.7 x"), "a.pdf")})
    assert answer.status_code == 422
    assert clerk.post("/purchases/import", data={}).status_code == 422


def test_a_list_of_another_office_is_not_found(clerk, session, sign_in, make, lines):
    page = hand_in(clerk, *lines).location
    session.rollback()
    elsewhere = sign_in(make.user(Role.FINANCE, make.region()))
    assert elsewhere.get(page).status_code == 404
    assert elsewhere.post(f"{page}/apply").status_code == 404


def test_the_template_can_be_handed_in_again(clerk, lines):
    template = clerk.get("/purchases/import/template").data
    answer = clerk.post("/purchases/import", data={"file": (io.BytesIO(template), "t.xlsx")})
    assert "There is nothing to import" in clerk.get(answer.location).text


def test_the_command_tells_what_it_did_by_its_exit_code(app, session, lines, tmp_path):
    run = app.test_cli_runner().invoke
    good, mixed, bad = (tmp_path / name for name in ("good.csv", "mixed.csv", "bad.csv"))
    good.write_text("\n".join((HEAD, lines[0])), encoding="utf-8")
    mixed.write_text("\n".join((HEAD, *lines)), encoding="gb18030")
    bad.write_bytes(b"%PDF-1.7")
    command = ["purchases", "import", "--json"]
    dry = run(args=[*command, "--dry-run", str(good)])
    assert (dry.exit_code, json.loads(dry.output)["created"], count(session)) == (0, 1, 0)
    first = run(args=[*command, str(good)])
    assert (first.exit_code, json.loads(first.output)["created"], count(session)) == (0, 1, 1)
    told = run(args=[*command, str(mixed)])
    report = json.loads(told.output)
    assert told.exit_code == 1
    assert list(report) == ["read", "created", "updated", "unchanged", "refused", "refusals"]
    assert (report["read"], report["unchanged"], report["refused"]) == (2, 1, 1)
    assert (report["refusals"][0]["row"], report["refusals"][0]["column"]) == (3, "金额")
    assert run(args=[*command, str(bad)]).exit_code == 2
    assert run(args=["purchases", "import", "--as", "nobody", str(good)]).exit_code == 2
    assert count(session) == 1
