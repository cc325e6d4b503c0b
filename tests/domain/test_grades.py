"""The grade of a distributor (D5): how it is read, kept, narrowed by, imported; and what is refused."""

import pytest
import sqlalchemy as sa

from portal.domain.access.roles import Role
from portal.domain.audit.models import AuditEvent
from portal.domain.distributors import services
from portal.domain.distributors.facts import grade_of
from portal.domain.distributors.importing.columns import SPEC, word_of
from portal.domain.distributors.models import Distributor, Grade
from portal.domain.distributors.queries import UNGRADED, DistributorFilter, narrowed
from portal.domain.errors import DomainError
from tests.domain import dealer_imports
from tests.domain.tabular_files import csv_text


@pytest.mark.parametrize(
    "typed", ["A", "a", "Ａ", " ａ ", "A类", "A 类", "Ａ级", "A等", "A类客户", "grade A", "Class a"]
)
def test_a_grade_is_read_as_people_write_it(typed):
    assert grade_of(typed) is Grade.A


@pytest.mark.parametrize("typed", ["", "  ", "未评级", "not graded yet"])
def test_no_grade_is_said_too(typed):
    assert grade_of(typed) is None


@pytest.mark.parametrize("typed", ["D", "A+", "AB", "一级", "甲", "1", "A类B类"])
def test_anything_else_is_refused_with_what_to_write(typed):
    with pytest.raises(DomainError, match="enter A, B or C"):
        grade_of(typed)


@pytest.mark.parametrize("heading", ["等级", "评级", "客户等级", "Grade"])
def test_its_column_is_found_by_the_headings_of_offices(heading):
    found = SPEC.find(heading)
    assert found is not None and found[1].field == "grade"


def test_a_grade_in_the_column_of_levels_is_told_where_it_belongs():
    with pytest.raises(DomainError, match="is a grade, not a level"):
        word_of("level", "Ｂ类")
    with pytest.raises(DomainError, match="is not a level"):
        word_of("level", "agents")


def test_the_database_keeps_nothing_else(session, make, office, clerk):
    made = make.distributor(office, clerk, grade=Grade.B)
    with pytest.raises(sa.exc.IntegrityError):
        session.execute(sa.text("UPDATE distributor SET grade = 'D' WHERE id = :id"), {"id": made.id})
    session.rollback()


def test_who_graded_it_and_why_stays_in_the_history(session, make, office, clerk):
    made = make.distributor(office, clerk)
    services.edit(
        session,
        clerk,
        made,
        {"grade": Grade.A, "grade_why": " 年销量第一，\n回款及时 "},
        version=made.version,
    )
    assert not services.edit(session, clerk, made, {"grade": Grade.A, "grade_why": ""}, version=made.version)
    services.edit(session, clerk, made, {"grade": None}, version=made.version)
    told = session.scalars(
        sa.select(AuditEvent).where(AuditEvent.action == "distributor.updated").order_by(AuditEvent.id)
    ).all()
    assert [event.actor_id for event in told] == [clerk.id, clerk.id]
    assert [event.params["changes"]["grade"] for event in told] == [[None, "A"], ["A", None]]
    assert [event.params.get("grade_why") for event in told] == ["年销量第一，\n回款及时", None]


def test_a_reason_alone_is_kept_and_one_too_long_is_refused(session, make, office, clerk):
    made = make.distributor(office, clerk, grade=Grade.C)
    assert services.edit(session, clerk, made, {"grade_why": "复核后维持"}, version=made.version)
    with pytest.raises(DomainError) as refused:
        services.edit(session, clerk, made, {"grade_why": "长" * 201}, version=made.version)
    assert refused.value.field == "grade_why"


def test_the_register_is_narrowed_by_it(session, make, office, clerk):
    good = make.distributor(office, clerk, grade=Grade.A)
    none = make.distributor(office, clerk)
    make.distributor(office, clerk, grade=Grade.B)

    def found(grade):
        return list(
            session.scalars(narrowed(session, sa.select(Distributor.id), DistributorFilter(grade=grade)))
        )

    assert (found("A"), found(UNGRADED)) == ([good.id], [none.id])


def brought(session, *rows):
    table = dealer_imports.read(csv_text(("编码", "名称", "大区", "等级"), *rows).encode(), "名录.csv")
    report = dealer_imports.apply(session, None, table)
    session.commit()
    session.expire_all()
    return report


def test_a_list_brings_grades_and_each_bad_one_is_refused_in_its_row(session, make, office):
    make.user(Role.ADMINISTRATOR)
    report = brought(
        session,
        ("G1", "示例甲商行", office.name, "Ａ类"),
        ("G2", "示例乙商行", office.name, "优秀"),
        ("G3", "示例丙商行", office.name, ""),
    )
    kept = dict(session.execute(sa.select(Distributor.code, Distributor.grade)).all())
    assert kept == {"G1": Grade.A, "G3": None}
    (refused,) = report.refusals
    assert (refused.row, refused.column, refused.params) == (3, "等级", {"text": "优秀"})
    again = brought(session, ("G1", "示例甲商行", office.name, "未评级"))
    assert session.scalar(sa.select(Distributor.grade).where(Distributor.code == "G1")) is None
    assert again.refusals == []
