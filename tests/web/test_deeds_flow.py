"""The way of an amendment and of a notice of termination through their pages, to the paper and its check."""

import html
import io
from datetime import timedelta

import pytest
import sqlalchemy as sa

from portal.db import today
from portal.domain.jobs.models import Job
from portal.domain.price_protection.deeds import base, deciding, life
from portal.domain.price_protection.models import (
    Agreement,
    AgreementTerms,
    Amendment,
    DeedStatus,
    PriceChange,
    Status,
    Termination,
)
from portal.domain.price_protection.trail import packing, posting
from portal.domain.price_protection.trail.beginning import of_paper
from portal.domain.templates import offers
from portal.web import tables
from tests.domain.agreement_world import PDF
from tests.domain.deed_world import DeedWorld
from tests.domain.test_price_changes import listed
from tests.paper_examples import SMALL, template_text


@pytest.fixture(autouse=True)
def quick_printer(monkeypatch):
    """Papers made in no time; what they look like is tested where they are printed."""

    def render(job):
        return b"%PDF-1.7 " + job.identifier.encode() + job.html.encode(), 2

    monkeypatch.setattr("portal.printing.pool.render", render)


@pytest.fixture
def world(session, make):
    return DeedWorld(session, make)


def only(session, kind):
    session.rollback()
    session.expire_all()
    return session.scalars(sa.select(kind)).one()


def seen(page):
    return page.split('name="seen"')[1].split('value="')[1].split('"')[0]


def changed(world, agreement, **said):
    """What a browser sends for an amendment form in which only something is changed."""
    product = world.product
    return {
        "amendment_effective_on": (today() + timedelta(days=30)).isoformat(),
        "amendment_reason": "调整返利率",
        "rebate_rate": "3.5",
        "base_share": "60",
        "award_share": "100",
        "expires_on": agreement.expires_on.isoformat(),
        "territory_description": "浙江省湖州市吴兴区、南浔区",
        "prices-0-product_id": str(product.id),
        "prices-0-kind": "suggested_retail",
        "prices-0-amount": "28.50",
        "violation-cross_territory": "y",
        "share-cross_territory": "100",
        "violation-hostile_quoting": "y",
        "share-hostile_quoting": "100",
        "do": "submit",
        **said,
    }


def test_an_amendment_goes_from_its_form_to_terms_of_its_own(world, session, sign_in):
    agreement = world.signed()
    author, manager = sign_in(world.author), sign_in(world.manager)
    form = f"/agreements/{agreement.id}/amend"
    assert author.get(form).status_code == 200
    compared = author.post(form, data=changed(world, agreement, do="preview")).get_data(as_text=True)
    assert "<ins>3.50%</ins>" in compared
    assert session.scalar(sa.select(sa.func.count(Amendment.id))) == 0
    sent = author.post(form, data=changed(world, agreement))
    assert sent.status_code == 303, sent.get_data(as_text=True)
    deed = only(session, Amendment)
    record = f"/agreements/{agreement.id}/amendments/{deed.id}/"
    assert sent.location == record
    assert deed.status is DeedStatus.SUBMITTED
    assert deed.says["values"] == {"rebate_rate": 35_000}
    assert author.get(form).location == record
    draft = author.get(f"{record}paper.pdf").get_data().decode()
    assert "草稿" in draft
    assert "补充协议" in draft

    page = manager.get(record).get_data(as_text=True)
    assert "<ins>3.50%</ins>" in page
    assert author.post(f"{record}decide", data={"do": "approve", "seen": seen(page)}).status_code == 403
    approved = manager.post(f"{record}decide", data={"do": "approve", "seen": seen(page)})
    assert approved.location == record, approved.get_data(as_text=True)
    original = author.get(f"{record}paper.pdf").get_data()
    assert "草稿" not in original.decode()
    printed = author.post(f"{record}print", data={"copies": "2"})
    assert author.get(printed.location).get_data() == original

    assert author.get(f"{record}signing").status_code == 200
    sent = {"signed_on": today().isoformat(), "scans": [(io.BytesIO(PDF), "已盖章.pdf")]}
    assert author.post(f"{record}signing", data=sent).location == record
    deed = only(session, Amendment)
    assert (deed.status, deed.signed_on) == (DeedStatus.SIGNED, today())
    assert author.get(f"{record}scans/{deed.scans[0].id}").get_data() == PDF
    terms = session.scalars(sa.select(AgreementTerms).order_by(AgreementTerms.no)).all()
    assert [(row.no, row.rebate_ppm) for row in terms] == [(0, 30_000), (1, 35_000)]
    history = author.get(f"/agreements/{agreement.id}/").get_data(as_text=True)
    assert deed.title in history


def test_prices_wait_for_counsel_and_the_record_says_so(world, session, sign_in):
    agreement = world.signed()
    author, counsel, manager = (sign_in(user) for user in (world.author, world.counsel, world.manager))
    author.post(
        f"/agreements/{agreement.id}/amend",
        data=changed(world, agreement, rebate_rate="3", **{"prices-0-amount": "29.90"}),
    )
    deed = only(session, Amendment)
    assert deed.says["prices"] == [[world.product.id, "suggested_retail", 2990]]
    record = f"/agreements/{agreement.id}/amendments/{deed.id}/"
    page = manager.get(record).get_data(as_text=True)
    assert manager.post(f"{record}decide", data={"do": "approve", "seen": seen(page)}).status_code == 422
    page = counsel.get(record).get_data(as_text=True)
    assert counsel.post(f"{record}counsel", data={"seen": seen(page)}).location == record
    assert only(session, Amendment).counsel_id == world.counsel.id
    page = manager.get(record).get_data(as_text=True)
    assert manager.post(f"{record}decide", data={"do": "approve", "seen": seen(page)}).location == record


def test_an_amendment_that_is_sent_back_is_corrected_and_sent_again(world, session, sign_in):
    deed = world.submitted_amendment()
    author, manager = sign_in(world.author), sign_in(world.manager)
    record = f"/agreements/{deed.agreement_id}/amendments/{deed.id}/"
    page = manager.get(record).get_data(as_text=True)
    sent = {"do": "send_back", "reason": "返利率有误", "seen": seen(page)}
    assert manager.post(f"{record}decide", data=sent).location == record
    assert only(session, Amendment).status is DeedStatus.DRAFT
    form = author.get(f"{record}edit").get_data(as_text=True)
    assert 'value="3.5"' in form
    agreement = session.get(Agreement, deed.agreement_id)
    version = form.split('name="version"')[1].split('value="')[1].split('"')[0]
    again = author.post(f"{record}edit", data=changed(world, agreement, rebate_rate="4", version=version))
    assert again.location == record, again.get_data(as_text=True)
    assert only(session, Amendment).says["values"] == {"rebate_rate": 40_000}


def test_a_notice_takes_two_persons_and_ends_the_agreement_once_served(world, session, sign_in):
    agreement = world.signed()
    author, manager, director = (sign_in(user) for user in (world.author, world.manager, world.director))
    form = f"/agreements/{agreement.id}/termination"
    assert author.get(form).status_code == 200
    ends = today() + timedelta(days=40)
    sent = {
        "sender": "manufacturer",
        "ground": "notice",
        "reason": "我方调整该区域的供货安排",
        "notice_on": today().isoformat(),
        "expected_on": (today() + timedelta(days=3)).isoformat(),
        "terminates_on": ends.isoformat(),
        "balance_on": today().isoformat(),
        "fund_balance_fen": "2280",
        "handover_on": ends.isoformat(),
        "do": "submit",
    }
    refused = author.post(form, data=sent)
    assert refused.status_code == 422
    assert session.scalar(sa.select(sa.func.count(Termination.id))) == 0
    done = author.post(form, data={**sent, "is_downstream_supplied": "y", "is_reconciled": "y"})
    assert done.status_code == 303, done.get_data(as_text=True)
    deed = only(session, Termination)
    assert deed.number == f"TZ-{today().year}-0001"
    record = f"/agreements/{agreement.id}/notices/{deed.id}/"
    for approver in (manager, director):
        assert only(session, Termination).status is DeedStatus.SUBMITTED
        page = approver.get(record).get_data(as_text=True)
        assert approver.post(f"{record}decide", data={"do": "approve", "seen": seen(page)}).location == record
    assert only(session, Termination).status is DeedStatus.APPROVED
    assert only(session, Agreement).status is Status.SIGNED
    assert "贰仟贰佰捌拾元整" in author.get(f"{record}paper.pdf").get_data().decode()
    service = {"served_on": today().isoformat(), "how": "courier", "note": "示例速递 SF1"}
    assert author.get(f"{record}signing").status_code == 200
    assert author.post(f"{record}signing", data=service).location == record
    agreement = only(session, Agreement)
    assert (agreement.status, agreement.ends_on) == (Status.TERMINATED, ends)
    assert author.get(record).status_code == 200


def test_a_deed_of_another_agreement_is_not_found_under_this_one(world, sign_in):
    deed, other = world.amendment(), world.signed()
    author = sign_in(world.author)
    assert author.get(f"/agreements/{other.id}/amendments/{deed.id}/").status_code == 404
    assert author.get(f"/agreements/{deed.agreement_id}/notices/{deed.id}/").status_code == 404


def test_prices_are_changed_in_many_agreements_at_once(world, session, sign_in):
    agreements = [world.signed() for _turn in range(2)]
    author, counsel = sign_in(world.author), sign_in(world.counsel)
    ticked = "&".join(f"id={agreement.id}" for agreement in agreements)
    address = f"/agreements/prices?{ticked}"
    assert "data-guard" in author.get(address).get_data(as_text=True)
    chinese = sign_in(world.author, language="zh_CN").get(address).get_data(as_text=True)
    assert "按金额涨跌（元）" in chinese and "按百分比或元" in chinese
    sent = {
        "effective_on": (today() + timedelta(days=20)).isoformat(),
        "reason": "统一调整建议价",
        "how": "percent",
        "value": "－5",
        "step": "0.10",
    }
    shown = author.post(address, data={**sent, "do": "preview"}).get_data(as_text=True)
    assert shown.count("27.10") == 2
    assert author.post(address, data={**sent, "value": "x", "do": "make"}).status_code == 422
    assert session.scalar(sa.select(sa.func.count(Amendment.id))) == 0
    made = author.post(address, data={**sent, "do": "make"})
    assert made.status_code == 303, made.get_data(as_text=True)
    session.rollback()
    deeds = session.scalars(sa.select(Amendment)).all()
    assert [deed.says["prices"][0][2] for deed in deeds] == [2710, 2710]
    record = f"/agreements/prices/{deeds[0].price_change_id}/"
    assert deeds[1].title in author.get(record).get_data(as_text=True)
    assert author.post(f"{record}counsel", data={"seen": "x"}).status_code == 403
    assert counsel.post(f"{record}counsel", data={"seen": "x"}).status_code == 422
    page = counsel.get(record).get_data(as_text=True)
    listed = page.split('name="seen" value="')[1].split('"')[0]
    assert "spot checks are still open" in page
    assert counsel.post(f"{record}counsel", data={"seen": listed}).status_code == 422
    assert counsel.post(f"{record}counsel", data={"do": "draw"}).location == f"{record}#review"
    session.expire_all()
    for deed in deeds:
        own = f"/agreements/{deed.agreement_id}/amendments/{deed.id}/"
        read = counsel.get(own).get_data(as_text=True).split('id="spot-check"')[1]
        sha256 = read.split('name="seen"')[1].split('value="')[1].split('"')[0]
        assert counsel.post(f"{own}look", data={"seen": sha256}).location == record
    assert "spot checks are still open" not in counsel.get(record).get_data(as_text=True)
    sent = counsel.post(f"{record}counsel", data={"seen": listed})
    session.rollback()
    [job] = session.scalars(sa.select(Job).where(Job.kind == deciding.REVIEW))
    assert sent.location == f"/tasks/{job.id}"
    session.expire_all()
    session.rollback()
    assert {deed.counsel_id for deed in session.scalars(sa.select(Amendment))} == {world.counsel.id}


def test_a_price_change_knows_exceptions_row_by_row(world, session, sign_in):
    ruled, excepted, left_out = (world.signed() for _turn in range(3))
    author = sign_in(world.author)
    address = f"/agreements/prices?id={ruled.id}&id={excepted.id}&id={left_out.id}"
    sent = {
        "effective_on": (today() + timedelta(days=20)).isoformat(),
        "reason": "统一调整建议价",
        "how": "percent",
        "value": "-5",
        "step": "0.10",
    }
    shown = author.post(address, data={**sent, "do": "preview"}).get_data(as_text=True)
    ruled_by = html.unescape(shown.split('name="ruled" value="')[1].split('"')[0])
    box = f"price-{excepted.id}-{world.product.id}-suggested_retail"
    assert box in shown
    wrong = author.post(address, data={**sent, "ruled": ruled_by, box: "x", "do": "make"})
    assert wrong.status_code == 422
    assert excepted.number in wrong.get_data(as_text=True)
    typed = {**sent, "ruled": ruled_by, box: "２８．００", "out": str(left_out.id)}
    another_rule = author.post(address, data={**typed, "value": "-6", "do": "make"})
    assert "The change is another now" in another_rule.get_data(as_text=True)
    again = author.post(address, data={**typed, "do": "preview"}).get_data(as_text=True)
    assert 'value="28.00"' in again
    assert author.post(address, data={**typed, "do": "make"}).status_code == 303
    session.rollback()
    made = {deed.agreement_id: deed.says["prices"][0][2] for deed in session.scalars(sa.select(Amendment))}
    assert made == {ruled.id: 2710, excepted.id: 2800}
    change = session.scalars(sa.select(Amendment.price_change_id)).first()
    record = author.get(f"/agreements/prices/{change}/").get_data(as_text=True)
    assert "1 price excepted" in record
    assert left_out.number in record.split("Left out by hand")[1].split("</section>")[0]
    # Counsel reads the exception in any case, and why it is one.
    counsel = sign_in(world.counsel)
    listed = counsel.get(f"/agreements/prices/{change}/").get_data(as_text=True)
    assert "other price: " in listed and "¥28.00 instead of ¥27.10" in listed
    deed = session.scalars(sa.select(Amendment).where(Amendment.agreement_id == excepted.id)).one()
    own = f"/agreements/{excepted.id}/amendments/{deed.id}/"
    session.rollback()
    read = counsel.get(own).get_data(as_text=True).split('id="spot-check"')[1]
    assert "¥28.00 instead of ¥27.10" in read
    sha256 = read.split('name="seen"')[1].split('value="')[1].split('"')[0]
    assert counsel.post(f"{own}look", data={"seen": sha256}).status_code == 303
    assert ">read<" in counsel.get(f"/agreements/prices/{change}/").get_data(as_text=True)


def test_one_click_renews_with_the_amended_terms_for_the_next_period(world, session, sign_in):
    agreement = world.signed()
    world.signed_amendment(agreement)
    author = sign_in(world.author)
    made = author.post(f"/agreements/{agreement.id}/renew")
    session.rollback()
    draft = session.scalars(sa.select(Agreement).where(Agreement.follows_id == agreement.id)).one()
    assert made.location == f"/agreements/{draft.id}/"
    assert (draft.status, draft.effective_on) == (Status.DRAFT, agreement.ends_on + timedelta(days=1))
    assert draft.terms[0].rebate_ppm == 35_000
    assert author.get(made.location).status_code == 200
    assert author.post(f"/agreements/{agreement.id}/renew").location == made.location


def test_the_list_shows_the_terms_that_hold_today(world, session, sign_in):
    agreement = world.signed()
    world.signed_amendment(agreement, effective_on=today())
    world.signed_amendment(
        agreement, values={"rebate_rate": 40_000}, effective_on=today() + timedelta(days=5)
    )
    listed = sign_in(world.author).get("/agreements/").get_data(as_text=True)
    assert "3.5%" in listed
    assert listed.count(agreement.number) >= 1
    assert listed.count('name="id"') == 1


def test_a_past_day_is_shown_as_it_was_and_nonsense_as_today(world, session, sign_in):
    agreement = world.signed()
    world.signed_amendment(agreement, effective_on=today() + timedelta(days=10))
    author = sign_in(world.author)
    record = f"/agreements/{agreement.id}/"
    later = (today() + timedelta(days=10)).isoformat()
    assert "3.5% of the purchase amount" in author.get(f"{record}?on={later}").get_data(as_text=True)
    for address in (record, f"{record}?on=31.2.", f"{record}?on={today()}"):
        page = author.get(address).get_data(as_text=True)
        assert "3% of the purchase amount" in page
        assert "As of another day" in page
        assert ("cannot be read as a date" in page) is ("31.2." in address)
    day = today() + timedelta(days=10)
    for typed in (
        f"{day.year}/{day.month}/{day.day}",
        f"{day.year}.{day.month}.{day.day}",
        "".join(chr(ord(sign) + 0xFEE0) for sign in f"{day.year}-{day.month}-{day.day}"),
    ):
        assert "3.5% of the purchase amount" in author.get(record, query_string={"on": typed}).get_data(
            as_text=True
        )
    before = author.get(f"{record}?on=2020-01-01").get_data(as_text=True)
    assert "had not been drafted yet" in before


def test_the_originals_of_a_price_change_or_of_a_list_are_printed_together(world, session, sign_in):
    deed, notice = world.approved_amendment(), world.approved_notice()
    change = PriceChange(
        region_id=world.region.id,
        author_id=world.author.id,
        effective_on=deed.effective_on,
        reason="统一调整建议价",
        rule={"how": "percent", "value": 1, "step_fen": 1, "product_id": None, "kind": None},
        agreement_ids=[deed.agreement_id],
    )
    session.add(change)
    session.flush()
    deed.price_change_id = change.id
    session.commit()
    author = sign_in(world.author)
    record = author.get(f"/agreements/prices/{change.id}/").get_data(as_text=True)
    assert f"/agreements/print?change={change.id}" in record
    page = author.get(f"/agreements/print?change={change.id}").get_data(as_text=True)
    assert deed.title in page
    assert notice.number not in page
    listed = author.get("/agreements/print?of=originals&all=1&stage=not_asked").get_data(as_text=True)
    assert deed.title in listed
    assert notice.number in listed
    trails = [of_paper(session, base.current_paper(one)).id for one in (deed, notice)]
    session.rollback()
    ticked = author.get("/agreements/print", query_string={"of": "originals", "id": trails})
    assert ticked.get_data(as_text=True).count('name="id"') == 2
    sent = {"of": "originals", "id": trails, "copies": "1", "form": "zip"}
    assert author.post("/agreements/print", data=sent).status_code == 303
    session.rollback()
    kinds = {event.kind for one in (deed.agreement, notice.agreement) for event in one.events}
    assert kinds >= {"amendment_printed", "notice_printed"}
    session.rollback()
    record = author.get(f"/agreements/prices/{change.id}/").get_data(as_text=True)
    assert "1 printed original waits for our seal" in record
    asked = author.get(f"/papers/ask?all=1&stage=not_asked&change={change.id}").get_data(as_text=True)
    assert deed.title in asked and notice.number not in asked


def test_the_service_of_a_notice_is_proposed_from_its_parcel(world, session, sign_in):
    deed = world.approved_notice()
    life.record_print(session, world.author, deed, 1)
    trail = of_paper(session, base.current_paper(deed))
    trail.sealed_copies = 1
    trail.settle()
    session.commit()
    (parcel,) = packing.pack(session, world.author, {trail.id: 1})
    posting.send(session, world.author, parcel, today(), courier="示例速递", tracking="SF0000000001")
    posting.deliver(session, world.author, parcel, today())
    session.commit()
    address = f"/agreements/{deed.agreement_id}/notices/{deed.id}/"
    author = sign_in(world.author)
    assert "示例速递 SF0000000001" in author.get(f"{address}signing").get_data(as_text=True)
    page = author.get(f"/papers/parcels/{parcel.id}/").get_data(as_text=True)
    assert f"{address}signing" in page
    assert "Sent, not served" in page
    assert "Sent, not served" in author.get(address).get_data(as_text=True)


def test_every_amendment_of_a_price_change_is_on_a_page_of_its_list(world, session, sign_in, monkeypatch):
    change = listed(world, 3)
    session.commit()
    numbers = sorted(session.scalars(sa.select(Agreement.number)))
    monkeypatch.setattr(tables.page_of, "__kwdefaults__", {**tables.page_of.__kwdefaults__, "per_page": 2})
    counsel = sign_in(world.counsel)
    address = f"/agreements/prices/{change.id}/"
    first, second = (counsel.get(f"{address}?page={no}").get_data(as_text=True) for no in (1, 2))
    tables_only = [page.split('id="list"')[1] for page in (first, second)]
    assert [[number for number in numbers if number in page] for page in tables_only] == [
        numbers[:2],
        numbers[2:],
    ]
    rows = counsel.get(f"{address}?page=2", headers={"HX-Request": "true", "HX-Target": "list"})
    assert rows.get_data(as_text=True).lstrip().startswith('<div id="list"')


def test_what_lapses_with_the_agreement_is_said_before_and_after_the_service(world, session, sign_in):
    agreement = world.signed()
    amendment = world.submitted_amendment(agreement)
    notice = world.approved_notice(agreement)
    author = sign_in(world.author)
    record = f"/agreements/{agreement.id}/notices/{notice.id}/"
    page = author.get(f"{record}signing").get_data(as_text=True)
    assert "With the service these lapse" in page
    assert amendment.title in page
    service = {"served_on": today().isoformat(), "how": "in_person"}
    assert author.post(f"{record}signing", data=service).location == record
    told = author.get(f"/agreements/{agreement.id}/amendments/{amendment.id}/").get_data(as_text=True)
    assert "it lapsed when the agreement was terminated" in told
    assert f"by {notice.number}; last day" in told


def test_a_form_on_a_text_out_of_offer_is_refused_before_anybody_types(world, session, sign_in):
    agreement = world.signed()
    author = sign_in(world.author)
    for template, form in zip(world.deed_templates, ("amend", "termination"), strict=True):
        assert author.get(f"/agreements/{agreement.id}/{form}").status_code == 200
        offers.stop(session, world.counsel, template, reason="第一条有误", holds_work=False)
        session.commit()
        refused = author.get(f"/agreements/{agreement.id}/{form}", follow_redirects=True)
        assert "第一条有误" in html.unescape(refused.get_data(as_text=True))
        assert 'name="amendment_reason"' not in refused.get_data(as_text=True)


def test_the_amendments_form_offers_an_agreed_kind_that_left_counsels_list(world, session, sign_in):
    world.template = world.add_template(SMALL)
    agreement = world.signed()
    lines = template_text().replace("version: 1.0.0", "version: 1.1.0", 1).splitlines(keepends=True)
    world.add_template(text="".join(line for line in lines if "hostile_quoting" not in line))
    page = sign_in(world.author).get(f"/agreements/{agreement.id}/amend").get_data(as_text=True)
    tick = page.split('id="violation-hostile_quoting"')
    assert len(tick) == 2 and "checked" in tick[0].rsplit("<", 1)[1] + tick[1].split(">", 1)[0]
