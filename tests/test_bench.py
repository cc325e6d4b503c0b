"""The bench itself: a figure knows its limit, and the register it measures on is one that the portal can read."""

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bench import register
from bench.client import fields_of
from bench.databases import engine_of
from bench.figures import Figure
from portal.db import reading
from portal.domain.access.roles import Role
from portal.domain.distributors import search, services
from portal.domain.distributors.models import Contact, Distributor, DistributorPhone
from portal.domain.distributors.queries import DistributorFilter, distributors_visible_to, narrowed
from portal.domain.users.models import User
from tests.factories import Factory


def test_a_figure_is_held_to_its_limit() -> None:
    assert Figure("list", 0.75, "×", 0.75).is_met
    assert not Figure("list", 0.76, "×", 0.75).is_met
    assert Figure("rate", 0.25, "×", 0.25, "above").is_met
    assert not Figure("rate", 0.24, "×", 0.25, "above").is_met
    assert Figure("for information", 9.0, "MiB").is_met
    assert "MISSED" in Figure("list", 0.76, "×", 0.75).line(10)
    assert Figure("list", 0.5, "×", 0.75).line(10).endswith("ok")


def test_the_register_is_one_that_the_portal_reads_and_goes_on_with(
    make: Factory, session: Session, database_url: str
) -> None:
    director = make.user(Role.EXECUTIVE, username=register.READER)
    with engine_of(database_url) as engine:
        first = register.write(engine, 600)
    session.rollback()
    made = session.scalars(sa.select(Distributor).where(Distributor.id >= first)).all()
    assert len(made) == 600
    assert {one.level.value for one in made} == {"general", "second_tier", "retailer"}
    assert all(one.name_key and one.sound and one.code == f"D-{one.series_no:05d}" for one in made)
    with reading():
        everything = _listed(session, director, DistributorFilter())
        common = _listed(session, director, DistributorFilter(q=register.MANY))
        rare = _listed(session, director, DistributorFilter(q=register.FEW))
    assert len(everything) == 600
    assert common == {one.id for one in made if register.MANY in one.name}
    assert 100 < len(common) < 400
    assert rare == {one.id for one in made if register.FEW in one.name}
    assert len(rare) == 1

    # The tokens are those that the portal would write itself.
    before = _found_by_telephone(session, made[0].id)
    search.index(session, [made[0].id])
    assert _found_by_telephone(session, made[0].id) == before
    assert made[0].id in before

    # Ids go on behind those that were written in bulk.
    facts = {"name": "示例新登记有限公司", "region": made[0].region, "owner": made[0].owner}
    new = services.create(session, director, facts)
    session.commit()
    assert new.id == first + 600
    assert new.code == f"D-{made[-1].id + 1:05d}"


def _listed(session: Session, user: User, wanted: DistributorFilter) -> set[int]:
    return set(
        session.scalars(
            narrowed(session, distributors_visible_to(user), wanted).with_only_columns(Distributor.id)
        )
    )


def _found_by_telephone(session: Session, identity: int) -> set[int]:
    digits = session.scalar(
        sa.select(DistributorPhone.digits).where(DistributorPhone.distributor_id == identity)
    ) or session.scalar(sa.select(Contact.phone).where(Contact.distributor_id == identity))
    assert digits
    found = search.matching(session, digits[-7:])
    assert found is not None
    return set(session.scalars(found))


def test_a_form_is_read_as_a_browser_would_send_it() -> None:
    html = """
    <form><input type="hidden" name="csrf_token" value="x"></form>
    <form><input name="name" value="甲&amp;乙"><input type="checkbox" name="off">
    <input type="checkbox" name="on" checked>
    <select name="level"><option value="a">A</option><option value="b" selected>B</option></select>
    <select name="first"><option value="c">C</option><option value="d">D</option></select>
    <textarea name="note">\nline</textarea><input type="submit" name="go" value="go"></form>
    """
    assert fields_of(html, "name") == {
        "name": "甲&乙",
        "on": "on",
        "level": "b",
        "first": "c",
        "note": "line",
    }
