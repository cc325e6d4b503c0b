"""Long lists cut into pages: the same rows whichever way a page is found, and none twice while one goes on."""

import itertools
from collections.abc import Callable

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.distributors.models import Distributor
from portal.domain.regions.models import Region
from portal.domain.users.models import User
from portal.web import cuts
from portal.web.cuts import Shown, Sorting, rows_of
from tests.factories import Factory

ROWS = sa.select(Distributor.id, Distributor.code_key, Distributor.code_key.label("along_value"))
_key = itertools.count()


@pytest.fixture
def pages(session: Session, make: Factory, office: Region, clerk: User) -> Callable[..., list[str]]:
    """The codes on a page of ten of some forty distributors."""
    for number in range(43):
        make.distributor(office, clerk, code=f"D-{number * 10:05d}")

    def page(
        here: int,
        key: object = None,
        *,
        sort: str = "code",
        descending: bool = False,
        keeps_ids: bool = False,
    ) -> list[str]:
        session.rollback()
        column = {"code": Distributor.code_key, "name": Distributor.name}[sort]
        rows = rows_of(
            session,
            sa.select(Distributor.id),
            Shown(ROWS, key=key, along="code", keeps_ids=keeps_ids),
            Sorting(sort, descending),
            column,
            Distributor.id,
            here=here,
            per_page=10,
        )
        return [row.code_key for row in rows]

    return page


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("order", [(1, 2, 3, 4, 5), (3, 1, 5, 2, 4), (2, 4, 5, 3)])
def test_a_page_is_the_same_from_wherever_one_comes(
    pages: Callable[..., list[str]], descending: bool, order: tuple[int, ...]
) -> None:
    key = next(_key)
    for here in (*order, *reversed(order)):
        assert pages(here, key, descending=descending) == pages(here, descending=descending)
    assert len(pages(5, key)) == 3


def test_who_goes_on_sees_no_row_twice_and_none_left_out(
    pages: Callable[..., list[str]],
    make: Factory,
    office: Region,
    clerk: User,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    key, moment = next(_key), 1_000.0
    monkeypatch.setattr(cuts.time, "monotonic", lambda: moment)
    first, second = pages(1, key), pages(2, key)
    make.distributor(office, clerk, code="D-00001")  # in front of both
    assert pages(2, key) == second
    again = pages(1, key)
    assert again == [first[0], "D-00001", *first[1:-1]]
    assert pages(2, key) == [first[-1], *second[:-1]]
    make.distributor(office, clerk, code="D-00002")
    assert pages(2, key) == [first[-1], *second[:-1]]
    moment += 31
    assert pages(2, key) == pages(2) == [first[-2], first[-1], *second[:-2]]


def test_another_order_goes_by_numbers_alone(pages: Callable[..., list[str]]) -> None:
    key = next(_key)
    assert [pages(here, key, sort="name") for here in (1, 2)] == [pages(here, sort="name") for here in (1, 2)]


@pytest.mark.parametrize("descending", [False, True])
def test_kept_ids_show_what_their_rows_say_now(
    pages: Callable[..., list[str]],
    make: Factory,
    office: Region,
    clerk: User,
    session: Session,
    monkeypatch: pytest.MonkeyPatch,
    descending: bool,
) -> None:
    key, moment = next(_key), 1_000.0
    monkeypatch.setattr(cuts.time, "monotonic", lambda: moment)

    def kept(here: int) -> list[str]:
        return pages(here, key, descending=descending, keeps_ids=True)

    before = kept(2)
    assert kept(2) == before == pages(2, descending=descending)
    make.distributor(office, clerk, code="D-00001")
    session.execute(
        sa.update(Distributor).where(Distributor.code_key == before[3]).values(code_key=before[3] + "A")
    )
    session.commit()
    again = [*before[:3], before[3] + "A", *before[4:]]
    assert kept(2) == again
    moment += 31
    assert kept(2) == pages(2, descending=descending)
