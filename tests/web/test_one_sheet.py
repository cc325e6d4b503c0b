"""What has to fit on one sheet is printed before it is submitted; too long, it stays a draft with advice."""

from dataclasses import replace

import pytest

from portal.domain.price_protection import drafting
from portal.domain.price_protection.entries import PriceEntry
from portal.domain.price_protection.models import PriceKind, Status
from tests.domain.agreement_world import AgreementWorld
from tests.paper_examples import SMALL


@pytest.mark.parametrize(("products", "status"), [(4, Status.SUBMITTED), (12, Status.DRAFT)])
def test_a_sheet_is_submitted_only_when_it_fits(session, make, sign_in, products, status):
    world = AgreementWorld(session, make)
    sheet = world.add_template(SMALL)
    rows = [(world.add_product(), PriceKind.SUGGESTED_RETAIL, 2850) for _ in range(products)]
    agreement = world.draft(template_id=sheet.id, prices=rows)
    client = sign_in(world.author)
    answer = client.post(
        f"/agreements/{agreement.id}/submit", data={"version": agreement.version}, follow_redirects=True
    )
    session.rollback()
    session.refresh(agreement)
    assert agreement.status is status
    if status is Status.DRAFT:
        assert "does not fit on one sheet: use the full version" in answer.get_data(as_text=True)


def test_a_sheet_that_runs_over_says_so_on_its_record_until_it_says_less(session, make, sign_in):
    world = AgreementWorld(session, make)
    sheet = world.add_template(SMALL)
    rows = [(world.add_product(), PriceKind.SUGGESTED_RETAIL, 2850) for _ in range(12)]
    agreement = world.draft(template_id=sheet.id, prices=rows)
    client, address = sign_in(world.author), f"/agreements/{agreement.id}/"
    for _turn in range(2):  # once in the history, however often it is tried
        client.post(address + "submit", data={"version": agreement.version})
    page = client.get(address).get_data(as_text=True)
    checks = page.partition('id="checks"')[2].partition("</section>")[0]
    assert "takes 3 pages and does not fit on one sheet" in checks and "contract.pdf" in checks
    assert f'action="{address}submit"' not in page and 'aria-disabled="true"' in page
    assert page.count("Too long for its sheet") == 1
    draft = client.get(address + "contract.pdf")
    assert draft.status_code == 200 and draft.mimetype == "application/pdf"
    assert client.get("/agreements/").status_code == 200
    session.rollback()
    session.refresh(agreement)
    shorter = replace(drafting.entry_of(session, agreement), prices=[])
    shorter.prices.extend(PriceEntry(product.id, kind, fen) for product, kind, fen in rows[:4])
    drafting.edit(session, world.author, agreement, shorter, version=agreement.version)
    session.commit()
    page = client.get(address).get_data(as_text=True)
    assert f'action="{address}submit"' in page and "does not fit" not in page
