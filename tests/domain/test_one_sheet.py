"""The agreement on one sheet: its kinds of violation are those of the full text, and it binds like that one."""

from dataclasses import replace

import pytest

from portal.domain.errors import DomainError
from portal.domain.price_protection import drafting, texts
from portal.domain.price_protection.deeds import amending, annexes, life
from portal.domain.price_protection.entries import ViolationEntry
from portal.domain.price_protection.payload import payload
from portal.domain.price_protection.problems import obstacles, problems
from portal.domain.templates import services as templates
from tests.domain.agreement_world import AgreementWorld
from tests.domain.deed_world import DeedWorld
from tests.paper_examples import SMALL, template_text


@pytest.fixture
def world(session, make) -> AgreementWorld:
    return AgreementWorld(session, make)


@pytest.fixture
def sheet(world):
    return world.add_template(SMALL)


def test_a_sheet_proposes_the_kinds_of_the_full_text_and_can_be_approved(session, world, sheet):
    distributor = world.add_distributor()
    proposed = drafting.proposal(session, distributor, sheet)
    full = templates.parsed(world.template.text).library
    assert [row.code for row in proposed.violations] == [
        row.code for row in full if row.is_enabled and not row.needs_approval
    ]
    agreement = world.draft(distributor, template_id=sheet.id)
    assert problems(session, agreement) == obstacles(session, agreement) == []
    said = {row.code: row.definition for row in full}
    assert all(row["definition"] == said[row["code"]] for row in payload(session, agreement)["violations"])


def test_the_kinds_come_from_the_version_that_counsel_released_last(session, world, sheet):
    newer = (
        template_text()
        .replace("version: 1.0.0", "version: 1.1.0", 1)
        .replace("没有真实的供货能力", "毫无供货能力", 1)
    )
    world.add_template(text=newer)
    [row] = [row for row in texts.kinds(session, sheet) if row.code == "hostile_quoting"]
    assert row.definition.startswith("毫无供货能力")


def test_a_kind_that_needs_an_approved_price_needs_it_on_a_sheet_too(session, world, sheet):
    with pytest.raises(DomainError, match="Breach of an approved price"):
        world.draft(template_id=sheet.id, violations=["approved_price"])


def test_a_renewal_on_the_sheet_takes_the_kinds_along(session, world, sheet):
    signed = world.signed()
    entry = drafting.renewal(session, signed, sheet)
    assert [row.code for row in entry.violations] == ["cross_territory", "hostile_quoting"]


GONE = "hostile_quoting"


def without(world, code):
    """Release a full text whose list has this kind no more."""
    lines = template_text().replace("version: 1.0.0", "version: 1.1.0", 1).splitlines(keepends=True)
    world.add_template(text="".join(line for line in lines if code not in line))


@pytest.fixture
def deeds(session, make):
    world = DeedWorld(session, make)
    world.sheet = world.add_template(SMALL)
    return world


def test_an_agreed_kind_that_left_the_library_stays_until_the_parties_take_it_out(session, deeds):
    agreement = deeds.signed(template_id=deeds.sheet.id)
    # Its share is to be another; then counsel's list loses the kind.
    kept = [ViolationEntry("cross_territory", 1_000_000), ViolationEntry(GONE, 500_000)]
    deed = deeds.amendment(agreement, values={}, violations=kept, reason="调整扣减比例")
    without(deeds, GONE)
    assert GONE not in {row.code for row in texts.kinds(session, deeds.sheet)}
    data = amending.data_of(session, deed)
    assert [row["share"] for row in data["after"]["violations"]] == [1_000_000, 500_000]
    # What a form offers says it in the words that were agreed, so that saving another change drops nothing.
    agreed = amending.base_of(session, deed)["violations"]
    [offered] = [row for row in annexes.kinds(session, agreement, agreed) if row.code == GONE]
    assert offered.definition == agreed[1]["definition"]
    amending.edit(session, deeds.author, deed, amending.says_of(deed), version=deed.version)
    session.commit()
    life.submit(session, deeds.author, deed)
    session.commit()
    deeds.reviewed(deed)
    deeds.approve_deed(deed)
    assert deed.papers[0].payload["after"]["violations"][1]["code"] == GONE


def test_a_kind_that_left_the_library_before_it_was_agreed_is_named_and_not_agreed(session, deeds):
    agreement = deeds.signed(template_id=deeds.sheet.id, violations=["cross_territory"])
    wanted = [ViolationEntry("cross_territory", 1_000_000), ViolationEntry(GONE, 500_000)]
    deed = deeds.amendment(agreement, violations=wanted)
    without(deeds, GONE)
    [problem] = life.problems_of(session, deed, life.data_of(session, deed))
    assert problem.params == {"kind": "恶意报价"}
    amending.edit(
        session, deeds.author, deed, replace(amending.says_of(deed), violations=None), version=deed.version
    )
    assert life.problems_of(session, deed, life.data_of(session, deed)) == []
