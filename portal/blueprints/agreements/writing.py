"""Writing an agreement: choosing its distributor, then one form with its live preview."""

from flask import flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.blueprints.agreements import bp, loading
from portal.blueprints.agreements.desk import set_up
from portal.blueprints.agreements.rows import change_rows
from portal.blueprints.agreements.saving import save
from portal.blueprints.agreements.showing import show, under_way
from portal.domain.access.roles import Permission as P
from portal.domain.distributors import holes as register
from portal.domain.distributors.models import Distributor
from portal.domain.price_protection import drafting, queries, texts
from portal.domain.price_protection.models import Agreement, Status
from portal.domain.templates import services as templates
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.htmx import leave, render, say, submit
from portal.web.requests import ROW
from portal.web.tables import number


@bp.route("/new", methods=["GET", "POST"])
@requires(P.AGREEMENTS_WRITE)
def new() -> ResponseReturnValue:
    """A new agreement: with whom, then one form; `?follows=` takes over what an earlier one says."""
    follows = loading.writable(follows_id) if (follows_id := number("follows")) else None
    if follows is not None:
        if (elsewhere := _not_renewed(follows)) is not None:
            return elsewhere
        return _write(follows.distributor, None, follows)
    distributor_id = number("distributor")
    if distributor_id is None:
        return _choose()
    return _write(loading.partner(distributor_id), None, None)


@bp.post(f"/<{ROW}:id>/renew")
@requires(P.AGREEMENTS_WRITE)
def renew(id: int) -> ResponseReturnValue:
    """Renew in one step: a draft with the last terms for the period that follows, then on to it."""
    earlier = loading.writable(id)
    if (elsewhere := _not_renewed(earlier)) is not None:
        return elsewhere
    edition = texts.successor_of(db.session, earlier.template)

    def work() -> Agreement:
        template = templates.ensure_template(db.session, edition.key, edition.version)
        entry = drafting.renewal(db.session, earlier, template)
        return drafting.draft(db.session, actor(), earlier.distributor, entry, follows=earlier)

    made = submit(None, work)
    assert made is not None
    flash(_("%(number)s is drafted with the last terms. Check it, then submit it.", number=made.number))
    if said := under_way(earlier.id):
        flash(said, "warning")
    return leave(url_for("agreements.detail", id=made.id))


def _not_renewed(earlier: Agreement) -> ResponseReturnValue | None:
    """Where to go when nothing may follow an agreement, with the reason said; None when something may."""
    later = queries.successor(db.session, earlier)
    if later is not None:
        flash(_("%(number)s already renews it.", number=later.number), "warning")
        return leave(url_for("agreements.detail", id=later.id))
    refusal = drafting.why_not_renewed(earlier)
    if refusal is None:
        return None
    flash(say(refusal), "error")
    return leave(url_for("agreements.detail", id=earlier.id))


def _choose() -> ResponseReturnValue:
    words = request.args.get("q", "").strip()[:80]
    found = db.session.scalars(queries.partners(db.session, actor(), words).limit(20)).all()
    return render(
        "agreements/choose.html",
        fragment="agreements/_partners.html",
        q=words,
        found=found,
        current=queries.running_by_distributor(db.session, [row.id for row in found]),
        lacking={row.id: [hole for hole in register.holes(row) if hole.is_needed] for row in found},
    )


@bp.route(f"/<{ROW}:id>/edit", methods=["GET", "POST"])
@requires(P.AGREEMENTS_WRITE)
def edit(id: int) -> ResponseReturnValue:
    """Change a draft; two people at once: the second sees both readings and loses nothing."""
    agreement = loading.writable(id)
    if agreement.status is not Status.DRAFT:
        flash(_("%(number)s is no longer a draft and cannot be changed.", number=agreement.number), "warning")
        return leave(url_for("agreements.detail", id=id))
    return _write(agreement.distributor, agreement, None)


def _write(
    distributor: Distributor, agreement: Agreement | None, follows: Agreement | None
) -> ResponseReturnValue:
    desk = set_up(distributor, agreement, follows)
    do = request.form.get("do", "save") if request.method == "POST" else ""
    if do == "preview":
        return show(desk, fragment="agreements/_preview.html")
    if do.startswith(("add-", "remove-")):
        change_rows(desk.form, desk.base, do)
        return show(desk)
    if do in ("save", "submit") and desk.form.validate():
        saved = save(desk, do)
        if saved is not None:
            return leave(saved)
    return show(desk)
