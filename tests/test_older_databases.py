"""A database that was in use before the last migrations keeps what its rows say, on the way up and down."""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask_migrate import downgrade, upgrade

from portal import create_app
from portal.domain.price_protection.violations.codes import PATTERN
from portal.extensions import db
from tests.postgres import PostgresServer

BEFORE_CODES = "0033"
BEFORE = "0010"  # piles of scans are there; grades, deeds among the originals and writers of terms are not
AT = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)
DAY = date(2026, 3, 2)
EMPTY = {str: "", int: 0, bool: False, bytes: b"", dict: {}, date: DAY, datetime: AT}
EDITOR, OTHER, CLERK = 1, 2, 3


class Rows:
    """Rows of the tables as they were: what is not said and may not be missing is empty."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        self._tables = sa.MetaData()
        self._tables.reflect(connection)

    def add(self, table: str, **said: Any) -> None:
        columns = self._tables.tables[table].columns
        for column in columns:
            is_left_out = column.name not in said and column.name != "id"
            if is_left_out and not column.nullable and column.server_default is None:
                kind = dict if isinstance(column.type, sa.JSON) else column.type.python_type
                said[column.name] = EMPTY[kind]
        self._connection.execute(sa.insert(self._tables.tables[table]).values(said))

    def count_on(self) -> None:
        """PostgreSQL's next id comes behind those that were said here."""
        if self._connection.dialect.name != "postgresql":
            return
        for name, table in self._tables.tables.items():
            if "id" in table.columns:
                last = (
                    f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), coalesce(max(id), 1)) FROM {name}"
                )
                self._connection.execute(sa.text(last))


def _database(
    request: pytest.FixtureRequest, tmp_path: Path, revision: str, fill: Callable[[Callable[..., None]], None]
) -> Iterator[Flask]:
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'portal.sqlite3'}"
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        url = server.create_database("portal_old")
    app = create_app(SQLALCHEMY_DATABASE_URI=url, INSTANCE=tmp_path, SECRET_KEY="test")
    with app.app_context():
        upgrade(revision=revision)
        with db.engine.begin() as connection:
            rows = Rows(connection)
            fill(rows.add)
            rows.count_on()
        yield app
        db.session.remove()
        db.engine.dispose()
    if request.param == "postgresql":
        server.drop_database("portal_old")


@pytest.fixture(params=["sqlite", "postgresql"])
def old(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """A database as it was, with rows in every table that the later migrations write to."""
    yield from _database(request, tmp_path, BEFORE, filled)


@pytest.fixture(params=["sqlite", "postgresql"])
def with_cases(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Flask]:
    """A database with cases and paid sums as they were before 0034."""
    yield from _database(request, tmp_path, BEFORE_CODES, cases_and_payments)


def _office(add: Callable[..., None]) -> None:
    """An office with its people, a distributor and the template of its papers."""
    add("region", id=1, code="E", name="华东", path="/1/")
    for user in (EDITOR, OTHER, CLERK):
        add("user_account", id=user, username=f"u{user}", name=f"示例{user}", language="zh-CN")
    add(
        "distributor",
        id=1,
        code="D1",
        code_key="d1",
        name="示例一号商贸",
        name_key="示例一号商贸",
        level="general",
        channel="distributor",
        standing="active",
        region_id=1,
        owner_id=CLERK,
    )
    add("paper_template", id=1, key="zh", version="1")


def filled(add: Callable[..., None]) -> None:
    """Two agreements, one of them with two papers, an amendment and a notice; what became of their originals."""
    _office(add)
    add("document", id=1, sha256="0" * 64, filename="paper.pdf")
    for number in (1, 2):
        add(
            "agreement",
            id=number,
            number=f"JB-{number}",
            distributor_id=1,
            region_id=1,
            template_id=1,
            author_id=CLERK,
            status="approved",
            expires_on=date(2027, 3, 1),
            ends_on=date(2027, 3, 1),
        )
    add("price_change", id=1, region_id=1, author_id=CLERK, rule={}, agreement_ids=[1, 2])
    add("price_change", id=2, region_id=1, author_id=CLERK, rule={}, agreement_ids=[1])
    deed = {"agreement_id": 1, "template_id": 1, "author_id": CLERK, "status": "approved"}
    add("amendment", id=7, no=1, price_change_id=1, **deed)
    add("termination", id=7, number="JB-1-T1", sender="manufacturer", ground="notice", **deed)
    _papers(add)
    _trails(add)
    _piles(add)
    _records(add)


def cases_and_payments(add: Callable[..., None]) -> None:
    """A case that two examine and one that was opened; a book with a payment that was taken back."""
    _office(add)
    end = date(2027, 3, 1)
    add(
        "agreement",
        id=1,
        number="JB-1",
        distributor_id=1,
        region_id=1,
        template_id=1,
        author_id=EDITOR,
        status="signed",
        expires_on=end,
        ends_on=end,
    )
    case = {"agreement_id": 1, "region_id": 1}
    add("violation_case", id=1, state="examined", act_mark="a", **case)
    add("violation_case", id=2, state="opened", act_mark="b", number="WG-1", opened_on=DAY, **case)
    for id_ in (1, 2):
        add("case_investigator", case_id=id_, user_id=EDITOR, named_by_id=EDITOR)
        add("case_investigator", case_id=id_, user_id=OTHER, named_by_id=EDITOR)
    add("ledger_book", id=1, agreement_id=1)
    for id_, kind in enumerate(("rebate", "base", "money"), 1):
        add("ledger_account", id=id_, book_id=1, kind=kind)
    add("payout_list", id=1, number="FK-1", key="k", made_by_id=EDITOR)
    add(
        "payout",
        id=1,
        number="FK-1-1",
        list_id=1,
        agreement_id=1,
        kind="base",
        amount_fen=500,
        means="money",
        made_by_id=EDITOR,
    )
    moved = {"book_id": 1, "amount_fen": 500, "by_id": EDITOR}
    add("transfer", id=1, no=1, kind="accrue_base", debit_id=1, credit_id=2, key="1", **moved)
    add("transfer", id=2, no=2, kind="pay", debit_id=2, credit_id=3, key="2", **moved)
    add("transfer", id=3, no=3, kind="correct", debit_id=3, credit_id=2, key="3", reverses_id=2, **moved)


def _papers(add: Callable[..., None]) -> None:
    paper = {"document_id": 1, "pages": 6, "made_by_id": CLERK, "payload_sha256": "0" * 64}
    add("agreement_paper", id=1, agreement_id=1, no=1, code="OLD1", withdrawn_at=AT, **paper)
    add("agreement_paper", id=2, agreement_id=1, no=2, code="NEW1", **paper)
    add("agreement_paper", id=3, agreement_id=2, no=1, code="NEW2", **paper)
    add("deed_paper", id=4, amendment_id=7, no=1, code="AMEND", **(paper | {"pages": 2}))
    add("deed_paper", id=5, termination_id=7, no=1, code="NOTICE", **(paper | {"pages": 1}))


def _trails(add: Callable[..., None]) -> None:
    """One paper is under way in a parcel, one was never asked a seal for and has no trail."""
    add(
        "seal_application",
        id=1,
        number="S1",
        region_id=1,
        seal="contract_seal",
        status="sealed",
        asked_by_id=CLERK,
        decided_by_id=EDITOR,
        decided_at=AT,
        sealed_by_id=EDITOR,
        sealed_at=AT,
    )
    add("parcel", id=1, number="P1", region_id=1, distributor_id=1, packed_by_id=CLERK)
    add("paper_trail", id=30, paper_id=1, stage="seal_asked", application_id=1)
    add(
        "paper_trail",
        id=31,
        paper_id=2,
        stage="packed",
        sealed_copies=3,
        sent_copies=2,
        expected_copies=1,
        sealed_on=DAY,
        application_id=1,
        parcel_id=1,
    )
    left_out = {"left_out_at": AT, "left_out_by_id": EDITOR, "left_out_reason": "旧版"}
    add("seal_application_row", id=1, application_id=1, paper_id=1, copies=2, **left_out)
    add("seal_application_row", id=2, application_id=1, paper_id=2, copies=3)
    add("parcel_row", id=1, parcel_id=1, paper_id=2, copies=2, expected=1)


def _piles(add: Callable[..., None]) -> None:
    """Pages of every kind of paper; those of amendments and notices were codes that nobody knew."""
    for pile in (1, 2):
        add("scan_pile", id=pile, region_id=1, by_id=CLERK)
        add("scan_file", id=pile, pile_id=pile, no=1, filename="scan.pdf", document_id=1, state="read")
        add("scan_return", id=pile, pile_id=pile, agreement_id=1, is_due=pile == 1)
    aside = {"set_aside_at": AT, "set_aside_by_id": CLERK}
    pages: list[tuple[int, str, int, dict[str, Any]]] = [
        (1, "NEW1", 1, {}),
        (1, "AMEND", 1, {}),
        (1, "AMEND", 2, {}),
        (1, "AMEND", 3, {}),  # beyond the last page
        (1, "ZZZZ", 1, {}),  # of nobody here
        (2, "NOTICE", 1, aside),
        (2, "AMEND", 1, {}),
    ]
    for no, (pile, code, page_no, more) in enumerate(pages, 1):
        add("scan_page", id=no, pile_id=pile, file_id=pile, no=no, kind="read", **more)
        add(
            "scan_mark", id=no, page_id=no, code=code, page_no=page_no, paper_id=2 if code == "NEW1" else None
        )


def _records(add: Callable[..., None]) -> None:
    """Who wrote what, as events and the audit trail have it; what tasks refused, as their results do."""
    for by_id in (EDITOR, EDITOR, OTHER, None):
        add("agreement_event", agreement_id=2, kind="edited", by_id=by_id)
    add("agreement_event", agreement_id=2, kind="submitted", by_id=CLERK)
    for by_id in (OTHER, EDITOR, OTHER, None):
        add("agreement_event", agreement_id=1, kind="amendment_edited", by_id=by_id, params={"deed": 7})
    add("agreement_event", agreement_id=1, kind="notice_edited", by_id=EDITOR, params={"deed": 7})
    for batch in (1, 2):
        add("agreement_batch", id=batch, name=f"批次{batch}", owner_id=CLERK, region_id=1)
    row = {"batch_id": 1, "trouble": "none"}
    add("agreement_batch_row", id=1, earlier_id=1, agreement_id=2, **row)
    add("agreement_batch_row", id=2, earlier_id=2, **row)  # no draft yet
    for action, batch, by_id in (
        ("batch.changed", 1, EDITOR),
        ("batch.row_changed", 1, CLERK),
        ("batch.changed", 1, EDITOR),
        ("batch.begun", 1, OTHER),
        ("batch.changed", 1, None),
    ):
        add("audit_event", action=action, subject="agreement_batch", subject_id=batch, actor_id=by_id)
    job = {"kind": "agreements.price_change", "owner_id": CLERK}
    over = {"state": "done", "ended_at": AT}
    add("job", id=1, params={"change_id": 1}, result={"refused": [{"id": 2, "why": "a"}]}, **over, **job)
    add("job", id=2, params={"change_id": 1}, result={"refused": [{"id": 1, "why": "b"}]}, **over, **job)
    add("job", id=3, params={"change_id": 2}, result={}, state="queued", **job)
    add("job", id=4, params={}, result={}, state="queued", kind="scans.read", owner_id=CLERK)


def said(statement: str) -> list[tuple[Any, ...]]:
    """What the database answers, in the order of the columns."""
    with db.engine.connect() as connection:
        return sorted((tuple(row) for row in connection.execute(sa.text(statement))), key=repr)


def lists(table: str, column: str) -> dict[int, Any]:
    """A column of lists by the row's id."""
    row = sa.table(table, sa.column("id"), sa.column(column, sa.JSON()))
    with db.engine.connect() as connection:
        return {one.id: getattr(one, column) for one in connection.execute(sa.select(row))}


TRAILS = (
    "SELECT t.kind, t.agreement_id, t.paper_id, t.deed_paper_id, t.number, t.stage, t.sealed_copies, t.sent_copies,"
    " t.expected_copies, t.application_id, t.parcel_id FROM paper_trail t"
)
NEW_TRAIL = ("not_asked", 0, 0, 0, None, None)


def expect_the_facts() -> None:
    """What the rows say once everything is up to date."""
    assert said(TRAILS) == sorted(
        [
            ("agreement", 1, 1, None, "JB-1", "seal_asked", 0, 0, 0, 1, None),
            ("agreement", 1, 2, None, "JB-1", "packed", 3, 2, 1, 1, 1),
            ("agreement", 2, 3, None, "JB-2", *NEW_TRAIL),
            ("amendment", 1, None, 4, "JB-1-S1", *NEW_TRAIL),
            ("termination", 1, None, 5, "JB-1-T1", *NEW_TRAIL),
        ],
        key=repr,
    )
    assert said(
        "SELECT r.id, t.paper_id, r.copies, r.left_out_reason FROM seal_application_row r"
        " JOIN paper_trail t ON t.id = r.trail_id"
    ) == [(1, 1, 2, "旧版"), (2, 2, 3, "")]
    assert said(
        "SELECT r.id, t.paper_id, r.copies, r.expected FROM parcel_row r JOIN paper_trail t ON t.id = r.trail_id"
    ) == [(1, 2, 2, 1)]
    assert said("SELECT id, code, page_no, paper_id, deed_paper_id FROM scan_mark") == [
        (1, "NEW1", 1, 2, None),
        (2, "AMEND", 1, None, 4),
        (3, "AMEND", 2, None, 4),
        (4, "AMEND", 3, None, None),
        (5, "ZZZZ", 1, None, None),
        (6, "NOTICE", 1, None, 5),
        (7, "AMEND", 1, None, 4),
    ]
    # Each pile knows of the amendment once, and of a notice whose page was set aside it says nothing.
    returns = "SELECT pile_id, agreement_id, amendment_id, termination_id FROM scan_return WHERE {}"
    assert said(returns.format("is_due")) == [(1, 1, None, None)]
    assert said(returns.format("NOT is_due")) == [(1, 1, 7, None), (2, 1, 7, None), (2, 1, None, None)]
    assert said("SELECT agreement_id, user_id FROM agreement_writer") == [
        (2, EDITOR),
        (2, OTHER),
        (2, CLERK),
    ]
    assert lists("amendment", "writers") == {7: [EDITOR, OTHER]}
    assert lists("termination", "writers") == {7: [EDITOR]}
    assert lists("agreement_batch", "said_by") == {1: [EDITOR, CLERK], 2: []}
    assert lists("agreement_batch_row", "said_by") == {1: [], 2: []}
    assert lists("price_change", "refused") == {1: [{"id": 2, "why": "a"}, {"id": 1, "why": "b"}], 2: []}
    assert said("SELECT grade FROM distributor") == [(None,)]
    assert said("SELECT sha256 FROM amendment") == [("",)]


def test_rows_of_an_older_database_keep_what_they_say(old: Flask) -> None:
    upgrade()
    expect_the_facts()
    with pytest.raises(sa.exc.DatabaseError), db.engine.begin() as connection:
        connection.execute(sa.text("UPDATE scan_mark SET code = 'OTHER' WHERE id = 1"))


def test_what_older_tables_can_hold_is_there_after_the_way_back_and_up_again(old: Flask) -> None:
    upgrade()
    downgrade(revision=BEFORE)
    assert said("SELECT id, paper_id, stage, sent_copies FROM paper_trail WHERE stage <> 'not_asked'") == [
        (30, 1, "seal_asked", 0),
        (31, 2, "packed", 2),
    ]
    assert said("SELECT id, paper_id, copies FROM seal_application_row") == [(1, 1, 2), (2, 2, 3)]
    assert said("SELECT id, paper_id, copies FROM parcel_row") == [(1, 2, 2)]
    assert said("SELECT id, pile_id, agreement_id FROM scan_return") == [(1, 1, 1), (2, 2, 1)]
    assert len(said("SELECT id FROM scan_mark")) == 7
    upgrade()
    expect_the_facts()


def test_cases_and_books_of_an_older_database_are_gone_on_with(with_cases: Flask) -> None:
    books = "SELECT id, no, kind, debit_id, credit_id, amount_fen, reverses_id FROM transfer"
    before = said(books)
    upgrade()
    # Nobody has said yet that nothing ties them to what is only examined: it is taken up as a new report is.
    named = "SELECT case_id, user_id FROM case_investigator WHERE taken_on_at IS {} AND left_at IS NULL"
    assert said(named.format("NULL")) == [(1, EDITOR), (1, OTHER)]
    assert said(named.format("NOT NULL")) == [(2, EDITOR), (2, OTHER)]
    assert said("SELECT id, state FROM violation_case") == [(1, "reported"), (2, "opened")]
    codes = [code for (code,) in said("SELECT code FROM violation_case")]
    assert len(set(codes)) == 2 and all(re.fullmatch(PATTERN, code) for code in codes)
    assert said("SELECT number, amount_fen, tax_fen FROM payout") == [("FK-1-1", 500, 0)]
    assert said(books) == before
    for changed in (
        "UPDATE transfer SET amount_fen = 1",
        "UPDATE payout SET tax_fen = 1",
        "DELETE FROM transfer",
    ):
        with pytest.raises(sa.exc.DatabaseError), db.engine.begin() as connection:
            connection.execute(sa.text(changed))
    downgrade(revision=BEFORE_CODES)
    assert said(books) == before
    upgrade()
    assert said(books) == before


@pytest.mark.parametrize(
    ("written", "table"),
    [
        (
            "INSERT INTO voucher_file (id, number, key, first_on, last_on, only_payments, grouping, vouchers, entries, "
            "late, amount_fen, content, by_id, at) VALUES (1, 'PZ-1', 'k', '2026-03-01', '2026-03-31', FALSE, "
            "'single', 1, 2, 0, 500, '', 1, '2026-04-01 00:00:00')",
            "voucher_file",
        ),
        (
            "INSERT INTO clawback_settlement (id, number, agreement_id, issued_on, amount_fen, days, book_no, payload, "
            "by_id, at) SELECT 1, 'TH-1', agreement_id, '2026-03-31', 500, 15, 1, '{}', 1, '2026-04-01 00:00:00' "
            "FROM payout WHERE id = 1",
            "clawback_settlement",
        ),
    ],
)
def test_a_way_back_that_would_lose_what_was_booked_is_refused(
    with_cases: Flask, caplog: pytest.LogCaptureFixture, written: str, table: str
) -> None:
    upgrade()
    with db.engine.begin() as connection:
        connection.execute(sa.text(written))
    with pytest.raises(SystemExit):
        downgrade(revision="0034")
    assert f"1 rows of {table} " in caplog.text and "never thrown away" in caplog.text
    assert said(f"SELECT number FROM {table}") != []
    # Nothing of that step was done: its guards hold, and the newest version is reached again.
    upgrade()
    with pytest.raises(sa.exc.DatabaseError), db.engine.begin() as connection:
        connection.execute(sa.text(f"DELETE FROM {table}"))
