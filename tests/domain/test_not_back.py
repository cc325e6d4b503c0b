"""未寄回 has one definition (P1b): the list of originals, the workbench and a pile of scans say the same."""

from datetime import UTC, date, datetime, timedelta

import pytest

from portal.db import clock_at, today
from portal.domain.price_protection import steps
from portal.domain.price_protection.payload import current_paper
from portal.domain.price_protection.scans.counting import summary_of
from portal.domain.price_protection.scans.grouping import groups_of
from portal.domain.price_protection.scans.groups import Outcome
from portal.domain.price_protection.trail import posting, queries, returning, todos
from portal.domain.price_protection.trail.calling import calls
from portal.domain.price_protection.trail.out import is_not_back, out_since
from portal.domain.price_protection.trail.queries import TrailFilter
from tests.domain.agreement_world import PDF
from tests.domain.test_paper_trail import Office
from tests.scanning.piles import pile_of


@pytest.fixture
def office(session, make):
    return Office(session, make)


def listed(office):
    rows = queries.original_rows(office.session, office.manager).where(is_not_back())
    return {row.number for row in office.session.execute(rows)}


def on_the_workbench(office):
    """How many the owner is told of, from the first day on."""
    found = todos.on_the_way(office.session, office.author, 0)
    return next((todo.params["count"] for todo in found if todo.endpoint == "papers.out"), 0)


def in_a_pile(office):
    """What a pile that brought nothing calls not back, and what it says besides."""
    groups = groups_of(office.session, office.author, pile_of(office))
    return {
        outcome: {group.number for group in groups if group.outcome is outcome}
        for outcome in (Outcome.NOT_BACK, Outcome.UNSCANNED)
    }


def test_the_list_the_workbench_and_the_pile_call_the_same_papers_not_back(office):
    s = office.session
    handed_out, at_the_seal, sealed, packed, sent, home, signed = (office.printed() for _n in range(7))
    office.approved()  # never printed: it cannot be out
    office.asked(at_the_seal)
    office.sealed(sealed)
    office.sealed(packed)
    office.packed(packed)
    office.sent(sent, tracking="SF000001")
    office.sent(home, tracking="SF000002")
    returning.take_back(s, office.author, {office.paper(home): 1}, today())
    steps.sign(s, office.author, signed, today())
    s.commit()
    out = {handed_out.number, sent.number}
    assert listed(office) == out
    assert on_the_workbench(office) == len(out)
    assert in_a_pile(office) == {
        Outcome.NOT_BACK: out,
        Outcome.UNSCANNED: {home.number, signed.number},
    }


def test_a_filed_scan_leaves_the_original_out_until_it_comes_back_itself(office):
    s, agreement = office.session, office.printed()
    office.sent(agreement)
    pile = pile_of(office)
    steps.sign(s, office.author, agreement, today(), [("scan.pdf", PDF)])
    s.commit()
    assert listed(office) == {agreement.number} and on_the_workbench(office) == 1
    (group,) = groups_of(s, office.author, pile)
    assert (group.outcome, group.is_out, group.tracking) == (Outcome.FILED, True, "SF0000000000001")
    summary = summary_of(s, pile, [group], [])
    assert (summary.due, summary.filed, summary.not_back, summary.filed_out) == (1, 1, 0, 1)
    # Its scan is here: the next pile does not wait for it.
    assert in_a_pile(office) == {Outcome.NOT_BACK: set(), Outcome.UNSCANNED: set()}
    returning.take_back(s, office.author, {office.paper(agreement): 1}, today())
    s.commit()
    assert listed(office) == set() and on_the_workbench(office) == 0
    (group,) = groups_of(s, office.author, pile)
    assert not group.is_out


def test_what_came_back_undelivered_is_neither_out_nor_due(office):
    s, agreement = office.session, office.printed()
    parcel = office.sent(agreement)
    pile = pile_of(office)
    posting.cancel(s, office.author, parcel, "地址不详，退回")
    s.commit()
    assert listed(office) == set()
    assert groups_of(s, office.author, pile) == []


def test_days_out_run_from_the_sending_or_else_the_first_printing_in_china(office):
    s = office.session
    with clock_at(datetime(2026, 11, 1, 16, 30, tzinfo=UTC)):  # half past midnight in Shanghai
        printed = office.printed()
    with clock_at(datetime(2026, 11, 8, 4, tzinfo=UTC)):
        steps.record_print(s, office.author, printed, 1)
        s.commit()
    with clock_at(datetime(2026, 11, 12, 4, tzinfo=UTC)):
        (row,) = s.execute(queries.original_rows(s, office.author).where(is_not_back(10)))
        assert out_since(row.sent_on, row.printed_at) == date(2026, 11, 2)
        assert s.execute(queries.original_rows(s, office.author).where(is_not_back(11))).all() == []
        (debt,) = queries.out_by_owner(s, office.author, TrailFilter(), 10)
        assert (debt.count, debt.overdue, debt.oldest_on) == (1, 1, date(2026, 11, 2))
        (told,) = [todo for todo in todos.on_the_way(s, office.author, 10) if todo.endpoint == "papers.out"]
        assert (told.params["days"], told.args["days"]) == (10, 10)
        assert told.due_on == date(2026, 11, 2) + timedelta(days=10)
        assert todos.long_out(s, office.manager, 11) == []


def test_whoever_phones_has_a_name_and_one_number(office):
    agreement = office.printed()
    known = calls(office.session, [agreement.distributor_id])[agreement.distributor_id]
    values = current_paper(agreement).payload["values"]
    assert (known.contact, known.phone) == (values["distributor_contact"], values["distributor_phone"])
