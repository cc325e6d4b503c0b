"""An iterator that another process goes through gives what it would have given here, whatever befalls the process."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from portal.domain import ahead
from portal.domain.access.roles import Role
from portal.domain.ahead import ReadAhead
from portal.domain.audit.models import AuditEvent
from portal.domain.distributors.importing import course
from portal.domain.distributors.models import Contact, Distributor, DistributorPhone
from tests.domain import dealer_imports
from tests.factories import Factory

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is forked")


class Item:
    """Something that can say which process prepared it."""

    def __init__(self, number: int) -> None:
        self.number, self.prepared_by = number, 0


def prepare(item: Item) -> None:
    item.prepared_by = os.getpid()


def items(count: int, *, breaks_at: int = -1) -> Iterator[Item]:
    for number in range(count):
        if number == breaks_at:
            raise ValueError(f"no {number}")
        yield Item(number)


def has_gone(rows: ReadAhead[Any]) -> bool:
    """Whether the other process has ended and was asked after; one that was not still answers."""
    assert rows._process
    try:
        os.kill(rows._process, 0)
    except ProcessLookupError:
        return True
    return False


def test_all_items_come_in_their_order_prepared_by_another_process() -> None:
    rows = ReadAhead(items(25))
    first = [next(rows) for _ in range(3)]
    rows.fork(4, prepare)
    others = list(rows)
    assert [item.number for item in (*first, *others)] == list(range(25))
    assert not any(item.prepared_by for item in first)
    assert {item.prepared_by for item in others}.isdisjoint({0, os.getpid()})
    assert next(rows, None) is None
    assert has_gone(rows)


def test_an_error_is_raised_here_in_its_place() -> None:
    rows = ReadAhead(items(25, breaks_at=11))
    rows.fork(4, prepare)
    found = []
    with pytest.raises(ValueError, match="no 11"):
        found.extend(item.number for item in rows)
    assert found == list(range(11))
    assert has_gone(rows)


@pytest.mark.parametrize("told", [1, 4, 5, 12])
def test_when_the_other_process_is_killed_the_rest_is_gone_through_here(told: int) -> None:
    rows = ReadAhead(items(200_000))
    rows.fork(4, prepare)
    found = [next(rows).number for _ in range(told)]
    os.kill(rows._process, signal.SIGKILL)
    found += (item.number for item in rows)
    assert found == list(range(200_000))
    assert has_gone(rows)


def test_a_process_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ahead, "PATIENCE_SECONDS", 0.2)

    def hang(item: Item) -> None:
        if item.number == 6:
            threading.Event().wait(60)

    rows = ReadAhead(items(10))
    rows.fork(3, hang)
    assert [item.number for item in rows] == list(range(10))
    assert has_gone(rows)


def test_what_cannot_travel_is_gone_through_here() -> None:
    def spoil(item: Item) -> None:
        if item.number == 5:
            item.prepared_by = threading.Lock()  # type: ignore[assignment]

    rows = ReadAhead(items(10))
    rows.fork(3, spoil)
    assert [item.number for item in rows] == list(range(10))


def test_whoever_stops_early_leaves_no_process_behind() -> None:
    rows = ReadAhead(items(200_000))
    rows.fork(4, prepare)
    next(rows)
    rows.close()
    rows.close()
    assert has_gone(rows)


KILLED = """
import itertools, time
from portal.domain.ahead import ReadAhead
rows = ReadAhead(itertools.count())
rows.fork(1000, str)
next(rows)
print(rows._process, flush=True)
time.sleep(60)
"""


def test_it_ends_when_its_parent_was_killed() -> None:
    with subprocess.Popen([sys.executable, "-c", KILLED], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        other = Path("/proc") / parent.stdout.readline().strip() / "stat"
        assert other.exists()
        parent.kill()
    ends = time.monotonic() + 20
    while time.monotonic() < ends:
        # Whoever inherits it may take a while to ask after it.
        try:
            state = other.read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return
        if state == "Z":
            return
        time.sleep(0.05)
    pytest.fail("the other process goes on without its parent")


def test_it_works_in_a_thread_of_a_process_with_handlers_for_signals() -> None:
    found: list[int] = []

    def work() -> None:
        rows = ReadAhead(items(50))
        rows.fork(4, prepare)
        found.extend(item.number for item in rows)

    before = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        thread = threading.Thread(target=work)
        thread.start()
        thread.join(30)
    finally:
        signal.signal(signal.SIGTERM, before)
    assert found == list(range(50))


HEAD = ("大区", "编码", "名称", "简称", "上级", "电话", "联系人", "联系人电话", "级别", "成立日期")


def rows_of_a_list() -> list[tuple[Any, ...]]:
    """New companies, two that sound alike, some that are refused, a total, suppliers above and below."""
    rows: list[tuple[Any, ...]] = []
    for number in range(60):
        code = "" if number % 7 == 3 else f"A{number:03d}"
        supplier = f"A{(number + 13) % 60:03d}" if number % 5 == 1 and (number + 13) % 7 != 3 else ""
        level = "皇帝" if number % 11 == 5 else "二批"
        phone = "0571-5555 000" + str(number % 10)
        name = f"示例{'零一二三四五六七八九'[number % 10]}{number}商贸有限公司"
        person = (f"示例人{number % 4}", "13800000000")
        rows.append(("华东", code, name, f"示例{number}", supplier, phone, *person, level, "2020-02-29"))
    rows[41] = ("华东", "A041", "示例同一家商贸有限公司", *rows[41][3:])
    rows[44] = ("华东", "A044", "示例同一佳商贸有限公司", *rows[44][3:])
    rows.insert(50, ("合计", "", "60", *[""] * 7))
    return rows


@pytest.mark.parametrize("size", [7, 20])
def test_an_import_comes_to_the_same_with_and_without(
    session: Session, make: Factory, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    east = make.region("华东大区")
    make.user(Role.REGIONAL_MANAGER, region=east)
    session.commit()
    text = "\n".join(",".join(row) for row in (HEAD, *rows_of_a_list()))
    table = dealer_imports.read(text.encode(), "名录.csv")
    monkeypatch.setattr(course, "CHUNK", size)
    forks: list[int] = []
    fork = ReadAhead.fork

    def counted(self: ReadAhead[Any], *arguments: Any) -> None:
        forks.append(os.getpid())
        fork(self, *arguments)

    monkeypatch.setattr(ReadAhead, "fork", counted)
    results = []
    for may in (True, False):
        monkeypatch.setattr(course, "may_fork", lambda may=may: may)
        report = dealer_imports.apply(session, None, table)
        told = report.as_json()
        supplier = aliased(Distributor)
        found = [
            session.execute(statement).all()
            for statement in (
                sa.select(
                    Distributor.name, Distributor.code, Distributor.sound, Distributor.name_key, supplier.name
                )
                .outerjoin(supplier, supplier.id == Distributor.parent_id)
                .order_by(Distributor.name),
                sa.select(Distributor.name, DistributorPhone.digits, Contact.name, Contact.phone)
                .join(DistributorPhone, DistributorPhone.distributor_id == Distributor.id)
                .join(Contact, Contact.distributor_id == Distributor.id)
                .order_by(Distributor.name),
                sa.text("SELECT CAST(tokens AS TEXT) AS told FROM distributor_search ORDER BY told"),
                sa.select(AuditEvent.action, sa.func.count())
                .group_by(AuditEvent.action)
                .order_by(AuditEvent.action),
            )
        ]
        results.append((told, found))
        session.rollback()
    assert forks == [os.getpid()]
    told, found = results[0]
    assert (
        told["counts"]["created"] > 40 and told["counts"]["refused"] > 3 and told["skipped"] == {"total": 1}
    )
    assert told["flags"]
    assert sum(row[4] is not None for row in found[0]) > 3
    assert all(len(rows) > 40 for rows in found[:3])
    assert results[0] == results[1]
