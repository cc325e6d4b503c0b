"""Who waits for whom: the locks of a distributor's agreements and purchases, in one order everywhere."""

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.orm import Session

from portal.domain.distributors.models import Distributor


def hold_distributor(session: Session, distributor_id: int) -> None:
    """Let whatever makes an agreement of this distributor bind, or bind otherwise, wait for one another (P1).

    Which product is protected on which days is asked across its agreements, so holding one of them is not enough.
    There is one order of locks everywhere: the distributor, then the agreement, then its amendment or notice, then
    approvals of prices, then books. New agreements of the distributor may be drafted meanwhile.
    """
    session.execute(
        sa.select(Distributor.id).where(Distributor.id == distributor_id).with_for_update(key_share=True)
    )


def share_distributors(session: Session, distributor_ids: Collection[int]) -> None:
    """Keep the agreements of these distributors as binding as they are until the transaction ends (P2).

    Any number of purchases are entered side by side; who signs waits for them, and they for who signs, so that none
    is entered as unprotected behind the back of a signing that looks for such lines.
    """
    wanted = sorted(set(distributor_ids))
    for start in range(0, len(wanted), 1_000):
        session.execute(
            sa.select(Distributor.id)
            .where(Distributor.id.in_(wanted[start : start + 1_000]))
            .order_by(Distributor.id)
            .with_for_update(read=True)
        )
