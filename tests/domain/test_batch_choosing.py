"""By what agreements of a batch are chosen, and how further ones come in and others are taken out."""

import pytest
import sqlalchemy as sa

from portal.domain.audit.models import AuditEvent
from portal.domain.distributors.models import Grade
from portal.domain.distributors.queries import UNGRADED
from portal.domain.errors import DomainError
from portal.domain.price_protection import steps, todos
from portal.domain.price_protection.batches import approving, choosing, queries, services, tasks
from portal.domain.price_protection.batches import todos as lists
from portal.domain.price_protection.batches.changes import Changes
from portal.domain.price_protection.batches.choosing import Choice
from portal.domain.price_protection.batches.queries import RowFilter, Stage
from portal.domain.price_protection.models import Status
from tests.domain.test_batches import BatchWorld


@pytest.fixture
def world(session, make):
    return BatchWorld(session, make)


def found(world, batch=None, **wanted):
    statement = choosing.candidates(world.session, world.author, Choice(**wanted), batch=batch)
    return {row.id for row in world.session.execute(statement)}


def graded(world, grade):
    agreement = world.signed()
    agreement.distributor.grade = grade
    world.session.commit()
    return agreement


def test_they_are_chosen_by_the_grade_of_the_distributor(world):
    good, none = graded(world, Grade.A), graded(world, None)
    graded(world, Grade.B)
    assert found(world, grade="A") == {good.id}
    assert found(world, grade=UNGRADED) == {none.id}
    batch = world.batch([good, none])
    rows = world.session.execute(queries.rows(batch, world.author, RowFilter(grade="A"))).all()
    assert [(row.earlier_id, row.grade) for row in rows] == [(good.id, Grade.A)]


def test_they_are_chosen_by_the_release_that_the_running_agreement_stands_on(world):
    old, new = world.signed(), world.signed()
    newer = world.template.text.replace("version: 1.0.0", "version: 1.10.0", 1)
    kept = world.add_template(text=newer, is_released=False)
    new.template_id = kept.id
    world.session.commit()
    key = old.template.key
    assert found(world, template=f"{key}@{old.template.version}") == {old.id}
    assert found(world, template=f"{key}@{kept.version}") == {new.id}
    assert found(world, template=key) == {old.id, new.id}
    assert choosing.texts_in_use(world.session, world.author) == [
        (key, kept.version, 1),
        (key, old.template.version, 1),
    ]


def test_numbers_are_taken_as_they_are_pasted(world):
    first, second, third = world.signed(), world.signed(), world.signed()
    typed = f" {first.number.lower()}，{second.number}\r\n\r\n1\t{third.number}\t示例商贸\n{second.number}"
    named = choosing.by_numbers(world.session, world.author, typed)
    assert (named.ids, named.unfit) == ([first.id, second.id, third.id], [])


def test_every_number_that_cannot_be_taken_is_told_with_its_reason(world):
    signed, draft, renewed = world.signed(), world.draft(), world.signed()
    later = world.signed()
    later.follows_id = renewed.id
    other = world.signed()
    other.region_id = world.make.region("示例别区").id
    world.session.commit()
    typed = "\n".join([signed.number, draft.number, renewed.number, other.number, "PPA-9999"])
    unfit = choosing.by_numbers(world.session, world.author, typed).unfit
    assert [str(error) for error in unfit] == [
        # What lies in another office is not even said to be there.
        f"There are no agreements with these numbers: {other.number}、PPA-9999",
        f"Only signed agreements are renewed; these are not signed: {draft.number}",
        f"These are renewed already, or a draft renews them: {renewed.number}",
    ]
    (nothing,) = choosing.by_numbers(world.session, world.author, " \n ").unfit
    assert str(nothing) == "Enter at least one number."


def test_agreements_are_added_and_only_they_are_checked(world):
    first, second, third = (world.signed() for _ in range(3))
    batch = world.batch([first], Changes(rebate_ppm=35_000))
    world.do(batch, services.DRAFT)
    rows = services.add(world.session, world.author, batch, [first.id, second.id, third.id])
    job = services.ask(world.session, world.author, batch, services.CHECK, total=len(rows), rows=rows)
    world.session.commit()
    assert world.perform(job, tasks.check_rows) == {
        "done": 2, "refused": 0, "passed": 0, "batch_id": batch.id
    }  # fmt: skip
    stages = queries.stages(world.session, batch, world.author)
    assert stages == {Stage.READY: 2, Stage.DRAFTED: 1}
    told = world.session.scalars(sa.select(AuditEvent).where(AuditEvent.action == "batch.rows_added")).one()
    assert set(told.params["numbers"]) == {second.number, third.number}
    assert found(world, batch) == set()
    with pytest.raises(DomainError, match="in the batch already"):
        services.add(world.session, world.author, batch, [first.id])


def test_what_was_left_out_comes_in_again_when_it_is_added(world):
    first, second = world.signed(), world.signed()
    batch = world.batch([first, second])
    row = world.rows(batch)[1]
    services.leave_out(world.session, world.author, batch, [row.id], "迁址")
    assert found(world, batch) == {second.id}
    assert services.add(world.session, world.author, batch, [second.id]) == [row.id]
    world.session.commit()
    assert world.rows(batch)[1].left_out_at is None


def test_a_drafted_row_that_is_taken_out_goes_its_own_way(world):
    batch = world.batch([world.signed() for _ in range(2)], Changes(rebate_ppm=35_000))
    world.do(batch, services.DRAFT)
    stays, leaves = world.rows(batch)
    services.leave_out(world.session, world.author, batch, [leaves.id], "单独谈")
    world.session.commit()
    assert world.do(batch, services.SUBMIT)["done"] == 1
    world.session.refresh(leaves)
    assert leaves.agreement.status is Status.DRAFT
    steps.submit(world.session, world.author, leaves.agreement)
    world.session.commit()
    pending = approving.pending(world.session, batch, world.manager)
    assert [row.row_id for row in pending] == [stays.id]
    (todo,) = lists.todos(world.session, world.manager)
    assert todo.params["number"] == 1
    alone = todos.awaiting_my_approval(world.session, world.manager)
    assert [one.args["id"] for one in alone] == [leaves.agreement_id]


def test_what_is_submitted_is_not_taken_out(world):
    batch = world.submitted_batch(1)
    (row,) = world.rows(batch)
    with pytest.raises(DomainError, match="is submitted already"):
        services.leave_out(world.session, world.author, batch, [row.id], "迁址")
