"""The way of a batch through its pages: choose, change, check, draft, submit, read by lot, approve all."""

import io
import re
from datetime import timedelta

import openpyxl
import pytest
import sqlalchemy as sa

from portal.db import today
from portal.domain.access.roles import Role
from portal.domain.audit.models import AuditEvent
from portal.domain.price_protection import steps
from portal.domain.price_protection.batches.models import Batch, BatchCheck, BatchRow
from portal.domain.price_protection.models import Agreement, Status
from tests.domain.agreement_world import AgreementWorld


@pytest.fixture(autouse=True)
def quick_printer(monkeypatch):
    """Papers made in no time; what they look like is tested where they are printed."""

    def render(job):
        return b"%PDF-1.7 " + job.identifier.encode() + job.html.encode(), 6

    monkeypatch.setattr("portal.printing.pool.render", render)


@pytest.fixture
def world(session, make):
    return AgreementWorld(session, make)


def rows(session):
    session.rollback()
    session.expire_all()
    return list(session.scalars(sa.select(BatchRow).order_by(BatchRow.id)))


def seen(page):
    return re.search(r'name="seen"[^>]*value="([0-9a-f]{64})"', page.get_data(as_text=True))[1]


def chosen(client, session, **said):
    made = client.post("/agreements/batches/new?all=1", data={"name": "2027 年续签", "do": "all", **said})
    assert made.status_code == 303, made.get_data(as_text=True)
    session.rollback()
    return session.scalars(sa.select(Batch).order_by(Batch.id.desc())).first()


def changed(client, batch, **said):
    """Bulk changes as a browser sends them."""
    data = {"version": str(batch.version), "do": "save", **said}
    return client.post(f"/agreements/batches/{batch.id}/changes", data=data)


def test_a_batch_goes_from_choice_to_approved_originals(world, session, sign_in):
    signed = [world.signed() for _ in range(4)]
    author, manager = sign_in(world.author), sign_in(world.manager)
    page = author.get("/agreements/batches/new?all=1").get_data(as_text=True)
    assert all(agreement.number in page for agreement in signed)
    batch = chosen(author, session)
    record = f"/agreements/batches/{batch.id}/"
    answer = changed(
        author,
        batch,
        **{
            "rebate_rate": "3.5",
            "prices-0-product_id": "",
            "prices-0-kind": "",
            "prices-0-how": "percent",
            "prices-0-value": "+5",
            "prices-0-step": "0.10",
        },
    )
    assert answer.status_code == 303, answer.get_data(as_text=True)
    assert author.get(answer.location).location == record
    assert author.get(record).status_code == 200
    page = author.get(record).get_data(as_text=True)
    assert "29.90" in page and "3.50%" in page
    for deed in ("draft", "submit"):
        assert author.post(record + deed).status_code == 303
        assert author.get(record).status_code == 200
    assert {row.agreement.status for row in rows(session)} == {Status.SUBMITTED}
    # The author may not decide, the manager only after reading what was drawn.
    assert author.get(record + "approval").status_code == 403
    todo = manager.get("/").get_data(as_text=True)
    assert batch.name in todo and signed[0].distributor.name not in todo
    listed = manager.get(record + "approval")
    assert manager.post(record + "approval", data={"do": "approve", "seen": seen(listed)}).status_code == 422
    assert manager.post(record + "approval", data={"do": "draw"}).status_code == 303
    session.rollback()
    drawn = session.scalars(sa.select(BatchCheck)).all()
    assert len(drawn) == 3
    assert manager.get(record + "approval").status_code == 200
    for check in drawn:
        address = f"{record}rows/{check.row_id}/review"
        paper = manager.get(address)
        assert manager.post(address, data={"do": "look", "seen": seen(paper)}).status_code == 303
    listed = manager.get(record + "approval")
    approved = manager.post(record + "approval", data={"do": "approve", "seen": seen(listed)})
    assert approved.status_code == 303
    done = rows(session)
    assert {row.agreement.status for row in done} == {Status.APPROVED}
    asked = session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "batch.approval_asked")).one()
    assert (asked.params["count"], len(asked.params["looked_at"])) == (4, 3)
    page = author.get(record).get_data(as_text=True)
    assert "Print 4 originals" in page and "0 of 4 printed" in page
    todo = author.get("/").get_data(as_text=True)
    address = f"/agreements/print?batch={batch.id}"
    assert f'href="{address}"' in todo and f"{batch.name}: 4 agreements" in todo
    assert not any(f'href="/agreements/{row.agreement_id}/"' in todo for row in done)
    printing = author.get(address).get_data(as_text=True)
    assert all(row.agreement.number in printing for row in done)
    for row in done[:3]:
        steps.record_print(session, world.author, row.agreement, 2)
    session.commit()
    page = author.get(record).get_data(as_text=True)
    assert "Print 1 original<" in page and "3 of 4 printed" in page
    assert done[3].agreement.number in author.get(address).get_data(as_text=True)
    assert done[0].agreement.number not in author.get(address).get_data(as_text=True)
    other = world.approved()
    address = f"/papers/?batch={batch.id}"
    assert f'href="{address}"' in page
    originals = author.get(address).get_data(as_text=True)
    assert all(row.agreement.number in originals for row in done) and other.number not in originals
    narrowed = f"/agreements/print?all=1&of=originals&stage=not_asked&batch={batch.id}"
    printing = author.get(narrowed).get_data(as_text=True)
    assert done[0].agreement.number in printing and other.number not in printing
    assert manager.get(record + "approval").status_code == 200
    assert sign_in(world.make.user(Role.AUDITOR)).get("/admin/audit").status_code == 200


def test_only_the_ticked_agreements_are_chosen(world, session, sign_in):
    first, second = world.signed(), world.signed()
    client = sign_in(world.author)
    chosen(client, session, do="ticked", id=str(second.id))
    assert [row.earlier_id for row in rows(session)] == [second.id]
    refused = client.post("/agreements/batches/new?all=1", data={"name": "无", "do": "ticked"})
    assert refused.status_code == 422
    assert first.number in refused.get_data(as_text=True)


def test_the_choice_is_narrowed_by_the_last_day(world, sign_in):
    agreement = world.signed()
    client = sign_in(world.author)
    day = agreement.ends_on
    for since, until, found in ((day, day, True), (day + timedelta(days=1), "", False)):
        page = client.get(f"/agreements/batches/new?from={since}&until={until}").get_data(as_text=True)
        assert (agreement.number in page) is found


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ({"rebate_rate": "3", "rebate_add": "0.5%"}, "not both"),
        ({"prices-0-how": "percent", "prices-0-value": "80"}, "at most 50 percent"),
        ({"prices-0-how": "amount", "prices-0-value": "12.345"}, "at most two decimals"),
        ({"prices-0-how": "amount", "prices-0-value": "12.34"}, "needs its product"),
        ({"terms-0-term": "value response_days", "terms-0-value": "viele"}, "number"),
        ({"effective_on": "2027-02-01", "expires_on": "2027-01-01"}, "after the first day"),
    ],
)
def test_a_change_that_cannot_be_meant_is_refused_and_kept_on_the_form(world, session, sign_in, entry, said):
    world.signed()
    client = sign_in(world.author)
    batch = chosen(client, session)
    answer = changed(client, batch, **entry)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert said in page
    assert all(value in page for value in entry.values() if value[0].isdigit())
    session.rollback()
    session.expire_all()
    assert session.get(Batch, batch.id).changes == {}


def test_a_row_of_its_own_and_a_row_left_out(world, session, sign_in):
    for _turn in range(3):
        world.signed()
    client = sign_in(world.author)
    batch = chosen(client, session)
    changed(client, batch, rebate_rate="4")
    own, out, _usual = rows(session)
    record = f"/agreements/batches/{batch.id}/"
    session.refresh(batch)
    page = client.get(f"{record}rows/{own.id}")
    assert page.status_code == 200
    price = f"price-{world.product.id}-suggested_retail"
    answer = client.post(
        f"{record}rows/{own.id}/own", data={"version": str(batch.version), "rebate_rate": "2", price: "20"}
    )
    assert answer.status_code == 303, answer.get_data(as_text=True)
    assert client.post(record + "leave-out", data={"id": str(out.id), "do": "leave_out"}).status_code == 422
    client.post(record + "leave-out", data={"id": str(out.id), "do": "leave_out", "reason": "另行谈判"})
    client.post(record + "draft")
    own, out, usual = rows(session)
    assert (own.agreement.terms[0].rebate_ppm, usual.agreement.terms[0].rebate_ppm) == (20_000, 40_000)
    assert own.agreement.terms[0].prices[0].amount_fen == 2000
    assert out.agreement_id is None
    for path in (f"rows/{own.id}", f"rows/{out.id}", "?stage=left_out", "?unusual=1", "?q=示例"):
        assert client.get(record + path).status_code == 200
    assert "另行谈判" in client.get(record + "?stage=left_out").get_data(as_text=True)


def test_the_preview_goes_to_excel(world, session, sign_in):
    agreement = world.signed()
    agreement.distributor.legal_rep = ""
    session.commit()
    client = sign_in(world.author)
    batch = chosen(client, session)
    changed(client, batch, rebate_add="+0.5%")
    file = client.get(f"/agreements/batches/{batch.id}/export")
    sheet = openpyxl.load_workbook(io.BytesIO(file.get_data())).active
    head, line = [[cell.value for cell in row] for row in sheet.iter_rows()]
    said = dict(zip(head, line, strict=True))
    assert said["Agreement of last year"] == agreement.number
    assert (said["Rebate rate, before"], said["Rebate rate, new"]) == (0.03, 0.035)
    assert said["To be done"]


def test_the_list_says_why_a_row_is_read_and_names_the_largest_moves(world, session, sign_in):
    for _turn in range(5):
        world.signed()
    author, manager = sign_in(world.author), sign_in(world.manager)
    batch = chosen(author, session)
    record = f"/agreements/batches/{batch.id}/"
    changed(author, batch, rebate_rate="3.5")
    session.expire_all()
    row = rows(session)[3]
    slip = {"version": str(row.batch.version), f"price-{world.product.id}-suggested_retail": "2.85"}
    assert author.post(f"{record}rows/{row.id}/own", data=slip).status_code == 303
    author.post(record + "draft")
    author.post(record + "submit")
    address = f"{record}rows/{row.id}/review"
    page = manager.get(record + "approval").get_data(as_text=True)
    aside = page.partition('id="checks"')[2].partition("</section>")[0]
    assert f'href="{address}"' in aside and "terms of its own: " in aside and ">drawn by lot<" not in aside
    moved = page.partition('id="moves"')[2].partition("</section>")[0]
    assert f'href="{address}"' in moved and "-90.0%" in moved and "28.50" in moved and "2.85" in moved
    assert "+16.7%" in moved and "so in 5 agreements" in moved
    manager.post(record + "approval", data={"do": "draw"})
    aside = manager.get(record + "approval").get_data(as_text=True).partition('id="checks"')[2]
    assert aside.partition("</section>")[0].count(">drawn by lot<") == 3


def test_the_period_that_follows_is_filled_in_and_stays_each_ones_own(world, session, sign_in):
    signed = world.signed()
    client = sign_in(world.author)
    batch = chosen(client, session)
    first = signed.ends_on + timedelta(days=1)
    address = f"/agreements/batches/{batch.id}/changes"
    page = client.get(address).get_data(as_text=True)
    period = re.findall(r'name="(?:effective|expires)_on"[^>]*value="([^"]+)"', page)
    assert (
        period[0] == first.isoformat() and f"the day after the old agreements end, {signed.ends_on}" in page
    )
    changed(client, batch, effective_on=period[0], expires_on=period[1], rebate_rate="3.5")
    session.rollback()
    session.refresh(batch)
    assert batch.changes == {"rebate_ppm": 35_000}
    page = client.get(address).get_data(as_text=True)
    assert f'value="{first}"' in page
    later = first + timedelta(days=31)
    changed(client, batch, effective_on=later.isoformat(), expires_on=period[1], rebate_rate="")
    session.rollback()
    session.refresh(batch)
    assert batch.changes == {"effective_on": later.isoformat(), "expires_on": period[1]}
    world.signed(expires_on=signed.ends_on + timedelta(days=30))
    mixed = chosen(client, session)
    page = client.get(f"/agreements/batches/{mixed.id}/changes").get_data(as_text=True)
    assert re.findall(r'name="effective_on"[^>]*value="([^"]*)"', page) == [""]
    assert f"they end from {signed.ends_on} to {signed.ends_on + timedelta(days=30)}" in page


def test_one_row_is_sent_back_from_the_list(world, session, sign_in):
    for _turn in range(2):
        world.signed()
    author, manager = sign_in(world.author), sign_in(world.manager)
    batch = chosen(author, session)
    record = f"/agreements/batches/{batch.id}/"
    changed(author, batch)
    author.post(record + "draft")
    author.post(record + "submit")
    first, second = rows(session)
    address = f"{record}rows/{first.id}/review"
    assert manager.post(address, data={"do": "send_back", "reason": ""}).status_code == 422
    assert manager.post(address, data={"do": "send_back", "reason": "返利率有误"}).status_code == 303
    first, second = rows(session)
    assert (first.agreement.status, second.agreement.status) == (Status.DRAFT, Status.SUBMITTED)
    assert "返利率有误" in author.get("/").get_data(as_text=True)
    assert session.scalar(sa.select(sa.func.count()).select_from(Agreement)) == 4


def test_a_page_reached_from_a_task_by_htmx_is_whole_and_a_swapped_list_is_not(world, session, sign_in):
    world.signed()
    client = sign_in(world.author)
    batch = chosen(client, session)
    address = f"/agreements/batches/{batch.id}/"
    whole = client.get(address, headers={"HX-Request": "true"}).get_data(as_text=True)
    rows_only = client.get(address, headers={"HX-Request": "true", "HX-Target": "list"}).get_data(
        as_text=True
    )
    assert "<h1>" in whole and "<h1>" not in rows_only
    assert whole.count('id="order"') == 1


def test_agreements_are_chosen_and_added_by_their_numbers(world, session, sign_in):
    first, second, third = (world.signed() for _ in range(3))
    client = sign_in(world.author)
    wrong = client.post(
        "/agreements/batches/new",
        data={"name": "按编号", "do": "numbers", "numbers": f"{first.number} PPA-0"},
    )
    page = wrong.get_data(as_text=True)
    assert wrong.status_code == 422
    assert "no agreements with these numbers: PPA-0" in page and f"{first.number} PPA-0</textarea>" in page
    batch = chosen(client, session, do="numbers", numbers=first.number)
    add = f"/agreements/batches/{batch.id}/add"
    listed = client.get(add + "?all=1").get_data(as_text=True)
    assert first.number not in listed and second.number in listed
    assert client.post(add, data={"do": "numbers", "numbers": first.number}).status_code == 422
    assert client.post(add, data={"do": "numbers", "numbers": second.number.lower()}).status_code == 303
    assert client.post(add + "?all=1", data={"do": "all"}).status_code == 303
    found = rows(session)
    assert [row.earlier_id for row in found] == [first.id, second.id, third.id]
    assert [row.checked_no for row in found[1:]] == [1, 1]
    assert "Agreements added" in sign_in(world.make.user(Role.AUDITOR)).get("/admin/audit").get_data(
        as_text=True
    )


def test_the_choice_is_narrowed_by_grade_and_by_the_running_text(world, session, sign_in):
    agreement, other = world.signed(), world.signed()
    agreement.distributor.grade = "A"
    newer = world.template.text.replace("version: 1.0.0", "version: 1.1.0", 1)
    other.template_id = world.add_template(text=newer, is_released=False).id
    session.commit()
    client = sign_in(world.author)
    key = world.template.key
    for narrowed in ("grade=A", f"template={key}@{world.template.version}"):
        page = client.get(f"/agreements/batches/new?all=1&{narrowed}").get_data(as_text=True)
        assert agreement.number in page and other.number not in page
        assert f'value="{key}@1.1.0"' in page and f'value="{key}"' in page


def test_ticked_in_the_list_of_agreements_they_are_what_can_be_chosen(world, session, sign_in):
    first, draft, other = world.signed(), world.draft(), world.signed()
    client = sign_in(world.author)
    address = f"/agreements/batches/new?id={first.id}&id={draft.id}"
    page = client.get(address).get_data(as_text=True)
    assert first.number in page and other.number not in page
    assert "Of the 2 agreements that you ticked 1 can be renewed" in page
    # What the address names is not what this page's own boxes say.
    assert client.post(address, data={"name": "无", "do": "ticked"}).status_code == 422
    assert client.post(address, data={"name": "二", "do": "all"}).status_code == 303
    assert [row.earlier_id for row in rows(session)] == [first.id]


def test_what_a_draft_renews_already_is_offered_only_when_asked_for(world, session, sign_in):
    agreement, other = world.signed(), world.signed()
    draft = world.draft(agreement.distributor)
    draft.follows_id = agreement.id
    session.commit()
    client = sign_in(world.author)
    page = client.get("/agreements/batches/new?all=1").get_data(as_text=True)
    assert other.number in page and agreement.number not in page
    page = client.get("/agreements/batches/new?all=1&begun=1").get_data(as_text=True)
    assert f"already renewed by {draft.number}" in page


def test_a_filter_in_the_address_keeps_the_days_that_are_offered_and_leaves_out_what_was_terminated(
    world, session, sign_in
):
    near, far, ended = world.signed(), world.signed(), world.signed()
    for agreement, days in ((near, 30), (far, 200), (ended, 30)):
        agreement.ends_on = today() + timedelta(days=days)
    ended.status = Status.TERMINATED
    session.commit()
    client = sign_in(world.author)

    def offered(query):
        page = client.get(f"/agreements/batches/new?{query}").get_data(as_text=True)
        return {row.number for row in (near, far, ended) if row.number in page}

    for query in ("", f"region={world.region.id}", "template=price-protection.zh", "q="):
        assert offered(query) == {near.number}
    assert offered(f"region={world.region.id}&all=1") == {near.number, far.number}
    assert offered("begun=1") == {near.number, ended.number}


def test_two_texts_of_one_title_are_told_apart_wherever_one_is_named(world, session, sign_in):
    bilingual = world.add_template("price-protection.bilingual")
    agreement = world.signed()
    other = world.signed()
    other.template_id = bilingual.id
    session.commit()
    client = sign_in(world.author, language="zh-CN")
    both, plain = "价格保护协议（中英文） 1.0.0", "价格保护协议 1.0.0"
    listed = client.get("/agreements/batches/new?all=1").get_data(as_text=True)
    assert f'<td class="wide2">{both}</td>' in listed and f'<td class="wide2">{plain}</td>' in listed
    batch = chosen(client, session)
    for address in (
        f"/agreements/batches/{batch.id}/changes",
        f"/agreements/new?distributor={agreement.distributor_id}",
    ):
        page = client.get(address).get_data(as_text=True)
        options = re.findall(r"<option[^>]*>([^<]*价格保护协议[^<]*)</option>", page)
        assert both in options and plain in options, (address, options)
    assert both in client.get(f"/agreements/{other.id}/").get_data(as_text=True)
