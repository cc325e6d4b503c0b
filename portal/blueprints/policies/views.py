"""The list of policies, and one policy: where it stands, who was told of it and who is still to be."""

from flask import request
from flask.typing import ResponseReturnValue

from portal.blueprints.policies import bp
from portal.blueprints.policies.loading import policy_or_404
from portal.domain.access.queries import regions_visible_to, visible, within
from portal.domain.access.roles import Permission as P
from portal.domain.audit import services as audit
from portal.domain.distributors.models import Distributor
from portal.domain.meetings.policies import queries, releasing
from portal.domain.meetings.policies.models import Policy, PolicyState, Telling
from portal.domain.meetings.policies.queries import PolicyFilter, PolicyPhase
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.audit_words import tell
from portal.web.htmx import render
from portal.web.requests import ROW
from portal.web.tables import chosen, count, number, page_of

# Whom the list below a policy shows; the first is what one comes for.
_SHOWN = ("missing", "told", "all")


@bp.get("/policies/")
@requires(P.MEETINGS_READ)
def index() -> ResponseReturnValue:
    """The list, the latest first."""
    me = actor()
    wanted = PolicyFilter(
        q=request.args.get("q", "").strip()[:80],
        phase=chosen(PolicyPhase, "phase"),
        region_id=number("region"),
    )
    page = page_of(
        db.session,
        queries.policy_rows(me, wanted),
        sorts=queries.SORTS,
        default="number",
        descending=True,
        tie=Policy.id,
    )
    return render(
        "policies/index.html",
        fragment="policies/_table.html",
        page=page,
        phases={row.id: queries.phase_of(row, missing=row.missing) for row in page.rows},
        total=count(db.session, queries.policies_visible_to(me)),
        wanted=wanted,
        all_phases=list(PolicyPhase),
        offices=[
            (region.id, region.name, region.depth)
            for region in db.session.scalars(regions_visible_to(me, P.MEETINGS_READ))
        ],
        may_write=me.can(P.MEETINGS_WRITE),
    )


@bp.get(f"/policies/<{ROW}:id>")
@requires(P.MEETINGS_READ)
def detail(id: int) -> ResponseReturnValue:
    """One policy; `?show=` told, missing (at first) or all of whom it concerns, `?owner=` and `?region=` of them."""
    policy, me = policy_or_404(id, *queries.WITH_ALL), actor()
    missing = queries.missing(db.session(), policy)
    progress = queries.progress(db.session(), policy, me)
    show = request.args.get("show", "")
    show = show if show in _SHOWN else ("missing" if any(one.missing for one in progress) else "all")
    rows = queries.concerned_rows(policy, me)
    if show == "missing":
        rows = rows.where(queries.is_missing())
    elif show == "told":
        rows = rows.where(Telling.id.is_not(None))
    if (owner := number("owner")) is not None:
        rows = rows.where(Distributor.owner_id == owner)
    if (office := number("region")) is not None:
        rows = rows.where(Distributor.region_id.in_(within(office)))
    return render(
        "policies/detail.html",
        fragment="policies/_concerned.html",
        policy=policy,
        phase=queries.phase_of(policy, missing=missing),
        missing=missing,
        progress=progress,
        page=page_of(
            db.session,
            rows,
            sorts=queries.CONCERNED_SORTS,
            default="office",
            tie=Distributor.id,
            total=queries.how_many(db.session(), rows),
        ),
        show=show,
        owner=owner,
        office=office,
        briefs=set(db.session.scalars(visible(me, P.MEETINGS_WRITE))) if me.can(P.MEETINGS_WRITE) else set(),
        is_open=policy.state in (PolicyState.PRESENTED, PolicyState.RELEASED),
        may_write=me.can(P.MEETINGS_WRITE, policy.region),
        may_release=releasing.may_release(me, policy),
        may_withdraw=releasing.may_withdraw(me, policy),
        events=tell(db.session, me, db.session.scalars(audit.history(policy).limit(15)).all()),
    )
