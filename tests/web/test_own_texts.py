"""Writing the company's own text in the browser: boxes, faults, two people at once, publication, out of offer."""

import html
import re

import pytest
import sqlalchemy as sa

from portal.domain.access.roles import Role
from portal.domain.price_protection import texts
from portal.domain.templates import services as templates
from portal.domain.templates import writing
from portal.domain.templates.models import TemplateDraft, TextState
from tests.domain.agreement_world import AgreementWorld
from tests.paper_examples import BILINGUAL, CHINESE, SMALL


@pytest.fixture
def world(session, make) -> AgreementWorld:
    return AgreementWorld(session, make)


@pytest.fixture
def director(make, session):
    user = make.user(Role.EXECUTIVE, username="director")
    session.commit()
    return user


def boxes(page: str) -> dict[str, str | list[str]]:
    """Every field of the editor as the page shows it."""
    found: dict[str, str | list[str]] = {"order": re.findall(r'name="order" value="([^"]*)"', page)}
    for name, value in re.findall(r'<input [^>]*?name="(title|heading:[^"]+)" value="([^"]*)"', page):
        found[name] = html.unescape(value)
    for name, value in re.findall(r'<textarea [^>]*?name="([^"]+)"[^>]*>(.*?)</textarea>', page, re.DOTALL):
        found[name] = html.unescape(value).removeprefix("\n")
    for tag in re.findall(r'<input [^>]*name="kind:[^>]*>', page):
        name = re.search(r'name="([^"]+)"', tag)[1]
        if 'type="checkbox"' not in tag:
            found[name] = html.unescape(re.search(r'value="([^"]*)"', tag)[1])
        elif " checked" in tag:
            found[name] = "y"
    found["row_version"] = re.search(r'name="row_version"[^>]*value="(\d+)"', page)[1]
    return found


def begin(client, session, origin=CHINESE, key="ours"):
    answer = client.post(
        f"/admin/texts/new?from={origin}@1.0.0", data={"name": "华东版", "key": key, "version": "1.0.0"}
    )
    assert answer.status_code == 303, answer.get_data(as_text=True)
    session.rollback()
    found = session.scalars(sa.select(TemplateDraft).order_by(TemplateDraft.id.desc())).first()
    session.commit()
    return found


def text_of(session, draft) -> str:
    session.rollback()
    session.refresh(draft)
    session.commit()
    return draft.text


@pytest.mark.parametrize("origin", [CHINESE, BILINGUAL, SMALL])
def test_saving_what_the_page_shows_changes_nothing(session, world, director, sign_in, origin):
    client = sign_in(director)
    draft = begin(client, session, origin)
    before = draft.text
    page = client.get(f"/admin/texts/{draft.id}/edit").get_data(as_text=True)
    assert "{{" not in "".join(value for value in boxes(page).values() if isinstance(value, str))
    assert "nothing: it can be handed over" in page
    answer = client.post(f"/admin/texts/{draft.id}/edit", data={**boxes(page), "do": "save"})
    assert answer.status_code == 303
    assert text_of(session, draft) == before


def test_a_fault_is_shown_at_once_and_saved_all_the_same(session, world, director, sign_in):
    client = sign_in(director)
    draft = begin(client, session)
    address = f"/admin/texts/{draft.id}/edit"
    sent = boxes(client.get(address).get_data(as_text=True))
    sent["text:rebate:0"] = sent["text:rebate:0"].replace("【返利率】", "【返利】", 1)
    live = client.post(address, data={**sent, "do": "check"}, headers={"HX-Request": "true"})
    page = live.get_data(as_text=True)
    assert page.lstrip().startswith("<section") and "Did you mean 【返利率】" in page
    assert "{{rebate_rate}}" in text_of(session, draft)
    assert client.post(address, data={**sent, "do": "save"}).status_code == 303
    assert "【返利】" in text_of(session, draft)
    client.post(f"/admin/texts/{draft.id}/submit", data={"row_version": draft.row_version})
    text_of(session, draft)
    assert draft.state is TextState.DRAFT
    review = client.get(f"/admin/texts/{draft.id}").get_data(as_text=True)
    assert "First correct what is listed." in review and "must stand in the text" in review


def test_a_heading_in_a_box_is_refused_and_everything_typed_is_kept(session, world, director, sign_in):
    client = sign_in(director)
    draft = begin(client, session)
    address = f"/admin/texts/{draft.id}/edit"
    sent = boxes(client.get(address).get_data(as_text=True))
    sent["text:rebate:0"] += "\n## 第九十九条 {#extra}"
    sent["heading:fund"] = "  "
    answer = client.post(address, data={**sent, "do": "save"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "must not begin with # or |" in page and "Enter a heading." in page
    assert boxes(page)["text:rebate:0"] == sent["text:rebate:0"]
    assert "第九十九条" not in text_of(session, draft)


def test_articles_are_added_and_removed_but_never_those_that_the_portal_fills(
    session, world, director, sign_in
):
    client = sign_in(director)
    draft = begin(client, session)
    address = f"/admin/texts/{draft.id}/edit"
    sent = boxes(client.get(address).get_data(as_text=True))
    more = boxes(client.post(address, data={**sent, "do": "add:final"}).get_data(as_text=True))
    assert more["order"][more["order"].index("final") + 1] == "own-a"
    more |= {"heading:own-a": "第十七条　其他", "text:own-a:0": "17.1 双方另行约定的，从其约定。"}
    assert client.post(address, data={**more, "do": "save"}).status_code == 303
    assert "## 第十七条　其他 {#own-a}\n\n17.1 双方另行约定的，从其约定。" in text_of(session, draft)
    assert writing.findings(draft) == []
    sent = boxes(client.get(address).get_data(as_text=True))
    for gone in ("own-a", "signatures", "annex-prices"):
        page = client.post(address, data={**sent, "do": f"remove:{gone}"}).get_data(as_text=True)
        assert (gone in boxes(page)["order"]) is (gone != "own-a")
    sent["order"] = [one for one in sent["order"] if one not in ("signatures", "annex-violations", "own-a")]
    client.post(address, data={**sent, "do": "save"})
    assert writing.findings(draft) == [] or text_of(session, draft)
    text = text_of(session, draft)
    assert "{#signatures}" in text and "{#annex-violations}" in text and "own-a" not in text


def test_who_saves_second_sees_both_and_loses_nothing(session, make, world, director, sign_in):
    other = make.user(Role.COUNSEL, username="second")
    session.commit()
    draft = begin(sign_in(director), session)
    address = f"/admin/texts/{draft.id}/edit"
    client = sign_in(director)
    mine = boxes(client.get(address).get_data(as_text=True))
    theirs = dict(mine)
    theirs["text:rebate:0"] = theirs["text:rebate:0"].replace("3.1 ", "3.1 甲方确认，", 1)
    assert sign_in(other).post(address, data={**theirs, "do": "save"}).status_code == 303
    mine["text:fund:0"] = mine["text:fund:0"].replace("4.1 ", "4.1 乙方确认，", 1)
    client = sign_in(director)
    answer = client.post(address, data={**mine, "do": "save"})
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "Somebody else saved this text" in page and "<del>甲方确认，</del>" in page
    assert "4.1 乙方确认，" in boxes(page)["text:fund:0"] and "甲方确认，" in text_of(session, draft)
    assert client.post(address, data={**boxes(page), "do": "save"}).status_code == 303
    assert "乙方确认，" in text_of(session, draft) and "甲方确认，" not in draft.text


def test_another_person_publishes_and_agreements_can_be_written_on_it(session, world, director, sign_in):
    client = sign_in(director)
    draft = begin(client, session, SMALL)
    address = f"/admin/texts/{draft.id}"
    sent = boxes(client.get(f"{address}/edit").get_data(as_text=True))
    sent["text:rebate:0"] = sent["text:rebate:0"].replace("3.1 ", "3.1 双方确认，", 1)
    client.post(f"{address}/edit", data={**sent, "do": "review"})
    text_of(session, draft)
    client.post(f"{address}/submit", data={"row_version": draft.row_version})
    sha256 = templates.sha256_of(text_of(session, draft))
    assert draft.state is TextState.SUBMITTED
    assert client.get(f"{address}/edit").status_code == 303
    reader = sign_in(world.counsel)
    assert "Read and publish 华东版 1.0.0" in reader.get("/").get_data(as_text=True)
    page = reader.get(address).get_data(as_text=True)
    assert "<ins>双方确认，</ins>" in page and sha256 in page
    refused = reader.post(f"{address}/publish", data={"sha256": "0" * 64, "note": "示例律师意见书"})
    assert refused.status_code == 422 and "no longer the one you read" in refused.get_data(as_text=True)
    answer = reader.post(f"{address}/publish", data={"sha256": sha256, "note": "示例律师意见书"})
    assert answer.headers["Location"] == "/templates/ours.zh/1.0.0"
    page = reader.get("/templates/ours.zh/1.0.0").get_data(as_text=True)
    assert "价格保护协议（小店版）（华东版）" in page and "use this version" in page
    session.rollback()
    distributor = world.add_distributor()
    form = sign_in(world.author).get(f"/agreements/new?distributor={distributor.id}")
    assert "ours.zh@1.0.0" in form.get_data(as_text=True)


def test_a_text_that_no_longer_fits_on_one_sheet_is_not_handed_over(session, world, director, sign_in):
    client = sign_in(director)
    draft = begin(client, session, SMALL)
    address = f"/admin/texts/{draft.id}"
    sent = boxes(client.get(f"{address}/edit").get_data(as_text=True))
    sent["text:final:0"] += "\n" + "\n".join(
        f"16.{no} " + "双方另行约定的事项从其约定。" * 6 for no in range(4, 16)
    )
    client.post(f"{address}/edit", data={**sent, "do": "save"})
    text_of(session, draft)
    answer = client.post(f"{address}/submit", data={"row_version": draft.row_version}, follow_redirects=True)
    assert "does not fit on one sheet" in answer.get_data(as_text=True)
    text_of(session, draft)
    assert draft.state is TextState.DRAFT


def test_a_text_is_seen_with_the_data_of_an_agreement_that_one_may_read(
    session, make, world, director, sign_in
):
    agreement = world.signed()
    draft = begin(sign_in(director), session)
    client = sign_in(director)
    page = client.get(f"/admin/texts/{draft.id}/paper?number={agreement.number.lower()}").get_data(
        as_text=True
    )
    assert agreement.distributor.name in page and f"with the data of {agreement.number}" in page
    page = client.get(f"/admin/texts/{draft.id}/paper").get_data(as_text=True)
    assert "湖州样板商贸有限公司" in page and agreement.distributor.name not in page
    page = client.get(f"/admin/texts/{draft.id}/paper?number=PPA-0").get_data(as_text=True)
    assert "You see no agreement with the number PPA-0." in page
    pdf = client.get(f"/admin/texts/{draft.id}/paper.pdf?number={agreement.number}")
    assert pdf.data.startswith(b"%PDF") and pdf.mimetype == "application/pdf"


def test_a_released_text_is_taken_out_of_offer_and_offered_again(session, world, sign_in):
    client = sign_in(world.counsel)
    address = f"/templates/{CHINESE}/1.0.0"
    refused = client.post(f"{address}/stop", data={"reason": " "})
    assert refused.status_code == 422 and "Enter the reason." in refused.get_data(as_text=True)
    assert client.post(f"{address}/stop", data={"reason": "第三条有误", "holds_work": "y"}).status_code == 303
    page = client.get(address).get_data(as_text=True)
    assert (
        "No longer offered" in page
        and "第三条有误" in page
        and "agreements in work on it are not approved" in page
    )
    assert "No longer offered" in client.get("/templates/").get_data(as_text=True)
    session.rollback()
    session.expire_all()
    assert texts.offered_editions(session) == []
    client.post(f"{address}/resume", data={"reason": "误操作"})
    session.rollback()
    session.expire_all()
    assert [one.key for one in texts.offered_editions(session)] == [CHINESE]


def test_kinds_of_violation_are_reworded_added_and_taken_out(session, world, director, sign_in):
    client = sign_in(director)
    draft = begin(client, session)
    address = f"/admin/texts/{draft.id}/edit"
    sent = boxes(client.get(address).get_data(as_text=True))
    assert sent["kind:hostile_quoting:kind"] == "恶意报价"
    sent |= {
        "kind:code_tampering:kind": "",
        "kind:hostile_quoting:share": "５０",
        "kind:own_1:kind": "私自|改装",
        "kind:own_1:definition": "未经甲方书面同意，拆改受保护产品的包装后销售。",
        "kind:own_1:share": "250",
    }
    page = client.post(address, data={**sent, "do": "check"}).get_data(as_text=True)
    assert "1 correction needed" in page
    sent["kind:own_1:share"] = "30"
    assert client.post(address, data={**sent, "do": "save"}).status_code == 303
    library = {row.code: row for row in templates.parsed(text_of(session, draft)).library}
    assert list(library) == ["cross_territory", "hostile_quoting", "approved_price", "own_1"]
    assert (library["hostile_quoting"].share_ppm, library["own_1"].share_ppm) == (500_000, 300_000)
    assert (library["own_1"].kind, library["own_1"].is_enabled) == ("私自｜改装", False)
    assert library["approved_price"].needs_approval and writing.findings(draft) == []
