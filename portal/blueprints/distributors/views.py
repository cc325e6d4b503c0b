"""A record of the register: seen, made, changed."""

from flask import abort, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.blueprints.distributors import bp, entries, record
from portal.blueprints.distributors.forms import GROUPS, SLOTS, DistributorForm
from portal.blueprints.distributors.loading import readable, writable
from portal.domain.access.roles import Permission as P
from portal.domain.distributors import choices, mentions, services, tree
from portal.domain.distributors.duplicates import Likeness, LooksKnown
from portal.domain.distributors.models import Channel, Distributor, Level, Standing
from portal.domain.errors import Stale
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.htmx import leave, render, submit
from portal.web.requests import ROW
from portal.web.tables import as_id


@bp.get(f"/<{ROW}:id>")
@requires(P.DISTRIBUTORS_READ)
def detail(id: int) -> ResponseReturnValue:
    """The record: facts, people, papers, agreements, whom it supplies, its history."""
    distributor = readable(id, *record.AT_ONCE)
    page = record.page(db.session, actor(), distributor, whole_history=request.args.get("history") == "all")
    return render("distributors/detail.html", d=distributor, page=page, meetings_shown=record.MEETINGS_SHOWN)


@bp.route("/new", methods=["GET", "POST"])
@requires(P.DISTRIBUTORS_WRITE)
def new() -> ResponseReturnValue:
    """A new record; one that looks like another is made only once somebody says it is not that one."""
    me = actor()
    form = DistributorForm(data=_at_first())
    entries.offer_standings(form, None)
    alike: list[Likeness] = []
    if form.validate_on_submit():
        made = submit(form, lambda: _make(form, alike))
        if made is not None:
            id, code, name = made
            flash(_("%(name)s is registered as %(code)s.", name=name, code=code), "success")
            return leave(url_for(".detail", id=id))
    office = entries.offer(db.session, me, form, None)
    return _form_page(form, None, alike, office)


def _at_first() -> dict[str, object]:
    """What a new form knows already: the user's own office, the user as owner, what most distributors are."""
    me = actor()
    home = me.home if me.home and me.can(P.DISTRIBUTORS_WRITE, me.home) else None
    if home is None:
        home = next(iter(choices.offices(db.session, me)), None)
    return {
        "region_id": home.id if home else None,
        "owner_id": me.id,
        "level": Level.GENERAL,
        "channel": Channel.DISTRIBUTOR,
        "standing": Standing.ACTIVE,
        "parent": request.args.get("parent", ""),
    }


def _make(form: DistributorForm, alike: list[Likeness]) -> tuple[int, str, str]:
    """Id, code and name of the new record, which need not be read again once it is committed."""
    alike.clear()
    try:
        made = services.create(
            db.session,
            actor(),
            entries.stated(db.session, form),
            contact=entries.contact_in(form),
            accepted=_accepted(form),
        )
    except LooksKnown as known:
        alike.extend(known.found)
        raise
    return made.id, made.code, made.name


def _accepted(form: DistributorForm) -> set[int]:
    """The look-alikes that stood on the page when the tick was set; one that came since is asked about."""
    seen = (form.seen.data or "").split(",")
    return {id for part in seen if (id := as_id(part)) is not None} if form.accepted.data else set()


@bp.route(f"/<{ROW}:id>/edit", methods=["GET", "POST"])
@requires(P.DISTRIBUTORS_WRITE)
def edit(id: int) -> ResponseReturnValue:
    """Change a record; who is second is shown what the first one changed, and loses nothing."""
    distributor = writable(id)
    form = DistributorForm(data=entries.of_record(db.session, actor(), distributor))
    office = entries.offer(db.session, actor(), form, distributor)
    alike: list[Likeness] = []
    differences: list[entries.Difference] = []
    if form.validate_on_submit():
        if submit(form, lambda: _change(form, distributor, alike, differences)) is not None:
            flash(_("Saved."), "success")
            return leave(url_for(".detail", id=id))
        office = entries.offer(db.session, actor(), form, distributor)
    return _form_page(form, distributor, alike, office, differences)


def _change(
    form: DistributorForm,
    distributor: Distributor,
    alike: list[Likeness],
    differences: list[entries.Difference],
) -> bool:
    alike.clear()
    differences.clear()
    said = entries.stated(db.session, form)
    try:
        try:
            version = form.version.data or 0
            services.edit(db.session, actor(), distributor, said, version=version, accepted=_accepted(form))
        except Stale:
            # The row is locked and fresh by now. If nothing that stands in the form has changed, go on.
            differences.extend(entries.compare(db.session, actor(), form, distributor))
            if differences:
                raise
            services.edit(
                db.session, actor(), distributor, said, version=distributor.version, accepted=_accepted(form)
            )
    except LooksKnown as known:
        alike.extend(known.found)
        raise
    return True


def _form_page(
    form: DistributorForm,
    distributor: Distributor | None,
    alike: list[Likeness],
    office: object,
    differences: list[entries.Difference] | None = None,
) -> ResponseReturnValue:
    if alike:
        form.seen.data, form.seen.raw_data = ",".join(str(one.mention.id) for one in alike), None
        form.accepted.data = False
    return render(
        "distributors/form.html",
        form=form,
        d=distributor,
        groups=GROUPS,
        parts=entries.parts(form, is_new=distributor is None),
        alike=alike,
        differences=differences or [],
        last=record.last_event(db.session, actor(), distributor) if distributor and differences else None,
        territories=choices.territories(db.session, office) if office else [],  # type: ignore[arg-type]
    )


@bp.post("/read")
@requires(P.DISTRIBUTORS_WRITE)
def read() -> ResponseReturnValue:
    """One field again, with how its entry was read or why it was refused, while somebody still types."""
    slot = SLOTS.get(request.args.get("field", ""))
    if slot is None or slot.does != "read":
        abort(404)
    form = DistributorForm()
    form[slot.name].validate(form)
    return render("distributors/_read.html", form=None, f=form[slot.name], slot=slot)


@bp.get("/office")
@requires(P.DISTRIBUTORS_WRITE)
def office() -> ResponseReturnValue:
    """The owners and territories of an office, when another one is chosen in the form."""
    form = DistributorForm(
        data={"region_id": request.args.get("region_id", type=int), "owner_id": actor().id}
    )
    chosen = entries.offer(db.session, actor(), form, None)
    if chosen is None:
        abort(404)
    return render(
        "distributors/_office.html",
        f=form.owner_id,
        slot=SLOTS["owner_id"],
        territories=choices.territories(db.session, chosen),
    )


@bp.get("/choose")
@requires(P.DISTRIBUTORS_READ)
def choose() -> ResponseReturnValue:
    """Distributors that what was typed may mean, for a box that names one: code, name, office."""
    wanted = request.args.get("q") or request.args.get("parent") or ""
    return render("distributors/_choices.html", found=mentions.choose(db.session, actor(), wanted[:80]))


@bp.get(f"/<{ROW}:id>/downstream/<{ROW}:node>")
@requires(P.DISTRIBUTORS_READ)
def downstream(id: int, node: int) -> ResponseReturnValue:
    """What hangs below a node of a record's tree; only nodes of that very tree."""
    distributor = readable(id)
    if not tree.is_below(db.session, node, distributor.id):
        abort(404)
    return render(
        "distributors/downstream.html",
        fragment="distributors/_branch.html",
        d=distributor,
        top=mentions.mentions(db.session, actor(), [node])[node],
        nodes=tree.branch(db.session, actor(), node),
    )
