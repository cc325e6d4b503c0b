"""The papers of policies: the text, 政策签收表, 缺席传达名单."""

from io import BytesIO

from flask import abort, send_file
from flask.typing import ResponseReturnValue

from portal.blueprints.policies import bp
from portal.blueprints.policies.loading import policy_or_404, showing_or_404
from portal.db import now
from portal.domain.access.roles import Permission as P
from portal.domain.distributors.models import Distributor
from portal.domain.documents import services as documents
from portal.domain.errors import DomainError
from portal.domain.i18n import N_
from portal.domain.meetings.policies import queries
from portal.extensions import db
from portal.printing import policies as printing
from portal.printing.policies import Absentee, PolicyFacts, Signer, policy_facts
from portal.web.access import actor, requires
from portal.web.files import shown
from portal.web.meetings import meeting_or_404
from portal.web.requests import ROW
from portal.web.tables import number

MOST_ROWS = 2_000


def _shown(pdf: bytes, name: str, policy: PolicyFacts) -> ResponseReturnValue:
    return shown(pdf, "application/pdf", f"{name}-{policy.number}.pdf")


@bp.get(f"/policies/<{ROW}:id>/text.pdf")
@requires(P.MEETINGS_READ)
def text_pdf(id: int) -> ResponseReturnValue:
    """What a policy says, the last version or the one that `?no=` asks for: the PDF handed in, or the text set."""
    policy = policy_or_404(id)
    no = number("no") or policy.text.no
    text = next((one for one in policy.texts if one.no == no), None) or abort(404)
    facts = policy_facts(policy, text)
    if text.document is not None:
        data = documents.content(db.session(), text.document)
        return send_file(
            BytesIO(data), mimetype="application/pdf", download_name=f"政策-{facts.number}.pdf", max_age=0
        )
    db.session.rollback()
    return _shown(printing.text(facts, made_at=now()), "政策", facts)


@bp.get(f"/policies/<{ROW}:id>/absentees.pdf")
@requires(P.MEETINGS_READ)
def absentees_pdf(id: int) -> ResponseReturnValue:
    """缺席传达名单 of who still has to be told, owner by owner; `?owner=` one owner's only."""
    policy, me = policy_or_404(id), actor()
    rows = queries.concerned_rows(policy, me).where(queries.is_missing())
    if (owner := number("owner")) is not None:
        rows = rows.where(Distributor.owner_id == owner)
    found = db.session.execute(
        rows.order_by(
            queries.CONCERNED_SORTS["office"], queries.CONCERNED_SORTS["owner"], Distributor.name_key
        ).limit(MOST_ROWS + 1)
    ).all()
    if not found:
        raise DomainError(N_("Everybody was told, so there is nobody to brief."))
    if len(found) > MOST_ROWS:
        raise DomainError(
            N_("These are more than %(most)s distributors. Print the list of one owner at a time."),
            most=MOST_ROWS,
        )
    contacts = queries.contacts(db.session(), [row.id for row in found])
    facts = policy_facts(policy, policy.text)
    people = [
        Absentee(row.code, row.name, row.office, row.owner, *contacts.get(row.id, ("", ""))) for row in found
    ]
    db.session.rollback()
    return _shown(printing.absentees(facts, people, made_at=now()), "缺席传达名单", facts)


@bp.get(f"/meetings/<{ROW}:id>/policies/<{ROW}:showing_id>/sign.pdf")
@requires(P.MEETINGS_READ)
def sign_pdf(id: int, showing_id: int) -> ResponseReturnValue:
    """政策签收表: the distributors invited whom a policy concerns, with room to sign."""
    meeting = meeting_or_404(id)
    showing = showing_or_404(meeting, showing_id)
    found = queries.signers(db.session(), showing)
    if not found:
        raise DomainError(N_("No distributor whom the policy is for is invited to this meeting yet."))
    facts = policy_facts(showing.policy, showing.policy.text)
    held = printing.held_of(meeting)
    db.session.rollback()
    rows = [Signer(row.code, row.name, row.office) for row in found[:MOST_ROWS]]
    return _shown(printing.sign_sheet(facts, held, rows, made_at=now()), "政策签收表", facts)
