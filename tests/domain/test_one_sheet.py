"""The agreement on one sheet: its kinds of violation are those of the full text, and it binds like that one."""

import pytest

from portal.domain.errors import DomainError
from portal.domain.price_protection import drafting, texts
from portal.domain.price_protection.payload import payload
from portal.domain.price_protection.problems import obstacles, problems
from portal.domain.templates import services as templates
from tests.domain.agreement_world import AgreementWorld
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
