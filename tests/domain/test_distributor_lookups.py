"""What a new record is compared with, and the code that comes next, are looked up and never searched for."""

import pytest
import sqlalchemy as sa

from portal.domain.access.roles import Role
from portal.domain.distributors import duplicates, services
from portal.domain.distributors.models import Distributor
from portal.domain.text import name_key, near_same, sound_mark, swapped

ALIKE = [
    ("示例株州宏达商贸有限公司", "示例株洲宏达贸易有限公司"),
    ("示例宏达商贸有限公司", "示例达宏商贸有限公司"),
    ("示例宏达商贸（杭州）", "示例宏达商贸杭州"),
]
UNLIKE = [("示例标恒商贸", "示例标华商贸"), ("示例门店12号", "示例门店21号"), ("示例宏达", "示例宏达商贸行")]


@pytest.mark.parametrize(("one", "other"), ALIKE + UNLIKE)
def test_the_indexes_find_exactly_what_is_near_the_same(session, make, one, other):
    kept = make.distributor(name=one)
    found = duplicates.find(session, None, name=other, uscc="")
    assert [likeness.mention.id for likeness in found] == ([kept.id] if near_same(one, other) else [])


@pytest.mark.parametrize(("one", "other"), ALIKE + UNLIKE)
def test_what_is_near_the_same_has_a_key_or_a_sound_in_common(one, other):
    looked_up = name_key(other) in [name_key(one), *swapped(name_key(one))] or sound_mark(one) == sound_mark(
        other
    )
    assert looked_up >= near_same(one, other)


def test_a_new_name_sounds_anew(session, make):
    region = make.region()
    manager = make.user(Role.REGIONAL_MANAGER, region)
    kept = make.distributor(region, manager, name="示例旧名商贸有限公司")
    services.edit(session, manager, kept, {"name": "示例株州宏达商贸有限公司"}, version=kept.version)
    session.commit()
    assert [one.mention.id for one in duplicates.find(session, None, name="示例株洲宏达商贸", uscc="")] == [
        kept.id
    ]


def test_the_next_code_follows_the_highest_of_the_series_whatever_other_codes_there_are(session, make):
    for code in ("D-00009", "d-00012", "HZ-99999", "D-1", "D-00011-B"):
        make.distributor(code=code)
    assert services.next_code(session) == "D-00013"
    make.distributor(code="D-123456")
    assert services.next_code(session) == "D-123457"


def test_a_code_that_another_program_wrote_is_not_given_again(session, make):
    kept = make.distributor(code="D-00001")
    session.execute(sa.update(Distributor).where(Distributor.id == kept.id).values(series_no=None))
    session.commit()
    assert services.next_code(session) == "D-00002"


def test_codes_that_another_program_wrote_are_passed_in_one_step(session, make):
    written = [make.distributor(code=f"D-{number:05d}") for number in (*range(1, 40), 77)]
    make.distributor(code="X-99999")
    ids = [one.id for one in written]
    session.execute(sa.update(Distributor).where(Distributor.id.in_(ids)).values(series_no=None))
    session.commit()
    asked: list[str] = []
    connection = session.connection()
    sa.event.listen(connection, "before_cursor_execute", lambda *args: asked.append(args[2]))
    assert services.next_code(session) == "D-00078"
    assert len(asked) <= 3
