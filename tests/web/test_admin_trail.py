"""The audit trail: who did what to which record, before and after."""

import ast
from datetime import UTC, datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

import portal
from portal.domain.access.roles import Role
from portal.domain.audit import services as audit
from portal.domain.audit.models import AuditEvent
from portal.domain.price_protection.models import AgreementEvent, Product
from portal.web.audit_subjects import SUBJECTS
from portal.web.audit_words import ACTIONS
from tests.domain.test_agreements_life import STEPS
from tests.web.sheets import rows_of

ROOT = Path(portal.__file__).parent


@pytest.fixture
def boss(make):
    return make.user(Role.ADMINISTRATOR, username="boss", name="示例总管")


@pytest.fixture
def trail(make, sign_in, boss):
    """A browser of the head office's auditor."""
    return sign_in(make.user(Role.AUDITOR, username="auditor", name="示例审计"))


def wrote(session, actor, action, subject, at="2026-03-01T09:00:00+08:00", **params):
    event = audit.record(session, actor, action, subject, **params)
    event.at = datetime.fromisoformat(at).astimezone(UTC)
    session.commit()
    return event


def actions_in_code() -> set[str]:
    """Every action that the code passes to audit.record, or to what passes it on."""
    found = set()
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in ("record", "_record"):
                found |= {
                    arg.value
                    for arg in node.args
                    if isinstance(arg, ast.Constant) and isinstance(arg.value, str) and "." in arg.value
                }
    return found


def test_every_action_that_the_code_writes_has_its_word():
    written = actions_in_code()
    assert len(written) > 20
    assert written <= set(ACTIONS)


def test_every_step_of_an_agreement_has_its_word():
    kinds = {"created", "edited", "withdrawn", "approved", "approval_withdrawn", "signed", "voided"}
    assert {f"agreement.{kind}" for kind in kinds} <= set(ACTIONS)
    assert len([name for name in ACTIONS if name.startswith("agreement.")]) >= len(STEPS)
    assert AgreementEvent.__tablename__ not in SUBJECTS


def test_events_name_their_actor_record_and_both_values(session, trail, boss):
    product = Product(code="XH-200", name="示例洗发露", unit="瓶")
    session.add(product)
    session.flush()
    wrote(session, boss, "product.edited", product, changes={"price_suggested_retail": [2850, 2990]})
    page = trail.get("/admin/audit").text
    assert "示例总管" in page and "Product changed" in page
    assert f'href="/products/{product.id}"' in page and "示例洗发露" in page
    assert "<del>28.50</del> → <ins>29.90</ins>" in page


@pytest.fixture
def events(session, make, boss):
    other = make.user(Role.ADMINISTRATOR, username="other", name="示例副管")
    office = make.region("示例北区")
    wrote(
        session, boss, "region.edited", office, at="2026-03-01T00:00:00+08:00", changes={"name": ["甲", "乙"]}
    )
    wrote(
        session,
        other,
        "region.edited",
        office,
        at="2026-03-01T23:59:59+08:00",
        changes={"name": ["乙", "丙"]},
    )
    wrote(
        session, other, "user.edited", other, at="2026-03-02T00:00:00+08:00", changes={"name": ["丁", "戊"]}
    )
    return office, other


@pytest.mark.parametrize(
    ("query", "seen"),
    [
        ({"since": "2026-03-01", "until": "2026-03-01"}, "乙丙"),
        ({"since": "2026/3/2", "until": "2026年3月2日"}, "戊"),
        ({"since": "2026-03-01", "until": "2026-03-02", "action": "region.edited"}, "乙丙"),
        ({"since": "2026-03-01", "until": "2026-03-02", "action": "user"}, "戊"),
        ({"since": "2026-03-01", "until": "2026-03-02", "actor": "other"}, "丙戊"),
        ({"since": "2026-03-01", "until": "2026-03-02", "subject": "region", "subject_id": "office"}, "乙丙"),
    ],
)
def test_the_trail_is_narrowed_by_person_action_record_and_chinas_days(trail, events, query, seen):
    office, other = events
    asked = {key: {"other": other.id, "office": office.id}.get(value, value) for key, value in query.items()}
    page = trail.get("/admin/audit", query_string=asked).text
    assert {name for name in "乙丙戊" if f"<ins>{name}</ins>" in page} == set(seen)


@pytest.mark.parametrize(
    ("typed", "seen"),
    [
        ("OFF-7", "乙丙"),
        ("off-7", "乙丙"),
        ("某办事", "乙丙"),
        ("second-boss", "戊"),
        ("100%", ""),
        ("x_y", ""),
    ],
)
def test_the_trail_is_narrowed_by_a_records_number_code_or_name(session, trail, events, typed, seen):
    office, other = events
    office.code, office.name, other.username = "OFF-7", "示例某办事处", "second-boss"
    session.commit()
    page = trail.get("/admin/audit", query_string={"record": typed}).text
    assert {name for name in "乙丙戊" if f"<ins>{name}</ins>" in page} == set(seen)
    rows = rows_of(trail.get("/admin/audit/export", query_string={"record": typed}))
    assert sum(f"→ {name}" in str(row[5]) for row in rows for name in "乙丙戊") == len(seen)


def test_a_longer_trail_says_how_much_of_it_is_taken_out(trail, events, monkeypatch):
    monkeypatch.setattr("portal.blueprints.admin.trail.LARGEST_EXPORT", 2)
    assert "Export the first 2" in trail.get("/admin/audit").text
    assert "Export the first 2" in trail.get("/admin/audit", headers={"HX-Request": "true"}).text
    assert len(rows_of(trail.get("/admin/audit/export"))) == 3


def test_everything_done_to_one_kind_of_record_is_a_choice(trail, events):
    page = trail.get("/admin/audit").text
    assert '<option value="user">User: everything</option>' in page
    assert page.count('<optgroup label="Other">') == 1


def test_nonsense_in_the_address_narrows_nothing(trail, events):
    page = trail.get("/admin/audit?since=yesterday&until=2026-02-30&actor=x&action=%27&subject=nope&page=-3")
    assert page.status_code == 200 and "<ins>乙</ins>" in page.text


def test_the_export_is_what_the_list_shows(trail, events):
    rows = rows_of(trail.get("/admin/audit/export?since=2026-03-01&until=2026-03-01"))
    assert [row[1] for row in rows[1:]] == ["示例副管", "示例总管"]
    assert rows[1][5] == "Name: 乙 → 丙"
    assert rows[1][0] == datetime(2026, 3, 1, 23, 59, 59)  # noqa: DTZ001


def test_an_auditor_of_an_office_reads_that_offices_events_only(session, make, sign_in, boss):
    north, south = make.region("示例北区"), make.region("示例南区")
    product = Product(code="XH-200", name="示例洗发露", unit="瓶")
    session.add(product)
    session.flush()
    for office in (north, south):
        wrote(
            session, boss, "region.edited", office, region_id=office.id, changes={"name": ["x", office.name]}
        )
    wrote(session, boss, "product.created", product)
    page = sign_in(make.user(Role.AUDITOR, north)).get("/admin/audit").text
    assert "<ins>示例北区</ins>" in page
    assert "示例南区" not in page and "示例洗发露" not in page


@pytest.mark.parametrize("role", [Role.SALESPERSON, Role.REGIONAL_MANAGER, Role.COUNSEL, Role.TRAINER])
def test_nobody_else_reads_the_trail(make, sign_in, role):
    browser = sign_in(make.user(role))
    assert browser.get("/admin/audit").status_code == 403
    assert browser.get("/admin/audit/export").status_code == 403


def test_the_trail_itself_cannot_be_changed(session, boss):
    event = session.query(AuditEvent).first()
    assert event is not None
    for statement in ("UPDATE audit_event SET actor_id = NULL", "DELETE FROM audit_event"):
        with pytest.raises(sa.exc.DBAPIError):
            session.execute(sa.text(statement))
        session.rollback()


def test_administration_leads_to_the_first_page_that_is_ones_own(make, sign_in, boss, trail):
    assert sign_in(boss).get("/admin/").location == "/admin/users"
    assert trail.get("/admin/").location == "/admin/settings"
    assert sign_in(make.user(Role.SALESPERSON)).get("/admin/").status_code == 403
