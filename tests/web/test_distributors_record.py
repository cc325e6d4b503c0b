"""The pages of one distributor: seen, made, changed, by whom and from where."""

import re
from html import unescape

import pytest
import sqlalchemy as sa

from portal.domain.access.roles import Role
from portal.domain.audit.models import AuditEvent
from portal.domain.distributors import contacts, duplicates, services
from portal.domain.distributors.models import Distributor, NearSame

USCC = "91330500MA00EX3B4P"


@pytest.fixture
def distributor(make, office, clerk):
    return make.distributor(office, clerk, phones=["0572-5555102"])


def opened(client, address):
    """The form of a page, as a browser would send it back."""
    page = client.get(address)
    assert page.status_code == 200, page.status_code
    return entries(page.get_data(as_text=True))


def entries(html):
    """Names and values of the big form's fields."""
    form = re.search(r'<form method="post"[^>]*data-guard.*?</form>', html, re.S)[0]
    values = {}
    for tag in re.findall(r"<input [^>]*>", form):
        attributes = dict(re.findall(r'([\w-]+)="([^"]*)"', tag))
        if attributes.get("type") in ("checkbox", "radio") and " checked" not in tag:
            continue
        values[attributes["name"]] = _plain(attributes.get("value", ""))
    for name, body in re.findall(r'<textarea [^>]*name="(\w+)"[^>]*>(.*?)</textarea>', form, re.S):
        values[name] = _plain(body).strip()
    for name, body in re.findall(r'<select [^>]*name="(\w+)"[^>]*>(.*?)</select>', form, re.S):
        chosen = re.search(r'<option selected value="([^"]*)"', body)
        values[name] = chosen[1] if chosen else ""
    return values


def afresh(session):
    """Read what requests have written: end the snapshot, forget the rows."""
    session.rollback()
    session.expire_all()


def _plain(text):
    for code, sign in (("&#34;", '"'), ("&quot;", '"'), ("&#39;", "'"), ("&lt;", "<"), ("&amp;", "&")):
        text = text.replace(code, sign)
    return text


def test_a_record_is_registered_with_what_is_known_and_shown(session, clerk, office, sign_in):
    browser = sign_in(clerk)
    form = opened(browser, "/distributors/new")
    assert (form["region_id"], form["owner_id"]) == (str(office.id), str(clerk.id))
    form |= {
        "name": "湖州样板商贸有限公司",
        "uscc": "９１３３０５００ＭＡ００ＥＸ３Ｂ４Ｐ",
        "phones": "0571-00005151／０００５１５２，13800000051（王）",
        "contact_name": "王晓明",
        "contact_birthday": "5月2日",
        "territory": "吴兴区",
        "credit_limit_fen": "３８０万",
    }
    made = browser.post("/distributors/new", data=form)
    assert made.status_code == 303
    shown = browser.get(made.location).get_data(as_text=True)
    assert "湖州样板商贸有限公司 is registered as D-00001." in shown
    for told in (USCC, 'href="tel:13800000051"', "王晓明", "05-02", "吴兴区", "¥3,800,000.00", "Registered"):
        assert told in shown, told
    row = session.scalars(sa.select(Distributor)).one()
    assert (row.owner_id, len(row.phones), row.people[0].is_primary) == (clerk.id, 3, True)


def test_a_refused_form_keeps_every_entry_and_names_what_is_wrong(session, clerk, sign_in):
    browser = sign_in(clerk)
    form = opened(browser, "/distributors/new") | {
        "name": "示例🙂商行",
        "uscc": "91330110MA2EXAMP18",
        "bank_account": "6.2E+18",
        "founded_on": "2019-02-30",
        "address": "虚构路 51 号",
    }
    refused = browser.post("/distributors/new", data=form)
    html = refused.get_data(as_text=True)
    assert refused.status_code == 422
    assert "Not saved: 4 corrections needed" in html
    kept = entries(html)
    for name in ("name", "uscc", "bank_account", "founded_on", "address"):
        assert kept[name] == form[name]
    assert "These characters cannot be printed: 🙂" in html
    assert session.scalar(sa.select(sa.func.count()).select_from(Distributor)) == 0


def test_a_supplier_that_cannot_be_found_is_refused_beside_its_box(clerk, sign_in):
    browser = sign_in(clerk)
    form = opened(browser, "/distributors/new") | {"name": "示例五号商行", "parent": "没有这家"}
    refused = browser.post("/distributors/new", data=form)
    assert refused.status_code == 422
    assert 'href="#parent"' in refused.get_data(as_text=True)


def test_a_look_alike_of_another_office_shows_its_code_name_and_office_and_needs_a_tick(
    session, make, clerk, sign_in
):
    elsewhere = make.region("示例西区")
    known = make.distributor(
        elsewhere,
        code="W-77",
        name="湖州市样板商贸公司",
        address="秘密路9号",
        uscc=USCC,
        phones=["0572-5555199"],
    )
    browser = sign_in(clerk)
    form = opened(browser, "/distributors/new") | {"name": "湖州样板商贸有限公司", "uscc": USCC}
    asked = browser.post("/distributors/new", data=form)
    html = asked.get_data(as_text=True)
    assert asked.status_code == 422
    assert all(told in html for told in ("W-77", "湖州市样板商贸公司", "示例西区"))
    assert "秘密路" not in html and "5199" not in html and f"/distributors/{known.id}" not in html
    again = entries(html)
    assert "accepted" not in again
    made = browser.post("/distributors/new", data=again | {"accepted": "y"})
    assert made.status_code == 303
    flag = session.scalars(sa.select(NearSame)).one()
    assert flag.other_id == known.id
    shown = browser.get(made.location).get_data(as_text=True)
    assert "Possibly registered twice" in shown and "W-77" in shown and "秘密路" not in shown


def test_the_tick_without_the_list_it_was_set_for_counts_for_nothing(session, make, clerk, office, sign_in):
    make.distributor(office, clerk, name="湖州样板商贸公司")
    browser = sign_in(clerk)
    form = opened(browser, "/distributors/new") | {"name": "湖州样板商贸有限公司", "accepted": "y"}
    assert browser.post("/distributors/new", data=form).status_code == 422


def test_an_edit_changes_the_record_and_its_history(session, distributor, clerk, sign_in):
    browser = sign_in(clerk)
    address = f"/distributors/{distributor.id}/edit"
    form = opened(browser, address) | {"address": "新街2号", "staff": "１２ 人"}
    saved = browser.post(address, data=form)
    assert (saved.status_code, saved.location) == (303, f"/distributors/{distributor.id}")
    afresh(session)
    assert (distributor.address, distributor.staff) == ("新街2号", 12)
    shown = browser.get(saved.location).get_data(as_text=True)
    assert "<del>—</del> → <ins>新街2号</ins>" in shown


def test_sending_the_form_back_unchanged_changes_nothing(session, make, office, clerk, sign_in):
    parent = make.distributor(make.region("示例西区"), code="W-1")
    made = make.distributor(
        office,
        clerk,
        parent_id=parent.id,
        uscc=USCC,
        bank_account="6200000000000051",
        deposit_fen=500_050,
        credit_days=0,
        brands="虚构酱园、样本食品",
        note="第一行\n第二行",
        phones=["0572-5555102", "13800000051"],
    )
    version = made.version
    browser = sign_in(clerk)
    address = f"/distributors/{made.id}/edit"
    # The factory's numbers are written without their blanks; the first save writes them as they are read.
    assert browser.post(address, data=opened(browser, address)).status_code == 303
    afresh(session)
    version = made.version
    assert browser.post(address, data=opened(browser, address)).status_code == 303
    afresh(session)
    assert made.version == version
    assert (made.parent_id, made.deposit_fen, made.credit_days) == (parent.id, 500_050, 0)


def test_who_saves_second_sees_both_versions_and_saves_with_one_more_click(
    session, make, office, distributor, clerk, sign_in
):
    other = make.user(Role.REGIONAL_MANAGER, office)
    first, second = sign_in(clerk), sign_in(other)
    address = f"/distributors/{distributor.id}/edit"
    mine = opened(second, address) | {"address": "我的路3号", "city": "杭州"}
    theirs = opened(first, address) | {"address": "他的路2号", "staff": "9"}
    assert first.post(address, data=theirs).status_code == 303
    told = second.post(address, data=mine)
    html = told.get_data(as_text=True)
    assert told.status_code == 422
    assert "Somebody else saved this record after you opened it." in html
    assert "他的路2号" in html and "Overwrite with my version" in html
    again = entries(html)
    assert (again["address"], again["city"], again["staff"]) == ("我的路3号", "杭州", "9")
    afresh(session)
    assert distributor.address == "他的路2号"
    assert second.post(address, data=again).status_code == 303
    afresh(session)
    assert (distributor.address, distributor.city, distributor.staff) == ("我的路3号", "杭州", 9)


def test_what_only_the_other_one_changed_is_told_and_kept(session, make, office, distributor, clerk, sign_in):
    first, second = sign_in(clerk), sign_in(make.user(Role.REGIONAL_MANAGER, office))
    address = f"/distributors/{distributor.id}/edit"
    mine = opened(second, address) | {"city": "杭州"}
    theirs = opened(first, address) | {
        "phones": "13800000051（王）",
        "level": "retailer",
        "address": "他的路2号",
    }
    assert first.post(address, data=theirs).status_code == 303
    told = second.post(address, data=mine)
    assert told.status_code == 422
    again = entries(told.get_data(as_text=True))
    assert second.post(address, data=again).status_code == 303
    afresh(session)
    row = session.get_one(Distributor, distributor.id)
    assert (row.city, row.address, row.level.value) == ("杭州", "他的路2号", "retailer")
    assert [phone.digits for phone in row.phones] == ["13800000051"]


def test_a_contact_added_meanwhile_does_not_stop_an_edit(session, make, office, distributor, clerk, sign_in):
    browser = sign_in(clerk)
    address = f"/distributors/{distributor.id}/edit"
    form = opened(browser, address) | {"city": "杭州"}
    added = browser.post(f"/distributors/{distributor.id}/contacts/new", data={"name": "李四"})
    assert added.status_code == 303
    assert browser.post(address, data=form).status_code == 303
    afresh(session)
    assert (distributor.city, distributor.people[0].name) == ("杭州", "李四")


def test_a_version_or_an_opened_form_that_was_tampered_with_is_only_stale(distributor, clerk, sign_in):
    browser = sign_in(clerk)
    address = f"/distributors/{distributor.id}/edit"
    form = opened(browser, address)
    for bad in ({"version": "x"}, {"version": "99", "opened": "["}, {"version": "", "opened": "[1]"}):
        answer = browser.post(address, data=form | {"city": "杭州"} | bad)
        assert answer.status_code in (303, 422)


def test_an_owner_who_does_not_see_the_office_is_refused(session, make, distributor, clerk, sign_in):
    stranger = make.user(Role.SALESPERSON, make.region())
    browser = sign_in(clerk)
    address = f"/distributors/{distributor.id}/edit"
    refused = browser.post(address, data=opened(browser, address) | {"owner_id": str(stranger.id)})
    assert refused.status_code == 422
    assert 'href="#owner_id"' in refused.get_data(as_text=True)


def test_a_reader_owns_no_account_but_keeps_the_one_they_have(
    session, make, office, distributor, clerk, sign_in
):
    auditor = make.user(Role.AUDITOR, office, name="示例审计")
    browser = sign_in(clerk)
    address = f"/distributors/{distributor.id}/edit"
    assert "示例审计" not in browser.get(address).get_data(as_text=True)
    refused = browser.post(address, data=opened(browser, address) | {"owner_id": str(auditor.id)})
    assert refused.status_code == 422
    distributor.owner_id = auditor.id
    session.commit()
    kept = opened(browser, address) | {"owner_id": str(auditor.id), "city": "示例市"}
    assert browser.post(address, data=kept).status_code == 303
    afresh(session)
    assert (distributor.owner_id, distributor.city) == (auditor.id, "示例市")


def test_a_sum_that_nobody_gave_is_missing_and_none_is_none(session, distributor, clerk, sign_in):
    browser = sign_in(clerk)
    here = f"/distributors/{distributor.id}"
    assert "<dd>¥0.00</dd>" not in browser.get(here).get_data(as_text=True)
    entries = opened(browser, f"{here}/edit") | {"deposit_fen": "0"}
    assert browser.post(f"{here}/edit", data=entries).status_code == 303
    afresh(session)
    assert (distributor.credit_limit_fen, distributor.deposit_fen) == (None, 0)
    assert browser.get(here).get_data(as_text=True).count("<dd>¥0.00</dd>") == 1


@pytest.mark.parametrize("role", [Role.AUDITOR, Role.FINANCE, Role.TRAINER])
def test_readers_see_the_record_and_change_nothing(make, office, distributor, role, sign_in):
    browser = sign_in(make.user(role, office))
    page = browser.get(f"/distributors/{distributor.id}")
    assert page.status_code == 200
    assert "/edit" not in page.get_data(as_text=True)
    for address in ("new", f"{distributor.id}/edit", f"{distributor.id}/contacts/new"):
        assert browser.get(f"/distributors/{address}").status_code == 403
        assert browser.post(f"/distributors/{address}", data={}).status_code == 403


def test_writing_elsewhere_does_not_open_an_office_one_only_reads(
    session, make, office, distributor, sign_in
):
    reader = make.user(Role.AUDITOR, office)
    other = make.region()
    writer = make.user(Role.SALESPERSON, other)
    writer.grants.append(type(writer.grants[0])(role=Role.AUDITOR, region_id=office.id))
    session.commit()
    assert reader is not writer
    browser = sign_in(writer)
    assert browser.get(f"/distributors/{distributor.id}").status_code == 200
    assert browser.get(f"/distributors/{distributor.id}/edit").status_code == 403
    assert browser.post(f"/distributors/{distributor.id}/edit", data={}).status_code == 403


def test_a_record_of_another_office_is_no_page_at_all(session, make, distributor, clerk, sign_in):
    person = contacts.add(session, clerk, distributor, {"name": "李四"})
    session.add(NearSame(distributor_id=distributor.id, other_id=make.distributor().id))
    session.commit()
    flag = session.scalars(duplicates.flags_of(distributor)).one()
    browser = sign_in(make.user(Role.REGIONAL_MANAGER, make.region()))
    here = f"/distributors/{distributor.id}"
    for address in (
        here,
        f"{here}/edit",
        f"{here}/contacts/new",
        f"{here}/contacts/{person.id}/edit",
        f"{here}/contacts/{person.id}/erase",
        f"{here}/licences/new",
        f"{here}/documents/new",
        f"{here}/likeness/{flag.id}",
        f"{here}/downstream/{distributor.id}",
        "/distributors/9007199254740991",
        "/distributors/99999999999999999999",
    ):
        assert browser.get(address).status_code == 404, address


def test_parts_of_another_record_are_no_pages_of_this_one(session, make, office, clerk, distributor, sign_in):
    other = make.distributor(office, clerk)
    person = contacts.add(session, clerk, other, {"name": "李四"})
    session.commit()
    browser = sign_in(clerk)
    here = f"/distributors/{distributor.id}"
    for address in (f"contacts/{person.id}/edit", f"contacts/{person.id}/erase", f"downstream/{other.id}"):
        assert browser.get(f"{here}/{address}").status_code == 404


def test_a_contact_is_added_changed_and_erased(session, distributor, clerk, sign_in):
    browser = sign_in(clerk)
    here = f"/distributors/{distributor.id}"
    refused = browser.post(f"{here}/contacts/new", data={"name": "", "birthday": "2-30"})
    assert refused.status_code == 422
    assert browser.post(f"{here}/contacts/new", data={"name": "欧阳示例"}).status_code == 303
    person = distributor.people[0]
    form = opened(browser, f"{here}/contacts/{person.id}/edit") | {"title": "经理"}
    assert browser.post(f"{here}/contacts/{person.id}/edit", data=form).status_code == 303
    erase = f"{here}/contacts/{person.id}/erase"
    assert "欧阳示例" in browser.get(erase).get_data(as_text=True)
    assert browser.post(erase, data={}).status_code == 422
    assert browser.post(erase, data={"why": "asked"}).status_code == 303
    shown = browser.get(here).get_data(as_text=True)
    assert "欧阳示例" not in shown and "经理" not in shown
    assert "Contact erased" in shown and "At the person's request" in unescape(shown)
    assert browser.get(erase).status_code == 404


def test_who_changes_a_contact_second_sees_both_versions(session, distributor, clerk, sign_in):
    browser = sign_in(clerk)
    person = contacts.add(session, clerk, distributor, {"name": "欧阳示例"})
    session.commit()
    address = f"/distributors/{distributor.id}/contacts/{person.id}/edit"
    mine = opened(browser, address) | {"title": "经理"}
    assert browser.post(address, data=opened(browser, address) | {"title": "店长"}).status_code == 303
    told = browser.post(address, data=mine)
    assert told.status_code == 422
    html = told.get_data(as_text=True)
    assert "店长" in html and entries(html)["title"] == "经理"
    assert browser.post(address, data=entries(html)).status_code == 303
    afresh(session)
    assert person.title == "经理"
    assert browser.post(address, data=mine | {"opened": "["}).status_code == 422


def test_a_flag_is_settled_on_a_page_that_shows_both(session, make, office, clerk, distributor, sign_in):
    other = make.distributor(office, clerk, address="另一条街8号")
    session.add(NearSame(distributor_id=distributor.id, other_id=other.id))
    session.commit()
    flag = session.scalars(duplicates.flags_of(distributor)).one()
    browser = sign_in(clerk)
    address = f"/distributors/{distributor.id}/likeness/{flag.id}"
    both = browser.get(address).get_data(as_text=True)
    assert all(told in both for told in ("另一条街8号", other.name, distributor.code, other.code))
    assert browser.post(address, data={"verdict": "different", "why": ""}).status_code == 422
    settled = browser.post(address, data={"verdict": "different", "why": "法定代表人不同"})
    assert settled.status_code == 303
    shown = browser.get(f"/distributors/{other.id}").get_data(as_text=True)
    assert "法定代表人不同" in shown and "Possibly registered twice" not in shown


def test_the_tree_opens_level_by_level_and_shows_strangers_by_name_only(make, office, clerk, sign_in):
    elsewhere = make.region("示例西区")
    top = make.distributor(office, clerk)
    middle = make.distributor(elsewhere, name="外区二批商行", address="秘密路9号", parent_id=top.id)
    leaf = make.distributor(office, clerk, name="本区零售店", parent_id=middle.id)
    deep = make.distributor(office, clerk, name="再下一层店", parent_id=leaf.id)
    browser = sign_in(clerk)
    shown = browser.get(f"/distributors/{top.id}").get_data(as_text=True)
    assert "外区二批商行" in shown and "示例西区" in shown and "秘密路" not in shown
    assert f'href="/distributors/{middle.id}"' not in shown
    assert "本区零售店" in shown and "再下一层店" not in shown
    address = f"/distributors/{top.id}/downstream/{leaf.id}"
    assert address in shown
    assert "再下一层店" in browser.get(address).get_data(as_text=True)
    part = browser.get(address, headers={"HX-Request": "true"}).get_data(as_text=True)
    assert "再下一层店" in part and "<html" not in part
    up = browser.get(f"/distributors/{deep.id}").get_data(as_text=True)
    assert "外区二批商行" in up and f'href="/distributors/{leaf.id}"' in up


def test_an_entry_is_read_while_somebody_types(clerk, sign_in):
    browser = sign_in(clerk)
    read = browser.post("/distributors/read?field=phones", data={"phones": "0571-00005151／００００５１５２"})
    assert "2 found: 0571-0000 5151 · 0571-0000 5152" in read.get_data(as_text=True)
    read = browser.post("/distributors/read?field=uscc", data={"uscc": "91330110MA2EXAMP18"})
    assert "aria-invalid" in read.get_data(as_text=True)
    assert "<html" not in read.get_data(as_text=True)
    assert browser.post("/distributors/read?field=region_id").status_code == 404
    assert browser.post("/distributors/read?field=csrf_token").status_code == 404


def test_another_office_brings_its_owners_and_territories(make, sign_in):
    boss = make.user(Role.REGIONAL_MANAGER)
    office = make.region("示例南区")
    local, stranger = make.user(Role.SALESPERSON, office), make.user(Role.SALESPERSON, make.region())
    browser = sign_in(boss)
    part = browser.get(f"/distributors/office?region_id={office.id}").get_data(as_text=True)
    assert local.name in part and f'value="{stranger.id}"' not in part
    assert browser.get("/distributors/office?region_id=999").status_code == 404


def test_suppliers_are_offered_by_code_and_name(make, office, clerk, sign_in):
    make.distributor(office, clerk, code="S-1", name="示例供货商行")
    make.distributor(make.region("示例西区"), code="S-2", name="示例供货二号", phones=["0572-5555103"])
    browser = sign_in(clerk)
    offered = browser.get("/distributors/choose?parent=示例供货").get_data(as_text=True)
    assert "S-1 示例供货商行" in offered and "S-2 示例供货二号" in offered and "示例西区" in offered
    assert "S-2" not in browser.get("/distributors/choose?parent=5103").get_data(as_text=True)


def test_an_old_history_is_cut_and_opened_on_demand(session, distributor, clerk, sign_in):
    for number in range(15):
        services.edit(session, clerk, distributor, {"city": f"城市{number}"}, version=distributor.version)
    session.commit()
    browser = sign_in(clerk)
    shown = browser.get(f"/distributors/{distributor.id}").get_data(as_text=True)
    assert "3 older events" in shown and "<ins>城市2</ins>" not in shown
    whole = browser.get(f"/distributors/{distributor.id}?history=all").get_data(as_text=True)
    assert "older event" not in whole and "<ins>城市0</ins>" in whole


def test_looking_writes_nothing(session, distributor, clerk, sign_in):
    browser = sign_in(clerk)
    before = session.scalar(sa.select(sa.func.count()).select_from(AuditEvent))
    for address in ("", f"{distributor.id}", f"{distributor.id}/edit", "new", "choose?q=a"):
        assert browser.get(f"/distributors/{address}").status_code == 200
    afresh(session)
    assert session.scalar(sa.select(sa.func.count()).select_from(AuditEvent)) == before


def test_a_grade_is_set_with_its_reason_and_told_in_the_history(session, distributor, clerk, sign_in):
    browser = sign_in(clerk)
    address = f"/distributors/{distributor.id}"
    assert "not graded yet" in browser.get(address).get_data(as_text=True)
    form = opened(browser, address + "/edit") | {"grade": "B", "grade_why": "份额约三成"}
    assert browser.post(address + "/edit", data=form).status_code == 303
    page = browser.get(address).get_data(as_text=True)
    assert "份额约三成" in page
    afresh(session)
    assert distributor.grade == "B"
    kept = opened(browser, address + "/edit")
    assert (kept["grade"], kept["grade_why"]) == ("B", "")
    assert browser.post(address + "/edit", data=kept | {"grade": "D"}).status_code == 422
    listed = browser.get("/distributors/?grade=B").get_data(as_text=True)
    assert distributor.name in listed
    assert distributor.name not in browser.get("/distributors/?grade=none").get_data(as_text=True)
