"""Contacts, licences, documents, holes and flags of a record."""

from datetime import date, timedelta

import pytest
import sqlalchemy as sa

from portal.db import today
from portal.domain.audit.models import AuditEvent
from portal.domain.distributors import contacts, documents, duplicates, licences, search
from portal.domain.distributors.around import around
from portal.domain.distributors.contacts import Erasure
from portal.domain.distributors.holes import holes, lacks_what_an_agreement_needs
from portal.domain.distributors.models import Contact, Distributor, NearSame, Verdict
from portal.domain.documents.models import Blob
from portal.domain.errors import DomainError

PDF = b"%PDF-1.7 sample"


def written(session):
    return str([(event.action, event.params) for event in session.scalars(sa.select(AuditEvent))])


def test_the_first_contact_is_the_primary_one_and_there_is_one_at_a_time(session, clerk, distributor):
    first = contacts.add(session, clerk, distributor, {"name": "王晓明"})
    second = contacts.add(session, clerk, distributor, {"name": "李四", "is_primary": True})
    assert (first.is_primary, second.is_primary) == (False, True)
    contacts.edit(session, clerk, distributor, first, {"name": "王晓明", "is_primary": True})
    assert (first.is_primary, second.is_primary) == (True, False)
    assert [person.name for person in distributor.people] == ["王晓明", "李四"]


def test_a_contact_is_found_by_name_and_number_until_erased_and_then_leaves_nothing(
    session, clerk, distributor
):
    person = contacts.add(
        session,
        clerk,
        distributor,
        {
            "name": "欧阳示例",
            "title": "经理",
            "phone": "13800000051（本人）",
            "email": "person@example.com",
            "birthday": "1980-5-2",
            "personality": "话少，看数字",
            "preferences": "喝茶",
        },
    )
    contacts.add(session, clerk, distributor, {"name": "李四"})
    contacts.edit(session, clerk, distributor, person, {"title": "总经理"})
    session.commit()
    assert person.phone == "138 0000 0051（本人）"
    assert session.scalars(search.matching(session, "ouyang")).all() == [distributor.id]
    contacts.erase(session, clerk, distributor, person, Erasure.ASKED)
    session.commit()
    session.expire_all()
    row = session.get_one(Contact, person.id)
    assert row.ended_at is not None
    facts = [row.name, row.title, row.phone, row.email, row.birthday, row.personality, row.preferences]
    assert facts == [""] * 7
    assert [(other.name, other.is_primary) for other in distributor.people] == [("李四", True)]
    for query in ("ouyang", "欧阳", "0051"):
        assert session.scalars(search.matching(session, query)).all() == []
    trail = written(session)
    assert "contact_erased" in trail and "asked" in trail and "'personal': ['title']" in trail
    for personal in ("欧阳", "0051", "person@", "1980", "话少", "喝茶", "总经理"):
        assert personal not in trail
    with pytest.raises(DomainError):
        contacts.edit(session, clerk, distributor, row, {"name": "欧阳示例"})


def test_the_database_itself_refuses_an_erased_contact_with_data(session, clerk, distributor):
    person = contacts.add(session, clerk, distributor, {"name": "王晓明"})
    session.commit()
    with pytest.raises(sa.exc.IntegrityError):
        session.execute(
            sa.update(Contact).where(Contact.id == person.id).values(ended_at=person.distributor.created_at)
        )


def test_a_contact_needs_a_name_and_letters_that_can_be_printed(session, clerk, distributor):
    for facts, field in (
        ({"name": " "}, "name"),
        ({"name": "王🙂"}, "name"),
        ({"name": "王", "email": "no"}, "email"),
        ({"name": "王", "birthday": "2-30"}, "birthday"),
    ):
        with pytest.raises(DomainError) as refused:
            contacts.add(session, clerk, distributor, facts)
        assert refused.value.field == field
        session.rollback()


def test_a_licence_warns_before_it_runs_out_and_no_more_once_ended(session, clerk, distributor):
    licence = licences.add(
        session,
        clerk,
        distributor,
        {"kind": "食品经营许可证", "number": "JY13305020000000", "expires_on": today() + timedelta(days=30)},
    )
    assert licences.state(licence) == "soon"
    licences.edit(session, clerk, distributor, licence, {"expires_on": today() - timedelta(days=1)})
    assert licences.state(licence) == "expired"
    licences.edit(session, clerk, distributor, licence, {"expires_on": date(2090, 1, 1), "is_ended": True})
    assert licences.state(licence) == "valid"
    assert distributor.licences_held == []
    with pytest.raises(DomainError):
        licences.edit(session, clerk, distributor, licence, {"number": "X"})
    with pytest.raises(DomainError) as refused:
        licences.add(session, clerk, distributor, {"kind": ""})
    assert refused.value.field == "kind"


def test_a_document_is_told_by_its_bytes_and_stays_when_withdrawn(session, clerk, distributor):
    filed = documents.file(session, clerk, distributor, PDF, filename="C:\\营业执照 2026.pdf", title="")
    assert (filed.title, filed.document.media_type) == ("营业执照 2026", "application/pdf")
    with pytest.raises(DomainError) as refused:
        documents.file(session, clerk, distributor, b"MZ\x90", filename="licence.pdf", title="x")
    assert refused.value.field == "file"
    with pytest.raises(DomainError) as refused:
        documents.withdraw(session, clerk, distributor, filed, why=" ")
    assert refused.value.field == "why"
    documents.withdraw(session, clerk, distributor, filed, why="属于另一家")
    session.commit()
    assert distributor.documents_filed == []
    assert session.scalar(sa.select(sa.func.count()).select_from(Blob)) == 1
    assert "属于另一家" in written(session)


def test_holes_name_first_what_an_agreement_needs(session, make, office, clerk):
    empty = make.distributor(office, clerk)
    needed = [hole.name for hole in holes(empty) if hole.is_needed]
    assert needed == ["uscc", "legal_rep", "address", "contact", "phones"]
    ready = make.distributor(
        office, clerk, uscc="91330500MA00EX3B4P", legal_rep="李样本", address="样板街2号", credit_days=0
    )
    contacts.add(session, clerk, ready, {"name": "李四", "phone": "13800000051"})
    session.commit()
    assert not any(hole.is_needed for hole in holes(ready))
    assert {"bank_account", "founded_on", "territory_id"} <= {hole.name for hole in holes(ready)}
    assert "credit_days" not in {hole.name for hole in holes(ready)}
    lacking = session.scalars(sa.select(Distributor.id).where(lacks_what_an_agreement_needs())).all()
    assert lacking == [empty.id]


def test_the_condition_and_the_list_of_holes_agree(session, make, office, clerk):
    """Each fact that is taken away makes the record lack something, by both."""
    whole = {"uscc": "91330500MA00EX3B4P", "legal_rep": "李样本", "address": "样板街2号"}
    for missing in (*whole, "contact", "phones"):
        facts = {name: value for name, value in whole.items() if name != missing}
        made = make.distributor(
            office, clerk, phones=[] if missing == "phones" else ["0572-5555102"], **facts
        )
        if missing != "contact":
            contacts.add(session, clerk, made, {"name": "李四"})
        session.commit()
        assert [hole.name for hole in holes(made) if hole.is_needed] == [missing]
        found = sa.select(Distributor.id).where(Distributor.id == made.id, lacks_what_an_agreement_needs())
        assert session.scalar(found) == made.id


def test_a_flag_is_settled_once_with_a_reason_and_both_records_remember(session, make, office, clerk):
    elsewhere = make.region("示例西区")
    one, other = make.distributor(office, clerk), make.distributor(elsewhere)
    session.add(NearSame(distributor_id=one.id, other_id=other.id))
    session.commit()
    flag = session.scalars(duplicates.flags_of(other)).one()
    assert session.scalars(sa.select(Distributor.id).where(duplicates.has_open_flag())).all() == [
        one.id,
        other.id,
    ]
    with pytest.raises(DomainError):
        duplicates.settle(session, clerk, other, flag, verdict=Verdict.SAME, why="")
    with pytest.raises(DomainError) as refused:
        duplicates.settle(session, clerk, one, flag, verdict=Verdict.DIFFERENT, why=" ")
    assert refused.value.field == "why"
    duplicates.settle(session, clerk, one, flag, verdict=Verdict.DIFFERENT, why="两家的法定代表人不同")
    session.commit()
    settled = session.scalars(
        sa.select(AuditEvent).where(AuditEvent.action == "distributor.near_same_settled")
    ).all()
    assert {event.subject_id for event in settled} == {one.id, other.id}
    assert {event.region_id for event in settled} == {office.id, elsewhere.id}
    with pytest.raises(DomainError):
        duplicates.settle(session, clerk, one, flag, verdict=Verdict.SAME, why="")
    assert session.scalars(sa.select(Distributor.id).where(duplicates.has_open_flag())).all() == []


def test_related_parties_share_the_credit_code(session, make, office, clerk):
    elsewhere = make.region("示例西区")
    uscc = "91330500MA00EX3B4P"
    one, other = make.distributor(office, clerk, uscc=uscc), make.distributor(elsewhere, uscc=uscc)
    make.distributor(office, clerk)
    assert [(m.id, m.is_open) for m in around(session, clerk, one).related] == [(other.id, False)]


def test_around_a_record_stand_its_suppliers_whom_it_supplies_and_its_related_parties(
    session, make, office, clerk
):
    top = make.distributor(office, clerk, code="T")
    middle = make.distributor(make.region("示例西区"), code="M", parent_id=top.id, uscc="91330100MA2B0XYZ1A")
    lone = make.distributor(office, clerk, code="L")
    below = make.distributor(office, clerk, code="B", parent_id=middle.id)
    same = make.distributor(office, clerk, code="S", uscc="91330100MA2B0XYZ1A")
    found = around(session, clerk, middle)
    assert [mention.id for mention in found.suppliers] == [top.id]
    assert [node.mention.id for node in found.branch] == [below.id]
    assert [mention.id for mention in found.related] == [same.id]
    nothing = around(session, clerk, lone)  # an empty credit code makes nobody related
    assert (nothing.suppliers, nothing.branch, nothing.related) == ([], [], [])
