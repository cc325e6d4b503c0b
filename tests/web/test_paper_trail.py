"""The pages of seals, parcels, returns and cabinets: many originals at once, both halves of the courier's list."""

import io
import re

import openpyxl
import pytest
import sqlalchemy as sa

from portal.blueprints.papers import listing
from portal.db import today
from portal.domain.access.roles import Role
from portal.domain.price_protection import steps
from portal.domain.price_protection.payload import current_paper
from portal.domain.price_protection.trail.beginning import of_paper
from portal.domain.price_protection.trail.models import PaperTrail, Parcel, SealApplication, SealStatus, Stage
from tests.domain.agreement_world import AgreementWorld


class Desk(AgreementWorld):
    """Printed agreements, and people signed in who take them on their way."""

    def __init__(self, session, make, sign_in):
        super().__init__(session, make)
        self.keeper = make.user(Role.FINANCE)
        self.agreements = [self.approved() for _ in range(3)]
        for agreement in self.agreements:
            steps.record_print(session, self.author, agreement, 2)
        session.commit()
        self.papers = [of_paper(session, current_paper(agreement)).id for agreement in self.agreements]
        self.sales, self.seals = sign_in(self.author), sign_in(self.keeper)
        session.rollback()

    def copies(self, count=2):
        return {"id": self.papers, **{f"copies-{paper}": count for paper in self.papers}}

    def stages(self):
        self.session.rollback()
        found = set(self.session.scalars(sa.select(PaperTrail.stage)))
        self.session.rollback()
        return found

    def application(self):
        self.session.rollback()
        return self.session.scalars(sa.select(SealApplication).order_by(SealApplication.id.desc())).first()

    def seal(self):
        said = {"seal": "contract_seal", "purpose": "年度协议", "is_across_pages": "y"}
        assert self.sales.post("/papers/ask", data={**self.copies(), **said}).status_code == 303
        id = self.application().id
        assert self.seals.post(f"/papers/applications/{id}/grant").status_code == 303
        assert self.seals.post(f"/papers/applications/{id}/seal").status_code == 303
        return id

    def pack(self):
        assert self.sales.post("/papers/pack", data=self.copies()).status_code == 303
        self.session.rollback()
        return list(self.session.scalars(sa.select(Parcel).order_by(Parcel.id)))


@pytest.fixture
def desk(session, make, sign_in):
    return Desk(session, make, sign_in)


def text(response):
    return response.get_data(as_text=True)


def test_all_of_a_filter_go_to_the_seal_the_post_and_the_cabinet(desk):
    page = text(desk.sales.get("/papers/?stage=not_asked"))
    assert "Ask for the seal on all 3" in page
    page = text(desk.sales.get("/papers/ask?stage=not_asked&all=1"))
    assert sorted(map(int, re.findall(r'name="id" value="(\d+)"', page))) == desk.papers
    desk.seal()
    assert desk.stages() == {Stage.SEALED}
    page = text(desk.sales.get("/papers/pack?stage=in_hand&all=1"))
    assert "3 parcels: one for each company" in page
    parcels = desk.pack()
    typed = {f"tracking-{parcel.id}": f"SF00000{parcel.id}" for parcel in parcels}
    sent = desk.sales.post(
        "/papers/send",
        data={"id": [p.id for p in parcels], "sent_on": today().isoformat(), "courier": "顺丰速运", **typed},
    )
    assert (sent.status_code, desk.stages()) == (303, {Stage.SENT})
    assert "days out" in text(desk.sales.get("/papers/out"))
    back = desk.sales.post("/papers/back", data={**desk.copies(1), "back_on": today().isoformat()})
    assert (back.status_code, desk.stages()) == (303, {Stage.BACK})
    desk.session.rollback()
    for agreement in desk.agreements:
        steps.sign(desk.session, desk.author, agreement, today())
    desk.session.commit()
    filed = desk.sales.post(
        "/papers/file", data={"id": desk.papers, "cabinet": "A-03"}, follow_redirects=True
    )
    assert "Filed without a scan" in text(filed)
    assert desk.stages() == {Stage.FILED}
    found = text(desk.sales.get("/papers/?q=a-03"))
    assert all(agreement.number in found for agreement in desk.agreements)
    record = text(desk.sales.get(f"/agreements/{desk.agreements[0].id}/"))
    assert "cabinet A-03" in record
    assert "Original came back" in record


def test_what_cannot_be_done_is_listed_with_its_reason_and_a_refused_form_keeps_its_entries(desk):
    desk.session.rollback()
    unprinted = desk.approved()
    unprinted_paper = of_paper(desk.session, current_paper(unprinted)).id
    desk.session.rollback()
    page = text(desk.sales.get(f"/papers/ask?id={unprinted_paper}&id={desk.papers[0]}"))
    assert "has not been printed yet" in page
    refused = desk.sales.post(
        "/papers/ask", data={**desk.copies(7), "seal": "contract_seal", "purpose": "特别用途"}
    )
    assert refused.status_code == 422
    assert "enter 1 to 2 copies" in text(refused)
    assert 'value="7"' in text(refused)
    assert "特别用途" in text(refused)
    assert desk.application() is None
    assert desk.sales.post("/papers/pack", data=desk.copies()).status_code == 422
    assert "not sealed yet" in text(desk.sales.get(f"/papers/pack?id={desk.papers[0]}"))


def test_who_asked_cannot_decide_and_a_refusal_needs_its_reason(desk):
    said = {"seal": "company_seal", "purpose": "年度协议"}
    desk.sales.post("/papers/ask", data={**desk.copies(), **said})
    application = desk.application()
    where = f"/papers/applications/{application.id}"
    assert desk.sales.post(f"{where}/grant").status_code == 403
    assert desk.seals.post(f"{where}/seal").status_code == 409
    assert desk.seals.post(f"{where}/refuse", data={"reason": " "}).status_code == 409
    assert desk.seals.post(f"{where}/refuse", data={"reason": "用途不清"}).status_code == 303
    assert desk.application().status is SealStatus.REFUSED
    assert "用途不清" in text(desk.sales.get(f"{where}/"))


def test_the_sheet_of_an_application_is_a_paper_with_its_list(desk):
    id = desk.seal()
    sheet = desk.sales.get(f"/papers/applications/{id}/sheet.pdf")
    assert sheet.mimetype == "application/pdf"
    assert sheet.data.startswith(b"%PDF")


def test_the_couriers_list_goes_out_and_comes_back_with_numbers(desk):
    desk.seal()
    parcels = desk.pack()
    out = desk.sales.get("/papers/parcels/export?state=open")
    book = openpyxl.load_workbook(io.BytesIO(out.data))
    rows = list(book.active.iter_rows(values_only=True))
    head = list(rows[0])
    assert {"客户订单号", "收件人", "收件电话", "收件详细地址", "运单号"} <= set(head)
    assert {row[0] for row in rows[1:]} == {parcel.number for parcel in parcels}
    assert rows[1][head.index("收件电话")] == "0572-55550102"
    page = book.active
    for line, parcel in enumerate(page.iter_rows(min_row=2), 1):
        parcel[head.index("运单号")].value = f"SF100000000{line}" if line < 3 else "SF1000000001"
        parcel[head.index("快递公司")].value = "顺丰速运"
    file = io.BytesIO()
    book.save(file)
    answered = desk.sales.post(
        "/papers/parcels/numbers",
        data={"file": (io.BytesIO(file.getvalue()), "清单.xlsx"), "sent_on": today().isoformat()},
    )
    said = text(answered)
    assert answered.status_code == 200
    assert "already used in row 2" in said
    assert "data-changed" not in answered.text  # it has been taken in: leaving asks nothing
    desk.session.rollback()
    sent = desk.session.scalars(sa.select(Parcel).where(Parcel.sent_on.is_not(None))).all()
    assert {parcel.tracking for parcel in sent} == {"SF1000000001", "SF1000000002"}
    nothing = desk.sales.post("/papers/parcels/numbers", data={"file": (io.BytesIO(b"a,b\n1,2"), "x.csv")})
    assert nothing.status_code == 422 and "data-changed" in nothing.text


def test_what_was_handed_over_in_person_needs_no_courier(desk):
    desk.seal()
    first, second, third = desk.pack()
    told = text(desk.sales.get("/papers/send?all=1"))
    assert f'name="by-hand-{first.id}"' in told and '<option value="当面交付">' in told
    said = {"id": [first.id, second.id, third.id], "sent_on": today().isoformat()}
    refused = desk.sales.post("/papers/send", data={**said, f"by-hand-{first.id}": "1"})
    assert refused.status_code == 422 and f'name="by-hand-{first.id}" value="1" checked' in text(refused)
    # In the courier's place it holds for those that name neither courier nor number.
    named = {f"by-hand-{first.id}": "1", "courier": "当面交付", f"tracking-{third.id}": "SF1000000009"}
    assert desk.sales.post("/papers/send", data={**said, **named}).status_code == 422
    named |= {"id": [first.id, second.id]}
    assert desk.sales.post("/papers/send", data={**said, **named}).status_code == 303
    desk.session.rollback()
    desk.session.expire_all()
    assert [row.is_by_hand for row in (first, second, third)] == [True, True, False]
    assert first.sent_on == second.sent_on == today() and third.sent_on is None


def test_every_parcel_without_its_number_is_named_and_the_refused_form_is_opened_again_with_all(desk):
    desk.seal()
    first, second, third = desk.pack()
    numbers = [parcel.number for parcel in (first, second, third)]
    told = text(desk.sales.get("/papers/send?all=1"))
    assert 'action="/papers/send?all=1"' in told and "Needs a courier" not in told
    said = {"id": [first.id, second.id, third.id], "sent_on": today().isoformat(), "courier": "EMS"}
    refused = desk.sales.post(
        "/papers/send?all=1", data={**said, f"tracking-{second.id}": "EM0000002"}, follow_redirects=True
    )
    page = text(refused)
    assert refused.status_code == 422 and 'action="/papers/send?all=1"' in page
    alert = page[page.index('role="alert"') : page.index("<form", page.index('role="alert"'))]
    assert [number in alert for number in numbers] == [True, False, True]
    assert "2 parcels need" in alert and page.count('sub hole">Needs a courier') == 2
    # All who lack an address are named as well; nothing was sent before.
    desk.session.rollback()
    for parcel in (first, third):
        desk.session.get_one(Parcel, parcel.id).address = ""
    desk.session.commit()
    typed = {f"tracking-{parcel.id}": f"EM000000{parcel.id}" for parcel in (first, second, third)}
    page = text(desk.sales.post("/papers/send?all=1", data={**said, **typed}))
    assert "2 parcels lack" in page and f"{numbers[0]}、{numbers[2]}" in page
    assert desk.stages() == {Stage.PACKED}


def test_what_was_just_printed_waits_for_its_seal_and_says_since_when(desk):
    id = desk.agreements[0].id
    page = text(desk.sales.get(f"/agreements/{id}/"))
    assert "Seal not asked for" in page and "printed today" in page and "not back yet" not in page
    assert "printed today" in text(desk.sales.get("/papers/out"))


def test_the_couriers_list_holds_what_is_to_be_sent_and_a_parcel_that_is_home_is_not_on_its_way(desk):
    desk.seal()
    first, second, third = desk.pack()
    numbers = [parcel.number for parcel in (first, second, third)]
    said = {"id": [first.id], "sent_on": today().isoformat(), "courier": "EMS"}
    said[f"tracking-{first.id}"] = "EMS1000001"
    assert desk.sales.post("/papers/send", data=said).status_code == 303

    def listed(query):
        data = desk.sales.get(f"/papers/parcels/export{query}").data
        rows = openpyxl.load_workbook(io.BytesIO(data)).active.iter_rows(min_row=2, values_only=True)
        return {row[0] for row in rows}

    assert "List for the courier (2)" in text(desk.sales.get("/papers/parcels/"))
    assert listed("") == set(numbers[1:])
    assert listed("?state=sent") == listed(f"?id={first.id}") == {numbers[0]}
    desk.session.rollback()
    trail = desk.session.get_one(PaperTrail, desk.session.get_one(Parcel, first.id).rows[0].trail_id)
    trail.back_copies, trail.expected_copies, trail.stage = 1, 1, Stage.BACK
    desk.session.commit()
    assert numbers[0] not in text(desk.sales.get("/papers/parcels/?state=sent"))
    for page in ("/papers/parcels/", f"/papers/parcels/{first.id}/"):
        shown = text(desk.sales.get(page))
        assert ">Came back</span>" in shown and ">On its way</span>" not in shown


def test_what_is_out_is_taken_out_as_excel_and_as_a_paper(desk, monkeypatch):
    desk.seal()
    parcels = desk.pack()
    desk.sales.post(
        "/papers/send",
        data={
            "id": [parcels[0].id],
            "sent_on": today().isoformat(),
            "courier": "EMS",
            f"tracking-{parcels[0].id}": "EM0000001",
        },
    )
    book = openpyxl.load_workbook(io.BytesIO(desk.sales.get("/papers/out/export").data))
    rows = list(book.active.iter_rows(values_only=True))
    assert [row[0] for row in rows[1:]] == [desk.author.name]
    assert "EM0000001" in rows[1]
    assert desk.sales.get("/papers/out/list.pdf").data.startswith(b"%PDF")
    monkeypatch.setattr(listing, "MOST_ON_PAPER", 0)
    refused = desk.sales.get("/papers/out/list.pdf")
    assert refused.status_code == 409 and "Choose one office or one owner" in refused.text


def test_a_parcel_is_changed_unpacked_delivered_and_lost_on_its_page(desk):
    desk.seal()
    one, two, _three = desk.pack()
    where = f"/papers/parcels/{one.id}"
    changed = desk.sales.post(
        f"{where}/change",
        data={"recipient": "王五", "phone": "13800000001", "address": "示例路1号", "is_by_hand": "y"},
    )
    assert changed.status_code == 303
    sent = desk.sales.post("/papers/send", data={"id": [one.id], "sent_on": today().isoformat()})
    assert sent.status_code == 303
    assert desk.sales.post(f"{where}/deliver", data={"delivered_on": today().isoformat()}).status_code == 303
    desk.session.rollback()
    desk.session.refresh(one)
    assert (one.recipient, one.is_by_hand, one.delivered_on) == ("王五", True, today())
    unpacked = desk.sales.post(f"/papers/parcels/{two.id}/cancel", data={"reason": "地址有误"})
    assert unpacked.status_code == 303
    assert Stage.SEALED in desk.stages()
    assert "地址有误" in text(desk.sales.get(f"/papers/parcels/{two.id}/"))


def test_reminders_are_the_administrators(desk, sign_in):
    desk.session.rollback()
    boss = sign_in(desk.make.user(Role.ADMINISTRATOR))
    assert desk.sales.get("/papers/reminders").status_code == 403
    assert boss.post("/papers/reminders", data={"owner_days": "5", "manager_days": "3"}).status_code == 422
    assert boss.post("/papers/reminders", data={"owner_days": "5", "manager_days": "15"}).status_code == 303
    assert "after 5 days, managers after 15" in text(boss.get("/papers/out"))


def test_whoever_withdraws_an_approval_reads_that_sealed_copies_are_out(desk, sign_in):
    where = f"/agreements/{desk.agreements[0].id}/"
    manager = sign_in(desk.manager)
    assert "called back" not in manager.get(where).text
    desk.seal()
    assert "2 copies are sealed and 0 were sent: they have to be called back" in manager.get(where).text


def test_looking_back_at_a_day_offers_nothing_to_do_with_the_original(desk):
    where = f"/agreements/{desk.agreements[0].id}/"
    assert "/papers/ask?" in desk.sales.get(where).text
    assert "/papers/ask?" not in desk.sales.get(f"{where}?on=2020-01-01").text
