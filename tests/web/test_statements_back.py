"""Statements on the pages: sent by the quarter, filed by the pile with what is ticked, objected to and answered."""

import re
from datetime import timedelta

import pytest
import sqlalchemy as sa

from portal.domain.access.roles import Role
from portal.domain.price_protection.closing import delivering
from portal.domain.price_protection.closing.models import Statement, Verdict, Way
from portal.domain.price_protection.trail.beginning import of_paper
from portal.domain.price_protection.trail.models import Parcel, Stage
from tests.domain.clock import on_day
from tests.domain.close_world import OCTOBER, CloseWorld
from tests.domain.test_statements_back import sent, stated
from tests.scanning.piles import pile_of
from tests.web.sheets import rows_of

pytestmark = pytest.mark.on_day(OCTOBER)

REGISTER = "/funds/quarters/2026Q3/statements"


@pytest.fixture
def world(session, make) -> CloseWorld:
    return CloseWorld(session, make)


def page(statement: Statement) -> str:
    return f"/funds/quarters/statements/{statement.id}"


def test_a_quarter_is_sent_at_once_with_couriers_numbers(world, session, sign_in):
    made = stated(world, 2)
    numbers = {one.id: one.number for one in made}
    finance = sign_in(world.finance)
    shown = finance.get(REGISTER).text
    assert all(number in shown for number in numbers.values())
    address = re.search(r'href="(/papers/pack\?[^"]+)"', shown)[1].replace("&amp;", "&")
    chosen = finance.get(address).text
    copies = {name: "2" for name in re.findall(r'name="(copies-\d+)"', chosen)}
    assert len(copies) == 2
    ids = re.findall(r'name="id" value="(\d+)"', chosen)
    packed = finance.post("/papers/pack", data={"id": ids, "courier": "顺丰速运", **copies})
    assert packed.status_code == 303, packed.text
    session.rollback()
    parcels = session.scalars(sa.select(Parcel).order_by(Parcel.id)).all()
    for parcel in parcels:
        parcel.recipient, parcel.phone, parcel.address = "王五", "13800000000", "示例路1号"
    session.commit()
    said = {f"tracking-{parcel.id}": f"SF77000000{parcel.id}" for parcel in parcels}
    send = {"id": [parcel.id for parcel in parcels], "sent_on": OCTOBER.isoformat(), **said}
    assert finance.post("/papers/send", data=send).status_code == 303
    assert (
        finance.post(
            f"/papers/parcels/{parcels[0].id}/deliver", data={"delivered_on": "2026-10-08"}
        ).status_code
        == 303
    )
    session.rollback()
    rows = rows_of(finance.get(f"{REGISTER}/export"))
    head = rows[0]
    told = {row[0]: dict(zip(head, row, strict=True)) for row in rows[1:]}
    first = told[numbers[made[0].id]]
    assert (first["Courier"], first["Courier's number"]) == ("顺丰速运", f"SF77000000{parcels[0].id}")
    assert first["Status"] == "Delivered, days to object run"
    assert told[numbers[made[1].id]]["Status"] == "Sent, not delivered yet"
    assert len(rows_of(finance.get(f"{REGISTER}/export?standing=statement_sent"))) == 2
    # A note beside the agreement's life, and the owner's list of what is out.
    assert numbers[made[1].id] in sign_in(world.author).get("/papers/out").text


def test_delivery_answer_and_the_companys_answer_are_entered_on_the_statement(world, session, sign_in):
    [statement] = stated(world)
    where, number = page(statement), statement.number
    sales, finance = sign_in(world.author), sign_in(world.finance)
    refused = sales.post(f"{where}/delivery", data={"delivered_on": "2026-10-08", "way": "email"})
    assert refused.status_code == 422 and "address that it was mailed to" in refused.text
    said = {"delivered_on": "2026-10-08", "way": "email", "note": "a@example.com"}
    assert sales.post(f"{where}/delivery", data=said).status_code == 303
    shown = sales.get(where).text
    session.rollback()
    session.refresh(statement)
    assert statement.objections_until.isoformat() in shown and "a@example.com" in shown
    answer = {"received_on": "2026-10-08", "way": "sealed_copy", "fund": "objected", "said_by": "周八"}
    refused = sales.post(f"{where}/reply", data={**answer, "item": ["1", "1.7"], "claimed": ["300.00", ""]})
    assert refused.status_code == 422 and 'value="300.00"' in refused.text and "周八" in refused.text
    answer |= {"fund_objection": "第1行少记 100.00 元", "item": ["1 ", "1.7"], "claimed": ["300.00", ""]}
    done = sales.post(f"{where}/reply", data={**answer, "scan": (_png(), "回签.png")})
    assert done.status_code == 303, done.text
    shown = sales.get(where).text
    assert "100.00" in shown and "周八" in shown and "finance answers by" in shown
    scan = re.search(r'href="([^"]+/scans/\d+)"', shown)[1]
    assert sales.get(scan).mimetype == "image/png"
    assert sales.get(f"{where}/answer").status_code == 403
    home = finance.get("/").text
    assert f"objects to {number}" in home
    refused = finance.post(f"{where}/answer", data={"answered_on": "2026-10-08"})
    assert refused.status_code == 422
    answered = {
        "answered_on": "2026-10-08",
        "finding": "objection_partly_right",
        "answer": "漏记一笔，列入下季",
    }
    assert finance.post(f"{where}/answer", data=answered).status_code == 303
    assert "漏记一笔" in sales.get(where).text
    assert f"objects to {number}" not in finance.get("/").text
    assert rows_of(finance.get(f"{REGISTER}/export?standing=statement_answered"))[1][0] == number


def _png():
    from io import BytesIO

    from PIL import Image

    out = BytesIO()
    Image.new("L", (60, 80), 200).save(out, "PNG")
    out.seek(0)
    return out


def test_the_pile_asks_what_is_ticked_and_files_it(world, session, sign_in):
    agreed, objected = stated(world, 2)
    for number, one in enumerate((agreed, objected)):
        sent(world, one, f"SF6600000{number}")
    pile = pile_of(world, *((one, no) for one in (agreed, objected) for no in (1, 2)))
    finance = sign_in(world.finance)
    where = f"/agreements/scans/{pile.id}"
    shown = finance.get(where).text
    assert agreed.number in shown and "Fund statement" in shown
    rows = dict(re.findall(r'name="(fund-\d+)" aria-label="Ticked on ([^"]+)"', shown))
    boxes = {number: name.removeprefix("fund-") for name, number in rows.items()}
    row = boxes[objected.number]
    said = {"row": list(boxes.values()), "came_on": "2026-10-08", "fund": "agreed", f"fund-{row}": "objected"}
    refused = finance.post(f"{where}/filing", data=said)
    assert refused.status_code == 422 and objected.number in refused.text
    done = finance.post(f"{where}/filing", data={**said, f"objects-{row}": "少记 50.00 元"})
    assert done.status_code == 303, done.text
    session.rollback()
    session.expire_all()
    # The pages of this pile cannot be bound: nobody has drawn them. What was said of them is kept for the next time.
    again = finance.get(where).text
    assert "少记 50.00 元" in again


def test_another_office_sees_none_of_it(world, session, make, sign_in):
    [statement] = stated(world)
    stranger = sign_in(make.user(Role.SALESPERSON, make.region("示例外区")))
    where = page(statement)
    for address in ("", "/delivery", "/reply"):
        assert stranger.get(f"{where}{address}").status_code == 404
    assert statement.number not in stranger.get(REGISTER).text
    assert len(rows_of(stranger.get(f"{REGISTER}/export"))) == 1
    auditor = sign_in(make.user(Role.AUDITOR))
    assert auditor.get(where).status_code == 200 and auditor.get(f"{where}/reply").status_code == 403


def test_the_trail_tells_once_why_a_delivery_was_put_right(world, session, make, sign_in):
    [statement] = stated(world)
    delivering.deliver(session, world.author, statement, OCTOBER, Way.IN_PERSON, "李四")
    delivering.deliver(session, world.author, statement, OCTOBER, Way.IN_PERSON, "王五", reason="签收人写错")
    session.commit()
    told = sign_in(make.user(Role.AUDITOR)).get("/admin/audit").text
    assert 0 < told.count("王五") == told.count("签收人写错")


def test_what_was_not_answered_in_its_days_is_told(world, session, sign_in):
    [statement] = stated(world)
    delivering.deliver(session, world.author, statement, OCTOBER, Way.IN_PERSON, "李四")
    session.commit()
    number, until = statement.number, statement.objections_until
    with on_day(until + timedelta(days=1)):
        sales = sign_in(world.author)
        assert "presumed right unless the contrary is proven" in sales.get(page(statement)).text
        assert "were not answered in their days" in sales.get("/").text
        assert number in sales.get(f"{REGISTER}?standing=statement_silent").text
        session.rollback()
        assert of_paper(session, statement).stage is Stage.SENT
    assert Verdict.AGREED not in [reply.fund for reply in statement.replies]
