"""What has to fit on one sheet is printed before it is submitted; too long, it stays a draft with advice."""

import pytest

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
