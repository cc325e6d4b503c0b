"""Documents and licences of a distributor: filed, opened through the record only, withdrawn."""

from datetime import timedelta
from io import BytesIO
from urllib.parse import quote

from portal.db import today
from portal.domain.access.roles import Role

PDF = b"%PDF-1.7 sample"


def file(browser, distributor, data=PDF, name="营业执照.pdf", title=""):
    return browser.post(
        f"/distributors/{distributor.id}/documents/new",
        data={"title": title, "file": (BytesIO(data), name)},
        content_type="multipart/form-data",
    )


def test_a_document_keeps_its_bytes_and_its_chinese_name(session, distributor, clerk, sign_in):
    browser = sign_in(clerk)
    assert file(browser, distributor, title="营业执照 2026/副本").status_code == 303
    filed = distributor.documents_filed[0]
    address = f"/distributors/{distributor.id}/documents/{filed.id}"
    assert address in browser.get(f"/distributors/{distributor.id}").get_data(as_text=True)
    shown = browser.get(address)
    assert (shown.data, shown.mimetype) == (PDF, "application/pdf")
    assert shown.headers["Content-Disposition"].startswith("inline")
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    saved = browser.get(f"{address}?save=1").headers["Content-Disposition"]
    assert saved.startswith("attachment")
    assert quote("营业执照 2026") in saved and saved.endswith(".pdf")


def test_a_document_is_what_its_bytes_say(session, distributor, clerk, sign_in):
    browser = sign_in(clerk)
    for data in (b"<script>alert(1)</script>", b"MZ\x90\x00", b""):
        assert file(browser, distributor, data, name="licence.pdf").status_code == 422
    nothing = browser.post(f"/distributors/{distributor.id}/documents/new", data={"title": "x"})
    assert nothing.status_code == 422
    assert file(browser, distributor, b"\x89PNG\r\n\x1a\n....", name="evil.html").status_code == 303
    filed = distributor.documents_filed[0]
    shown = browser.get(f"/distributors/{distributor.id}/documents/{filed.id}")
    assert shown.mimetype == "image/png"
    assert "evil.png" in shown.headers["Content-Disposition"]


def test_a_document_is_reached_through_its_own_record_only(make, office, distributor, clerk, sign_in):
    browser = sign_in(clerk)
    file(browser, distributor)
    filed = distributor.documents_filed[0]
    other = make.distributor(office, clerk)
    assert browser.get(f"/distributors/{other.id}/documents/{filed.id}").status_code == 404
    stranger = sign_in(make.user(Role.SALESPERSON, make.region()))
    assert stranger.get(f"/distributors/{distributor.id}/documents/{filed.id}").status_code == 404
    auditor = sign_in(make.user(Role.AUDITOR, office))
    assert auditor.get(f"/distributors/{distributor.id}/documents/{filed.id}").status_code == 200
    assert file(auditor, distributor).status_code == 403


def test_a_withdrawn_document_is_gone_from_the_record(session, distributor, clerk, sign_in):
    browser = sign_in(clerk)
    file(browser, distributor)
    filed = distributor.documents_filed[0]
    address = f"/distributors/{distributor.id}/documents/{filed.id}"
    assert browser.get(f"{address}/withdraw").status_code == 200
    assert browser.post(f"{address}/withdraw", data={"why": ""}).status_code == 422
    assert browser.post(f"{address}/withdraw", data={"why": "属于另一家"}).status_code == 303
    assert browser.get(address).status_code == 404
    shown = browser.get(f"/distributors/{distributor.id}").get_data(as_text=True)
    assert "属于另一家" in shown


def test_a_licence_is_added_warns_and_is_ended(session, distributor, clerk, sign_in):
    browser = sign_in(clerk)
    here = f"/distributors/{distributor.id}"
    assert browser.post(f"{here}/licences/new", data={"kind": ""}).status_code == 422
    soon = (today() + timedelta(days=10)).isoformat()
    form = {"kind": "食品经营许可证", "number": "JY13305020000000", "expires_on": soon}
    assert browser.post(f"{here}/licences/new", data=form).status_code == 303
    assert "10 days left" in browser.get(here).get_data(as_text=True)
    licence = distributor.licences_held[0]
    past = form | {"expires_on": (today() - timedelta(days=1)).strftime("%Y年%m月%d日")}
    assert browser.post(f"{here}/licences/{licence.id}/edit", data=past).status_code == 303
    assert "expired" in browser.get(here).get_data(as_text=True)
    ended = browser.post(f"{here}/licences/{licence.id}/edit", data=form | {"is_ended": "y"})
    assert ended.status_code == 303
    assert browser.get(f"{here}/licences/{licence.id}/edit").status_code == 404
    shown = browser.get(here).get_data(as_text=True)
    assert "No sector licences recorded." in shown and "Licence ended" in shown
