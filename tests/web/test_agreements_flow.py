"""The way of an agreement through its pages: draft, submit, approve, print, sign, file."""

import io
import re
from datetime import timedelta

import openpyxl
import pytest
import sqlalchemy as sa

from portal.db import today
from portal.domain.access.roles import Role
from portal.domain.audit.models import AuditEvent
from portal.domain.distributors.models import Distributor, NearSame
from portal.domain.price_protection.models import Agreement, AgreementEvent, PriceKind, Status
from tests.domain.agreement_world import PDF, AgreementWorld


@pytest.fixture(autouse=True)
def quick_printer(monkeypatch):
    """Papers made in no time; what they look like is tested where they are printed."""

    def render(job):
        return b"%PDF-1.7 " + job.identifier.encode() + job.html.encode(), 6

    monkeypatch.setattr("portal.printing.pool.render", render)


@pytest.fixture
def world(session, make):
    return AgreementWorld(session, make)


def filled(world, **said):
    """What a browser sends for a form that lacks nothing."""
    return {
        "template": "price-protection.zh@1.0.0",
        "effective_on": (today() + timedelta(days=1)).isoformat(),
        "expires_on": (today() + timedelta(days=365)).isoformat(),
        "signing_place": "浙江省杭州市西湖区",
        "territory_description": "浙江省湖州市吴兴区、南浔区",
        "rebate_rate": "3",
        "base_share": "60",
        "award_share": "100",
        "prices-0-product_id": str(world.product.id),
        "prices-0-kind": "suggested_retail",
        "prices-0-amount": "28.50",
        "violation-cross_territory": "y",
        "share-cross_territory": "100",
        "share-hostile_quoting": "100",
        "share-code_tampering": "100",
        "share-approved_price": "100",
        "do": "save",
        **said,
    }


def only(session):
    session.rollback()
    session.expire_all()
    return session.scalars(sa.select(Agreement)).one()


def test_an_agreement_goes_from_draft_to_its_filed_scan(world, session, sign_in):
    distributor = world.add_distributor()
    author, manager = sign_in(world.author), sign_in(world.manager)
    address = f"/agreements/new?distributor={distributor.id}"
    assert author.get(address).status_code == 200
    saved = author.post(address, data=filled(world))
    assert saved.status_code == 303, saved.get_data(as_text=True)
    agreement = only(session)
    record = f"/agreements/{agreement.id}/"
    assert saved.location == record
    assert (agreement.status, agreement.number) == (Status.DRAFT, f"PPA-{today().year}-000001")
    draft = author.get(f"{record}contract.pdf")
    assert draft.mimetype == "application/pdf"
    assert "草稿" in draft.get_data().decode()

    assert author.post(f"{record}submit").location == record
    assert only(session).status is Status.SUBMITTED
    assert author.post(f"{record}review", data={"do": "approve"}).status_code == 403
    page = manager.get(f"{record}review").get_data(as_text=True)
    seen = page.split('name="seen"')[1].split('value="')[1].split('"')[0]
    assert manager.post(f"{record}review", data={"do": "approve", "seen": seen}).location == record
    assert only(session).status is Status.APPROVED
    original = author.get(f"{record}contract.pdf").get_data()
    assert "草稿" not in original.decode()

    printed = author.post(f"{record}print", data={"copies": "2"})
    assert (printed.status_code, printed.location) == (303, f"{record}contract.pdf")
    assert author.get(printed.location).get_data() == original
    session.rollback()
    event = session.scalars(sa.select(AgreementEvent).where(AgreementEvent.kind == "printed")).one()
    assert event.params["copies"] == 2

    assert author.get(f"{record}signing").status_code == 200
    assert author.post(f"{record}signing", data={"signed_on": today().isoformat()}).location == record
    assert only(session).status is Status.SIGNED
    sent = {"scans": [(io.BytesIO(PDF), "已盖章.pdf"), (io.BytesIO(b"\xff\xd8\xff x"), "page2.jpg")]}
    assert author.post(f"{record}signing", data=sent).location == record
    scans = only(session).scans
    assert {scan.document.filename for scan in scans} == {"已盖章.pdf", "page2.jpg"}
    stored = next(scan for scan in scans if scan.document.filename == "已盖章.pdf")
    assert author.get(f"{record}scans/{stored.id}").get_data() == PDF

    assert author.get(f"{record}contract.pdf").get_data() == original
    assert author.get(record).status_code == 200


def test_what_the_register_lacks_is_asked_for_and_kept_there(world, session, sign_in):
    distributor = world.make.distributor(world.region, world.author)
    author = sign_in(world.author)
    address = f"/agreements/new?distributor={distributor.id}"
    page = author.get(address).get_data(as_text=True)
    for name in ("uscc", "legal_rep", "address", "contact", "phone"):
        assert f'name="distributor_{name}"' in page
    facts = {
        "distributor_uscc": "９１３３０５００MA00EX3B4P",
        "distributor_legal_rep": "李样本",
        "distributor_address": "浙江省湖州市吴兴区样板街2号",
        "distributor_contact": "李四",
        "distributor_phone": "0572-55550102",
    }
    assert author.post(address, data=filled(world, do="submit", **facts)).status_code == 303
    assert only(session).status is Status.SUBMITTED
    kept = session.get(Distributor, distributor.id)
    assert (kept.uscc, kept.legal_rep) == ("91330500MA00EX3B4P", "李样本")
    assert kept.people[0].name == "李四"
    assert "distributor_uscc" not in author.get(address).get_data(as_text=True)


def test_a_credit_code_that_another_record_has_is_kept_once_somebody_says_it_is_right(
    world, session, make, sign_in
):
    code = "91330500MA00EX3B4P"
    known = make.distributor(world.region, world.author, uscc=code)
    empty = make.distributor(world.region, world.author)
    author = sign_in(world.author)
    address = f"/agreements/new?distributor={empty.id}"
    said = filled(world, do="save", distributor_uscc=code)
    refused = author.post(address, data=said)
    assert refused.status_code == 422
    assert known.code in refused.text and 'name="is_related"' in refused.text
    assert author.post(address, data=said | {"is_related": "y"}).status_code == 303
    session.rollback()
    session.refresh(empty)
    assert empty.uscc == code
    assert session.scalar(sa.select(NearSame.reason).where(NearSame.distributor_id == empty.id)) == "uscc"


def test_submitting_too_early_lists_every_hole_with_its_link_and_keeps_what_was_typed(
    world, session, sign_in
):
    distributor = world.make.distributor(world.region, world.author)
    author = sign_in(world.author)
    address = f"/agreements/new?distributor={distributor.id}"
    sent = filled(world, do="submit", territory_description="", **{"prices-0-product_id": ""})
    refused = author.post(address, data=sent)
    assert refused.status_code == 422
    page = refused.get_data(as_text=True)
    for anchor in ("#distributor_uscc", "#distributor_address", "#territory_description", "#prices"):
        assert f'href="{anchor}"' in page, anchor
    assert "浙江省杭州市西湖区" in page
    session.rollback()
    assert session.scalars(sa.select(Agreement)).all() == []


def test_adding_a_row_without_javascript_keeps_every_entry_and_saves_nothing(world, session, sign_in):
    distributor = world.add_distributor()
    author = sign_in(world.author)
    address = f"/agreements/new?distributor={distributor.id}"
    page = author.post(
        address, data=filled(world, do="add-row", rebate_rate="4.25", award_share="")
    ).get_data(as_text=True)
    assert 'value="4.25"' in page
    assert 'name="prices-1-amount"' in page
    assert 'value="28.50"' in page
    page = author.post(address, data=filled(world, do="remove-0")).get_data(as_text=True)
    assert "28.50" not in page.split('id="violations"')[0].split('id="prices"')[1]
    session.rollback()
    assert session.scalars(sa.select(Agreement)).all() == []


def test_the_preview_shows_the_chinese_paper_as_the_form_stands(world, session, sign_in):
    distributor = world.add_distributor()
    author = sign_in(world.author)
    address = f"/agreements/new?distributor={distributor.id}"
    sent = filled(world, do="preview", rebate_rate="4.25", territory_description="浙江省湖州市德清县")
    shown = author.post(address, data=sent, headers={"HX-Request": "true"}).get_data(as_text=True)
    assert "<html" not in shown
    for text in ("价格保护协议", "4.25%", "浙江省湖州市德清县", "贰拾捌元伍角整", distributor.name):
        assert text in shown
    session.rollback()
    assert session.scalars(sa.select(Agreement)).all() == []


def test_a_stale_form_shows_both_readings_and_loses_nothing(world, session, sign_in):
    agreement = world.draft()
    world.make.user(Role.SALESPERSON, world.region)
    first, second = sign_in(world.author), sign_in(world.manager)
    address = f"/agreements/{agreement.id}/edit"
    version = str(agreement.version)
    assert first.post(address, data=filled(world, version=version, rebate_rate="5")).status_code == 303
    sent = filled(world, version=version, rebate_rate="6", territory_description="浙江省湖州市长兴县")
    stale = second.post(address, data=sent)
    assert stale.status_code == 422
    page = stale.get_data(as_text=True)
    assert "<td>5.00%</td><td>6.00%</td>" in page
    assert "浙江省湖州市长兴县" in page
    now = page.split('name="version"')[1].split('value="')[1].split('"')[0]
    assert second.post(address, data={**sent, "version": now}).status_code == 303
    assert only(session).terms[0].rebate_ppm == 60_000


def test_of_two_readings_each_line_can_be_theirs(world, session, sign_in):
    agreement = world.draft()
    first, second = sign_in(world.author), sign_in(world.manager)
    address, version = f"/agreements/{agreement.id}/edit", str(agreement.version)
    theirs = filled(
        world, version=version, rebate_rate="5", base_share="70", signing_place="浙江省湖州市吴兴区"
    )
    theirs |= {"violation-hostile_quoting": "y", "prices-0-amount": "30.00"}
    assert first.post(address, data=theirs).status_code == 303
    mine = filled(world, version=version, rebate_rate="6", base_share="80")
    page = second.post(address, data=mine).get_data(as_text=True)
    keys = re.findall(r'name="theirs" value="([^"]+)"', page)
    price = f"price {world.product.id} suggested_retail"
    assert {"rebate_ppm", "base_share", "value signing_place", "violation hostile_quoting", price} <= set(
        keys
    )
    now = page.split('name="version"')[1].split('value="')[1].split('"')[0]
    chosen = ["rebate_ppm", "value signing_place", "violation hostile_quoting", price, "no such line"]
    # A refusal meanwhile loses no choice.
    refused = second.post(address, data={**mine, "version": now, "theirs": chosen, "expires_on": ""})
    assert refused.status_code == 422
    assert refused.get_data(as_text=True).count('type="hidden" name="theirs"') == len(chosen)
    assert second.post(address, data={**mine, "version": now, "theirs": chosen}).status_code == 303
    terms = only(session).terms[0]
    assert (terms.rebate_ppm, terms.base_share) == (50_000, 80)
    assert terms.values["signing_place"] == "浙江省湖州市吴兴区"
    assert {row.code for row in terms.violations} == {"cross_territory", "hostile_quoting"}
    assert [row.amount_fen for row in terms.prices] == [3000]


def test_an_approver_sees_what_was_changed_since_it_was_sent_back(world, session, sign_in):
    agreement = world.submitted()
    manager, author = sign_in(world.manager), sign_in(world.author)
    review = f"/agreements/{agreement.id}/review"
    assert 'id="mended"' not in manager.get(review).get_data(as_text=True)
    manager.post(review, data={"do": "send_back", "reason": "返利率有误，地址不清"})
    before = only(session)
    fields = filled(world, effective_on=before.effective_on, expires_on=before.expires_on)
    for rate, place in (("4", "浙江省湖州市吴兴区"), ("5", "浙江省湖州市长兴县")):
        fields |= {"version": only(session).version, "rebate_rate": rate, "signing_place": place}
        assert author.post(f"/agreements/{before.id}/edit", data=fields).status_code == 303
    assert author.post(f"/agreements/{before.id}/submit").status_code == 303
    page = manager.get(review, headers={"Accept-Language": "en"}).get_data(as_text=True)
    mended = page.split('id="mended"')[1].split("</section>")[0]
    assert "返利率有误，地址不清" in mended
    # Two edits are one change: what it said then, what it says now.
    assert "<td>3.00%</td><td>5.00%</td>" in mended and "4.00%" not in mended
    assert "<td>浙江省湖州市长兴县</td>" in mended
    assert "Last day" not in mended


def test_sent_back_and_submitted_unchanged_is_told_so(world, sign_in):
    agreement = world.submitted()
    manager, author = sign_in(world.manager), sign_in(world.author)
    manager.post(f"/agreements/{agreement.id}/review", data={"do": "send_back", "reason": "请再核对"})
    author.post(f"/agreements/{agreement.id}/submit")
    page = manager.get(f"/agreements/{agreement.id}/review").get_data(as_text=True)
    assert "Nothing has changed since" in page.split('id="mended"')[1].split("</section>")[0]


def test_who_has_a_running_agreement_is_offered_its_renewal_first(world, session, sign_in):
    signed, drafted = world.signed(), world.draft(world.add_distributor())
    fresh = world.add_distributor()
    author = sign_in(world.author)

    def row(distributor_id):
        page = author.get("/agreements/new").get_data(as_text=True)
        return next(part for part in page.split("<tr") if f'distributor={distributor_id}"' in part)

    with_one = row(signed.distributor_id)
    assert f'data-href="/agreements/new?follows={signed.id}"' in with_one
    assert ">Renew<" in with_one and ">Draft another<" in with_one
    assert ">Renew<" not in row(drafted.distributor_id)
    assert f"/agreements/{drafted.id}/" in row(drafted.distributor_id)
    assert f'data-href="/agreements/new?distributor={fresh.id}"' in row(fresh.id)
    # Once its renewal is drafted there is nothing to renew any more.
    assert author.post(f"/agreements/new?follows={signed.id}", data=filled(world)).status_code == 303
    assert ">Renew<" not in row(signed.distributor_id)


def test_a_text_that_is_not_offered_says_why(session, make, sign_in):
    world = AgreementWorld(session, make)
    address = f"/agreements/new?distributor={world.add_distributor().id}"
    page = sign_in(world.author).get(address, headers={"Accept-Language": "en"}).get_data(as_text=True)
    helped = page.split('id="template-h">')[1].split("</p>")[0]
    assert helped.count("counsel has not released this version yet") == 2
    session.rollback()
    world.add_template("price-protection.bilingual")
    session.commit()
    page = sign_in(world.author).get(address, headers={"Accept-Language": "en"}).get_data(as_text=True)
    assert page.split('id="template-h">')[1].split("</p>")[0].count("Not offered") == 1
    assert 'value="price-protection.bilingual@' in page


def test_choosing_a_product_shows_its_price_and_approval_at_once(world, session, sign_in):
    approval = world.approve_price(world.product, PriceKind.MINIMUM_RESALE)
    session.commit()
    address = f"/agreements/new?distributor={world.add_distributor().id}"
    author = sign_in(world.author)

    def hint(kind):
        sent = filled(world, do="preview") | {"prices-0-kind": kind, "prices-0-amount": ""}
        answer = author.post(address, data=sent, headers={"HX-Request": "true", "Accept-Language": "en"})
        told = answer.get_data(as_text=True).split('id="prices-0-hint" hx-swap-oob="true">')[1]
        return re.sub("<[^>]+>", "", told.split("</p>")[0])

    proposed = {price.kind: price.amount_fen for price in world.product.prices}
    for kind in PriceKind:
        said = hint(kind.value)
        if kind in proposed:
            assert f"Default {proposed[kind] / 100:,.2f}" in said
        else:
            assert "No default price" in said
        assert (approval.number in said) == (kind is PriceKind.MINIMUM_RESALE)
        assert ("not approved by counsel" in said) == (kind is PriceKind.MAXIMUM_RETAIL)


def test_a_wrong_signing_date_is_corrected_until_the_agreement_takes_effect(
    world, session, sign_in, monkeypatch
):
    agreement = world.approved(
        effective_on=today() + timedelta(days=10), expires_on=today() + timedelta(days=300)
    )
    agreement.papers[0].made_at -= timedelta(days=5)
    session.commit()
    author, record = sign_in(world.author), f"/agreements/{agreement.id}/"
    address = f"{record}signing-date"
    assert author.get(address).status_code == 409
    author.post(f"{record}signing", data={"signed_on": today().isoformat()})
    assert address in author.get(record).text
    right, reason = today() - timedelta(days=2), "签署日录成了登记日"
    for wrong in (
        {"signed_on": right.isoformat(), "reason": " "},
        {"signed_on": "", "reason": reason},
        {"signed_on": today().isoformat(), "reason": reason},
        {"signed_on": (today() - timedelta(days=6)).isoformat(), "reason": reason},
        {"signed_on": (today() + timedelta(days=1)).isoformat(), "reason": reason},
    ):
        assert author.post(address, data=wrong).status_code == 422, wrong
    assert only(session).signed_on == today()
    assert author.post(address, data={"signed_on": right.isoformat(), "reason": reason}).location == record
    agreement = only(session)
    assert agreement.signed_on == right
    event = agreement.events[0]
    assert (event.kind, event.by_id, event.reason) == ("signing_corrected", world.author.id, reason)
    assert event.params == {"before": today().isoformat(), "signed_on": right.isoformat()}
    trail = session.scalars(
        sa.select(AuditEvent).where(AuditEvent.action == "agreement.signing_corrected")
    ).one()
    assert trail.params["reason"] == reason
    page = author.get(record).text
    assert f"{today()} → {right}" in page and reason in page
    # From its first day on it has effects, and the date stays.
    first_day = agreement.effective_on
    monkeypatch.setattr("portal.domain.price_protection.steps.today", lambda: first_day)
    assert address not in author.get(record).text
    refused = author.post(address, data={"signed_on": today().isoformat(), "reason": reason})
    assert refused.status_code == 422
    assert "cannot be corrected any more" in refused.text


def test_an_unreleased_template_is_listed_and_cannot_be_approved(session, make, sign_in):
    world = AgreementWorld(session, make, is_released=False)
    agreement = world.submitted()
    manager = sign_in(world.manager)
    page = manager.get(f"/agreements/{agreement.id}/review").get_data(as_text=True)
    seen = page.split('name="seen"')[1].split('value="')[1].split('"')[0]
    refused = manager.post(f"/agreements/{agreement.id}/review", data={"do": "approve", "seen": seen})
    assert refused.status_code == 422
    assert "has not released the template" in refused.get_data(as_text=True)
    assert only(session).status is Status.SUBMITTED


def test_sending_back_asks_for_the_reason_and_tells_the_author(world, session, sign_in):
    agreement = world.submitted()
    manager, author = sign_in(world.manager), sign_in(world.author)
    address = f"/agreements/{agreement.id}/review"
    assert manager.post(address, data={"do": "send_back", "reason": " "}).status_code == 422
    assert manager.post(address, data={"do": "send_back", "reason": "返利率有误"}).status_code == 303
    assert only(session).status is Status.DRAFT
    assert "返利率有误" in author.get(f"/agreements/{agreement.id}/").get_data(as_text=True)


def test_what_was_changed_after_the_page_was_read_is_not_approved(world, session, sign_in):
    agreement = world.submitted()
    manager = sign_in(world.manager)
    page = manager.get(f"/agreements/{agreement.id}/review").get_data(as_text=True)
    seen = page.split('name="seen"')[1].split('value="')[1].split('"')[0]
    agreement.distributor.address = "浙江省湖州市南浔区新址9号"
    session.commit()
    refused = manager.post(f"/agreements/{agreement.id}/review", data={"do": "approve", "seen": seen})
    assert refused.status_code == 422
    assert only(session).status is Status.SUBMITTED


def test_the_list_narrows_by_phase_words_and_expiry_and_exports_what_it_shows(world, sign_in):
    ending = world.signed(
        world.add_distributor(name="独一无二商贸有限公司"),
        effective_on=today() - timedelta(days=300),
        expires_on=today() + timedelta(days=20),
    )
    world.draft()
    author = sign_in(world.author)
    for query, count in (
        ("", 2),
        ("?phase=effective", 1),
        ("?phase=draft", 1),
        ("?expiring=30", 1),
        ("?expiring=7", 0),
        (f"?q={ending.number[-6:]}", 1),
        ("?q=独一无二", 1),
        (f"?region={world.region.id}&owner={world.author.id}", 2),
    ):
        page = author.get(f"/agreements/{query}").get_data(as_text=True)
        assert page.count("data-href=") == count, query
    book = author.get("/agreements/export?phase=effective")
    assert book.mimetype.endswith("spreadsheetml.sheet")
    sheet = openpyxl.load_workbook(io.BytesIO(book.get_data())).active
    rows = list(sheet.iter_rows(values_only=True))
    assert len(rows) == 2
    assert {ending.number, "独一无二商贸有限公司", 0.03} <= set(rows[1])


def test_a_renewal_starts_from_what_its_forerunner_says(world, session, sign_in):
    earlier = world.signed(rebate_ppm=42_500, values={"territory_description": "浙江省湖州市安吉县"})
    author = sign_in(world.author)
    page = author.get(f"/agreements/new?follows={earlier.id}").get_data(as_text=True)
    assert "浙江省湖州市安吉县" in page
    assert 'value="4.25"' in page
    first = (earlier.ends_on + timedelta(days=1)).isoformat()
    assert first in page
    sent = filled(world, effective_on=first, expires_on=(earlier.ends_on + timedelta(days=300)).isoformat())
    assert author.post(f"/agreements/new?follows={earlier.id}", data=sent).status_code == 303
    session.rollback()
    later = session.scalars(sa.select(Agreement).where(Agreement.follows_id == earlier.id)).one()
    assert later.number in author.get(f"/agreements/{earlier.id}/").get_data(as_text=True)


def test_breach_of_an_approved_price_can_be_ticked_only_with_one_in_the_list(world, session, sign_in):
    distributor = world.add_distributor()
    author = sign_in(world.author)
    address = f"/agreements/new?distributor={distributor.id}"
    binding = filled(world, do="preview", **{"prices-0-kind": "minimum_resale"})
    closed = 'id="violation-approved_price" disabled'
    assert closed in author.post(address, data=binding).get_data(as_text=True)
    world.approve_price(world.product, PriceKind.MINIMUM_RESALE)
    assert closed not in author.post(address, data=binding).get_data(as_text=True)
    assert closed in author.post(address, data=filled(world, do="preview")).get_data(as_text=True)


def test_a_renewal_in_hand_is_opened_instead_of_written_twice(world, session, sign_in):
    earlier = world.signed()
    author = sign_in(world.author)
    address = f"/agreements/new?follows={earlier.id}"
    first = (earlier.ends_on + timedelta(days=1)).isoformat()
    sent = filled(world, effective_on=first, expires_on=(earlier.ends_on + timedelta(days=300)).isoformat())
    assert author.post(address, data=sent).status_code == 303
    session.rollback()
    later = session.scalars(sa.select(Agreement).where(Agreement.follows_id == earlier.id)).one()
    for answer in (author.get(address), author.post(address, data=sent)):
        assert answer.location == f"/agreements/{later.id}/"
    draft = world.draft()
    assert author.get(f"/agreements/new?follows={draft.id}").location == f"/agreements/{draft.id}/"


def test_submitting_what_somebody_changed_meanwhile_is_refused(world, session, sign_in):
    agreement = world.draft()
    seen = agreement.version
    first, second = sign_in(world.author), sign_in(world.manager)
    sent = filled(world, version=str(seen), rebate_rate="5")
    assert second.post(f"/agreements/{agreement.id}/edit", data=sent).status_code == 303
    assert first.post(f"/agreements/{agreement.id}/submit", data={"version": str(seen)}).status_code == 409
    assert only(session).status is Status.DRAFT


def test_a_letter_that_cannot_be_printed_is_named_beside_its_field_with_every_other_mistake(world, sign_in):
    distributor = world.make.distributor(world.region, world.author)
    said = filled(world, do="save", distributor_legal_rep="王𰻝", effective_on="2026/2/30")
    refused = sign_in(world.author).post(f"/agreements/new?distributor={distributor.id}", data=said)
    assert refused.status_code == 422
    assert "𰻝" in refused.text.split('id="distributor_legal_rep-e')[1][:200]
    assert 'id="effective_on-e' in refused.text
