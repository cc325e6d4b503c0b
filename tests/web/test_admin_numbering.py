"""How agreements are numbered: the rule, its preview, its counters, what a change does (P1b)."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.db import clock_at
from portal.domain.access.roles import Role
from portal.domain.audit.models import AuditEvent
from portal.domain.errors import DomainError
from portal.domain.numbering import services as numbers
from portal.domain.numbering.models import NumberSequence
from portal.domain.numbering.services import Numbered, Rule
from portal.domain.price_protection import drafting
from portal.domain.regions import services as regions
from portal.domain.settings import services as settings
from portal.extensions import db
from tests.web.access_rows import rows_of_region

MID_2026 = datetime(2026, 7, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def in_2026():
    with clock_at(MID_2026):
        yield


@pytest.fixture
def offices(make):
    return make.region("示例北区", code="BJ"), make.region("示例南区", code="GZ")


@pytest.fixture
def admin(make, sign_in):
    return sign_in(make.user(Role.ADMINISTRATOR, username="boss"))


def given(session, *offices):
    found = [numbers.new_number(session, office, Numbered.AGREEMENT) for office in offices]
    session.commit()
    return found


def test_without_a_rule_numbers_are_as_they_always_were(session, offices):
    north, south = offices
    assert given(session, north, south, north) == ["PPA-2026-000001", "PPA-2026-000002", "PPA-2026-000003"]


def test_counters_of_before_go_on(session, offices):
    """What the migration makes of an old series is the series that the shipped rule counts."""
    session.add(NumberSequence(series="PPA-2026-#", last=41))
    session.commit()
    assert given(session, offices[0]) == ["PPA-2026-000042"]


def test_with_the_office_in_the_pattern_each_office_counts_for_itself(session, make, offices):
    north, south = offices
    assert numbers.change_rule(session, None, Rule("{office}-PPA-{yy}-{number}", 4))
    session.commit()
    assert given(session, north, north, south) == ["BJ-PPA-26-0001", "BJ-PPA-26-0002", "GZ-PPA-26-0001"]
    with clock_at(datetime(2026, 12, 31, 16, tzinfo=UTC)):  # New Year in China
        assert given(session, north) == ["BJ-PPA-27-0001"]
    assert given(session, north) == ["BJ-PPA-26-0003"]


def test_without_the_year_the_count_goes_on_over_the_years(session, offices):
    numbers.change_rule(session, None, Rule("XY-{number}", 3))
    session.commit()
    assert given(session, offices[0]) == ["XY-001"]
    with clock_at(datetime(2028, 1, 1, tzinfo=UTC)):
        assert given(session, offices[0]) == ["XY-002"]


def test_a_change_in_the_middle_of_a_year_begins_anew_and_going_back_goes_on(session, offices):
    north, _south = offices
    assert given(session, north, north) == ["PPA-2026-000001", "PPA-2026-000002"]
    numbers.change_rule(session, None, Rule("{office}-{year}-{number}", 4))
    assert given(session, north) == ["BJ-2026-0001"]
    numbers.change_rule(session, None, Rule("PPA-{year}-{number}", 4))
    assert given(session, north) == ["PPA-2026-0003"]
    assert numbers.change_rule(session, None, Rule())
    assert not numbers.change_rule(session, None, Rule())
    assert given(session, north) == ["PPA-2026-000004"]
    session.scalars(sa.update(NumberSequence).values(last=999_999).returning(NumberSequence.last)).all()
    assert given(session, north) == ["PPA-2026-1000000"]


@pytest.mark.parametrize(
    ("pattern", "digits", "says"),
    [
        ("", 6, "Enter a pattern"),
        ("PPA-{year}", 6, "exactly once"),
        ("{number}-{number}", 6, "exactly once"),
        ("PPA-{jahr}-{number}", 6, "{jahr} is not a placeholder"),
        ("PPA/{number}", 6, "letters, digits and"),
        ("协议-{number}", 6, "letters, digits and"),
        ("PPA-{number", 6, "exactly once"),
        ("PPA-{number}}", 6, "letters, digits and"),
        ("PPA-{year}{number}", 6, "Put a separator"),
        ("PPA-{number}{year}", 6, "Put a separator"),
        ("{office}{number}", 6, "Put a separator"),
        ("PPA1{number}", 6, "Put a separator"),
        ("PPA-{number}", 2, "3 to 8 digits"),
        ("PPA-{number}", 9, "3 to 8 digits"),
        ("A-VERY-LONG-NAME-OF-THE-COMPANY-{number}", 6, "at most 30 fit"),
    ],
)
def test_patterns_that_give_no_good_number_are_refused(session, make, pattern, digits, says):
    make.head_office()
    with pytest.raises(DomainError) as refusal:
        numbers.change_rule(session, None, Rule(pattern, digits))
    assert says in str(refusal.value)
    session.rollback()
    assert numbers.rule(session) == Rule()


def test_full_width_signs_and_blanks_are_read(session, make):
    make.head_office()
    numbers.change_rule(session, None, Rule(" ＰＰＡ－｛year｝－ {number}", 5))
    assert numbers.rule(session) == Rule("PPA-{year}-{number}", 5)


def test_an_office_whose_code_cannot_stand_in_a_number_is_named(session, make):
    make.region("示例办事处", code="杭州")
    with pytest.raises(DomainError, match="The code 杭州 of 示例办事处"):
        numbers.change_rule(session, None, Rule("{office}-{number}", 6))


def test_an_office_added_later_whose_code_does_not_fit_is_refused_a_number(session, make):
    make.head_office()
    numbers.change_rule(session, None, Rule("{office}-{number}", 6))
    session.commit()
    late = make.region("示例办事处", code="杭州")
    with pytest.raises(DomainError, match="cannot be used in a number"):
        numbers.new_number(session, late, Numbered.AGREEMENT)


def test_drafts_at_once_get_one_number_each_and_none_is_left_out(app, session, offices):
    north = offices[0]
    numbers.change_rule(session, None, Rule("{office}-{number}", 4))
    session.commit()
    start = threading.Barrier(6)

    def take(turn):
        with clock_at(MID_2026), app.app_context(), Session(db.engine) as own:
            start.wait(20)
            number = numbers.new_number(own, own.merge(north, load=False), Numbered.AGREEMENT)
            if turn == 0:
                own.rollback()  # a draft that was not saved gives its number back
                return None
            own.commit()
            return number

    with ThreadPoolExecutor(6) as pool:
        found = sorted(filter(None, pool.map(take, range(6))))
    last = session.scalar(sa.select(NumberSequence.last).where(NumberSequence.series == "BJ-#"))
    assert len(set(found)) == 5
    session.rollback()
    assert given(session, north) == [f"BJ-{last + 1:04d}"]
    assert set(found) | {f"BJ-{last + 1:04d}"} <= {f"BJ-{n:04d}" for n in range(1, 8)}


def test_a_number_that_an_agreement_has_already_is_passed_over(session, make, offices, sign_in):
    """Another rule may have given it out."""
    rows_of_region(session, make, offices[0])
    session.execute(
        sa.text("UPDATE agreement SET number = 'PPA-2026-000001' WHERE id = (SELECT min(id) FROM agreement)")
    )
    session.commit()
    assert drafting._free_number(session, offices[0]) == "PPA-2026-000002"


# --- The page -----------------------------------------------------------------------------------------------------


def test_the_page_shows_the_next_number_of_every_office(admin, session, offices):
    given(session, offices[0])
    page = admin.get("/admin/numbering").text
    assert 'value="PPA-{year}-{number}"' in page and "PPA-2026-000002" in page
    assert "示例北区" in page and "示例南区" in page


def test_a_rule_is_tried_out_without_being_saved(admin, session, offices):
    tried = admin.get("/admin/numbering?pattern={office}-{year}-{number}&digits=4")
    assert "BJ-2026-0001" in tried.text and "GZ-2026-0001" in tried.text
    part = admin.get(
        "/admin/numbering?pattern={office}-{yy}-{number}&digits=4", headers={"HX-Request": "true"}
    )
    assert "BJ-26-0001" in part.text and "<html" not in part.text
    wrong = admin.get("/admin/numbering?pattern={office}{number}&digits=4", headers={"HX-Request": "true"})
    assert wrong.status_code == 200 and "Put a separator" in wrong.text
    assert numbers.rule(session) == Rule()
    assert session.scalar(sa.select(sa.func.count()).select_from(NumberSequence)) == 0


def test_saving_changes_the_rule_and_is_audited_before_and_after(admin, session, offices):
    saved = admin.post("/admin/numbering", data={"pattern": "{office}-{year}-{number}", "digits": "5"})
    assert (saved.status_code, saved.location) == (303, "/admin/numbering?paper=agreement")
    session.rollback()
    assert numbers.rule(session) == Rule("{office}-{year}-{number}", 5)
    event = session.scalar(sa.select(AuditEvent).where(AuditEvent.action == "numbering.changed"))
    assert event.params["changes"]["pattern"] == ["PPA-{year}-{number}", "{office}-{year}-{number}"]
    assert "Numbering rule changed" in admin.get("/admin/audit").text
    assert "Numbering rule changed" in admin.get("/admin/numbering").text


@pytest.mark.parametrize("data", [{"pattern": "PPA", "digits": "6"}, {"pattern": "", "digits": "x"}, {}])
def test_what_is_refused_is_said_beside_the_field_and_kept(admin, session, make, data):
    answer = admin.post("/admin/numbering", data=data)
    assert answer.status_code == 422
    session.rollback()
    assert numbers.rule(session) == Rule()
    if data.get("pattern"):
        assert 'value="PPA"' in answer.text and "exactly once" in answer.text


def test_auditors_see_the_rule_and_cannot_change_it(make, sign_in, session):
    auditor = sign_in(make.user(Role.AUDITOR))
    page = auditor.get("/admin/numbering").text
    assert "PPA-{year}-{number}" in page and "Save the rule" not in page
    assert auditor.post("/admin/numbering", data={"pattern": "X-{number}", "digits": "6"}).status_code == 403


def test_each_kind_of_paper_has_a_rule_of_its_own(session, admin, offices):
    page = admin.get("/admin/numbering?paper=notice").get_data(as_text=True)
    assert "TZ-2026-0001" in page
    assert "PPA-2026-000001" not in page
    taken = admin.post(
        "/admin/numbering?paper=notice", data={"pattern": "PPA-{year}-{number}", "digits": "4"}
    )
    assert taken.status_code == 422
    assert "Another kind of paper" in taken.get_data(as_text=True)
    said = {"pattern": "{office}-TZ-{yy}-{number}", "digits": "5"}
    assert admin.post("/admin/numbering?paper=notice", data=said).headers["Location"].endswith("paper=notice")
    session.rollback()
    north = offices[0]
    assert numbers.new_number(session, north, Numbered.NOTICE) == "BJ-TZ-26-00001"
    assert numbers.new_number(session, north, Numbered.AGREEMENT) == "PPA-2026-000001"
    assert numbers.new_number(session, north, Numbered.SEAL_APPLICATION) == "YY-2026-000001"
    assert numbers.new_number(session, north, Numbered.PARCEL) == "KD-2026-000001"
    actions = set(session.scalars(sa.select(AuditEvent.action)))
    assert "numbering.notice_changed" in actions
    assert "numbering.changed" not in actions


def test_a_rule_of_cases_that_names_the_office_from_before_is_read_without_it_and_told(
    session, admin, offices
):
    """Kept by a version that allowed it: a gap in an office's own series would tell it of a case."""
    north, south = offices
    session.rollback()
    kept = {"pattern": "AJ-{office}-{year}-{number}", "digits": 5}
    settings.keep(session, None, regions.head_office(session), "numbering.case", kept)
    session.commit()
    both = [numbers.new_number(session, office, Numbered.CASE) for office in (north, south)]
    session.commit()
    assert both == ["AJ-2026-00001", "AJ-2026-00002"]
    page = admin.get("/admin/numbering?paper=case").text
    assert "AJ-{office}-{year}-{number}, names the office" in page and 'value="AJ-{year}-{number}"' in page
    # An other pattern with the office is refused while it is tried out as well.
    tried = admin.get("/admin/numbering?paper=case&pattern=WG-{office}-{number}&digits=4")
    assert "numbered for the whole company" in tried.text
    saved = admin.post("/admin/numbering?paper=case", data={"pattern": "AJ-{year}-{number}", "digits": "5"})
    assert saved.status_code == 303
    assert "names the office" not in admin.get("/admin/numbering?paper=case").text
    session.rollback()
    assert numbers.new_number(session, south, Numbered.CASE) == "AJ-2026-00003"


@pytest.mark.parametrize(
    ("kept", "read"),
    [
        ("{office}WG-{year}-{number}", "WG-{year}-{number}"),
        ("WG-{yy}-{office}-{number}", "WG-{yy}-{number}"),
        ("WG{office}-{number}", "WG-{number}"),
        ("{office}-{number}", "{number}"),
    ],
)
def test_what_is_left_of_such_a_rule_is_a_good_one(session, make, kept, read):
    head = make.head_office()
    settings.keep(session, None, head, "numbering.case", {"pattern": kept, "digits": 4})
    session.commit()
    assert numbers.rule(session, Numbered.CASE) == Rule(read, 4)
