"""Writing an agreement: choosing its distributor, the form with its live preview, saving and submitting."""

import re
from dataclasses import dataclass, field, replace
from typing import Any

from flask import Response, flash, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from markupsafe import Markup

from portal.blueprints.agreements import bp, loading, words
from portal.blueprints.agreements.differences import Difference, differences, shown
from portal.blueprints.agreements.forms import FACTS, AgreementForm, TermChoice, TermField, build, dress
from portal.domain.access.roles import Permission as P
from portal.domain.distributors import contacts
from portal.domain.distributors import holes as register
from portal.domain.distributors import services as distributors
from portal.domain.distributors.duplicates import LooksKnown
from portal.domain.distributors.models import Distributor
from portal.domain.errors import DomainError, Stale
from portal.domain.papers.registry import PLACEHOLDERS
from portal.domain.papers.values import Whole
from portal.domain.price_protection import defaults, drafting, products, queries, steps, templates
from portal.domain.price_protection.drafting import Entry, PriceEntry, ViolationEntry
from portal.domain.price_protection.models import Agreement, Status, Template
from portal.domain.price_protection.payload import live_payload
from portal.domain.price_protection.problems import Problem, obstacles, problems_of
from portal.domain.settings.catalogue import GROUPS
from portal.domain.users.models import User
from portal.extensions import db
from portal.printing.agreement import render_agreement_html
from portal.web.access import actor, requires
from portal.web.htmx import leave, render, say, submit
from portal.web.tables import number

# On paper, which is Chinese, until saving gives the number.
NUMBER_TO_COME = "（保存时编号）"
# What the register calls a fact, and what the form and the paper call it.
_HOLES = {
    "uscc": "distributor_uscc",
    "legal_rep": "distributor_legal_rep",
    "address": "distributor_address",
    "contact": "distributor_contact",
    "phones": "distributor_phone",
}


@dataclass(frozen=True)
class Preview:
    """The paper as the form stands, with what is missing; or why it cannot even be shown."""

    paper: Markup | None = None
    problems: list[Problem] = field(default_factory=list)
    obstacles: list[Problem] = field(default_factory=list)
    refusal: str = ""


@dataclass
class Desk:
    """All that one form is about: with whom, on which text, from what it starts, and the form itself."""

    distributor: Distributor
    agreement: Agreement | None
    follows: Agreement | None
    edition: templates.Edition
    base: Entry
    form: AgreementForm
    # Names of the fields for what the register lacks.
    asked: list[str]
    # Where somebody saved meanwhile: what that one says, and what this form says.
    stale: list[Difference] = field(default_factory=list)
    # What keeps the agreement from being submitted.
    listed: list[Problem] = field(default_factory=list)

    @property
    def number(self) -> str | None:
        """The agreement's number, once it has one."""
        return self.agreement.number if self.agreement else None


@bp.route("/new", methods=["GET", "POST"])
@requires(P.AGREEMENTS_WRITE)
def new() -> ResponseReturnValue:
    """A new agreement: with whom, then one form; `?follows=` takes over what an earlier one says."""
    follows = loading.writable(follows_id) if (follows_id := number("follows")) else None
    if follows is not None:
        later = queries.successor(db.session, follows)
        if later is not None or follows.status not in drafting.RENEWABLE:
            return leave(url_for("agreements.detail", id=(later or follows).id))
        return _write(follows.distributor, None, follows)
    distributor_id = number("distributor")
    if distributor_id is None:
        return _choose()
    return _write(loading.partner(distributor_id), None, None)


def _choose() -> ResponseReturnValue:
    words = request.args.get("q", "").strip()[:80]
    found = db.session.scalars(queries.partners(db.session, actor(), words).limit(20)).all()
    return render(
        "agreements/choose.html",
        fragment="agreements/_partners.html",
        q=words,
        found=found,
        current=queries.in_force_by_distributor(db.session, [row.id for row in found]),
        lacking={row.id: [hole for hole in register.holes(row) if hole.is_needed] for row in found},
    )


@bp.route(f"/<{loading.ROW}:id>/edit", methods=["GET", "POST"])
@requires(P.AGREEMENTS_WRITE)
def edit(id: int) -> ResponseReturnValue:
    """Change a draft; two people at once: the second sees both readings and loses nothing."""
    agreement = loading.writable(id)
    if agreement.status is not Status.DRAFT:
        flash(_("%(number)s is no draft any more; it cannot be changed.", number=agreement.number), "warning")
        return leave(url_for("agreements.detail", id=id))
    return _write(agreement.distributor, agreement, None)


def _write(
    distributor: Distributor, agreement: Agreement | None, follows: Agreement | None
) -> ResponseReturnValue:
    desk = _desk(distributor, agreement, follows)
    do = request.form.get("do", "save") if request.method == "POST" else ""
    if do == "preview":
        return _show(desk, fragment="agreements/_preview.html")
    if do.startswith(("add-", "remove-")):
        _change_rows(desk, do)
        return _show(desk)
    if do in ("save", "submit") and desk.form.validate():
        saved = _save(desk, do)
        if saved is not None:
            return leave(saved)
    return _show(desk)


def _desk(distributor: Distributor, agreement: Agreement | None, follows: Agreement | None) -> Desk:
    """The form as sent, or as the draft, the forerunner or the defaults fill it."""
    offered = templates.offered_templates(db.session)
    kept = agreement.template if agreement else None
    if kept is not None and all((kept.key, kept.version) != (row.key, row.version) for row in offered):
        same = templates.edition(db.session, kept.key, kept.version)
        offered = [*offered, same] if same is not None else offered
    by_code = {f"{row.key}@{row.version}": row for row in offered}
    if not by_code:
        raise DomainError("There is no template to write an agreement on.")
    code = request.form.get("template", "")
    if code not in by_code:
        code = f"{kept.key}@{kept.version}" if kept else next(iter(by_code))
    edition = by_code[code]
    template = _row_of(edition)
    base = _base(distributor, agreement, follows, template)
    paper = edition.paper
    may_say = actor().can(P.TEMPLATES_RELEASE)
    terms = [
        entry
        for entry in defaults.terms_of(paper)
        if entry.name not in defaults.ASKED and (may_say or entry.name not in defaults.COUNSEL_ONLY)
    ]
    lacking = {_HOLES[hole.name] for hole in register.holes(distributor) if hole.name in _HOLES}
    may_mend = actor().can(P.DISTRIBUTORS_WRITE, distributor.region)
    asked = [name for name in FACTS if name in lacking] if may_mend else []
    form = build(
        terms,
        [row.code for row in paper.library],
        products=queries.product_choices(db.session, besides=[row.product_id for row in base.prices]),
        templates=[(key, _template_label(row)) for key, row in by_code.items()],
        formdata=request.form if request.method == "POST" else None,
        data=_data(base, code, agreement, edition),
    )
    for name in FACTS:
        if name not in asked:
            del form[name]
    if request.method == "GET" and not form.prices.entries:
        _add_rows(form, base, 3)
    return Desk(distributor, agreement, follows, edition, base, form, asked)


def _row_of(edition: templates.Edition) -> Template:
    """The kept row of a text, or one like it that is not kept yet: looking at a form writes nothing."""
    if edition.template is not None:
        return edition.template
    return Template(key=edition.key, version=edition.version, text=edition.text, sha256=edition.sha256)


def _template_label(edition: templates.Edition) -> str:
    if edition.release is not None:
        return _("%(title)s, %(version)s", title=edition.title, version=edition.version)
    return _(
        "%(title)s, %(version)s (not released by counsel yet)", title=edition.title, version=edition.version
    )


def _base(
    distributor: Distributor, agreement: Agreement | None, follows: Agreement | None, template: Template
) -> Entry:
    if agreement is not None:
        entry = drafting.entry_of(db.session, agreement)
        if template is agreement.template:
            return entry
        return replace(entry, template_id=template.id)
    if follows is not None:
        return drafting.renewal(db.session, follows, template)
    return drafting.proposal(db.session, distributor, template)


def _data(base: Entry, code: str, agreement: Agreement | None, edition: templates.Edition) -> dict[str, Any]:
    chosen = {row.code: row.share_ppm for row in base.violations}
    return {
        **base.values,
        "version": agreement.version if agreement else 0,
        "template": code,
        "effective_on": base.effective_on,
        "expires_on": base.expires_on,
        "rebate_rate": base.rebate_ppm or None,
        "base_share": base.base_share,
        "award_share": base.award_ppm,
        "prices": [
            {"product_id": row.product_id, "kind": row.kind, "amount": row.amount_fen} for row in base.prices
        ],
        **{f"violation-{row.code}": row.code in chosen for row in edition.paper.library},
        **{f"share-{row.code}": chosen.get(row.code, row.share_ppm) for row in edition.paper.library},
    }


def _change_rows(desk: Desk, do: str) -> None:
    form = desk.form
    if do == "add-row":
        _add_rows(form, desk.base, 1)
    elif do == "add-all":
        known = {(row.product_id.data, row.kind.data) for row in form.prices if row.product_id.data}
        kept = [row.form.data for row in form.prices if row.product_id.data]
        new = [
            {"product_id": row.product.id, "kind": row.kind, "amount": row.amount_fen}
            for row in products.proposed_rows(db.session, form.effective_on.data)
            if (row.product.id, row.kind) not in known and (not row.kind.needs_approval or row.approval)
        ]
        _set_rows(form, [*kept, *new])
    elif (place := do.removeprefix("remove-")).isdigit():
        _set_rows(form, [row.form.data for no, row in enumerate(form.prices) if no != int(place)])
    dress(form, queries.product_choices(db.session, besides=[row.product_id for row in desk.base.prices]))


def _set_rows(form: AgreementForm, rows: list[dict[str, Any]]) -> None:
    while form.prices.entries:
        form.prices.pop_entry()
    for row in rows:
        form.prices.append_entry(row)
    if not rows:
        form.prices.append_entry()


def _add_rows(form: AgreementForm, base: Entry, count: int) -> None:
    for _turn in range(count):
        form.prices.append_entry()
    dress(form, queries.product_choices(db.session, besides=[row.product_id for row in base.prices]))


def entry_from(desk: Desk, template_id: int) -> Entry:
    """What the form says; where an entry could not be read, what it started from."""
    form, base = desk.form, desk.base

    def said(name: str, otherwise: Any) -> Any:
        field = form[name]
        return otherwise if field.data is None else field.data

    values = {
        field.name: field.data
        for field in form
        if isinstance(field, TermField | TermChoice) and field.data not in (None, "")
    }
    for name in defaults.ASKED:
        if form[name].data:
            values[name] = form[name].data
    return Entry(
        template_id=template_id,
        effective_on=said("effective_on", base.effective_on),
        expires_on=said("expires_on", base.expires_on),
        rebate_ppm=said("rebate_rate", base.rebate_ppm),
        base_share=said("base_share", base.base_share),
        award_ppm=said("award_share", base.award_ppm),
        values=values,
        prices=_prices(form),
        violations=[
            ViolationEntry(row.code, said(f"share-{row.code}", row.share_ppm))
            for row in desk.edition.paper.library
            if form[f"violation-{row.code}"].data
        ],
    )


def _prices(form: AgreementForm) -> list[PriceEntry]:
    """The rows with a product; one without a price takes the one that the product proposes, if it has one."""
    rows = []
    for row in _said_rows(form):
        fen = row.amount.data
        if fen is None and not row.amount.process_errors:
            fen = queries.proposed_price(db.session, row.product_id.data, row.kind.data)
        rows.append(PriceEntry(row.product_id.data, row.kind.data, fen or 0))
    return rows


def _said_rows(form: AgreementForm) -> list[Any]:
    return [row for row in form.prices if row.product_id.data]


def _save(desk: Desk, do: str) -> str | None:
    """Write the register's missing facts and the draft, and submit it when asked; the address to go to."""
    form, me = desk.form, actor()
    is_outdated = False

    def work() -> Agreement:
        nonlocal is_outdated
        is_outdated, desk.listed = False, []
        try:
            _keep_facts(desk)
            return _written(desk, me, and_submit=do == "submit")
        except Stale:
            is_outdated = True
            raise
        except steps.Incomplete as error:
            desk.listed = error.problems
            raise
        except DomainError as error:
            raise DomainError(error.msgid, field=_row_field(form, error.field), **error.params) from error

    saved = submit(form, work)
    if saved is not None:
        if do == "submit":
            flash(_("%(number)s is submitted for approval.", number=saved.number))
        else:
            flash(_("%(number)s is saved.", number=saved.number))
        return url_for("agreements.detail", id=saved.id)
    if is_outdated and desk.agreement is not None:
        # Both readings are shown; saving again then replaces the other one knowingly.
        theirs = drafting.entry_of(db.session, desk.agreement)
        desk.stale = differences(db.session, theirs, entry_from(desk, desk.agreement.template_id))
        form.version.data = str(desk.agreement.version)
    return None


def _written(desk: Desk, me: User, *, and_submit: bool) -> Agreement:
    template = templates.ensure_template(db.session, desk.edition.key, desk.edition.version)
    entry = entry_from(desk, template.id)
    if desk.agreement is None:
        saved = drafting.draft(db.session, me, desk.distributor, entry, follows=desk.follows)
    else:
        typed = str(desk.form.version.data)
        version = int(typed) if typed.isascii() and typed.isdigit() else 0
        saved = drafting.edit(db.session, me, desk.agreement, entry, version=version)
    if and_submit:
        steps.submit(db.session, me, saved)
    return saved


def _row_field(form: AgreementForm, field: str | None) -> str | None:
    """The field of the form for a row that the domain counted without the empty ones."""
    match = re.fullmatch(r"prices-(\d+)-(\w+)", field or "")
    if match is None:
        return field
    return f"{_said_rows(form)[int(match[1])].name}-{match[2]}"


def _keep_facts(desk: Desk) -> None:
    """What was asked about party B goes into the register, in the same transaction."""
    form, distributor = desk.form, desk.distributor
    typed = {name: form[name].data for name in desk.asked if form[name].data}
    facts: dict[str, Any] = {
        name: typed[field] for name, field in _HOLES.items() if field in typed and name != "contact"
    }
    try:
        if facts:
            _edit_party(form, distributor, facts)
        if name := typed.get("distributor_contact"):
            contacts.add(db.session, actor(), distributor, {"name": name})
    except LooksKnown as error:
        said = (
            f"{found.mention.code} {found.mention.name} ({found.mention.office})" for found in error.found
        )
        raise DomainError(
            "Other records have this credit code: %(records)s. Check it against the licence; "
            "if it is right, tick this and save again.",
            field="is_related",
            records="、".join(said),
        ) from error
    except DomainError as error:
        field = "distributor_contact" if error.field == "name" else _HOLES.get(error.field or "")
        raise DomainError(error.msgid, field=field, **error.params) from error


def _edit_party(form: AgreementForm, distributor: Distributor, facts: dict[str, Any]) -> None:
    """Write what was asked; records with the same credit code are accepted once somebody has said so."""
    try:
        distributors.edit(db.session, actor(), distributor, facts, version=distributor.version)
    except LooksKnown as error:
        if not form.is_related.data:
            raise
        accepted = {found.mention.id for found in error.found}
        distributors.edit(
            db.session, actor(), distributor, facts, version=distributor.version, accepted=accepted
        )


def _preview(desk: Desk) -> Preview:
    """The paper as the form stands, and what still keeps it from being printed; nothing is written."""
    template = _row_of(desk.edition)
    try:
        agreement = drafting.assemble(
            db.session, desk.distributor, entry_from(desk, template.id or 0), template=template
        )
    except DomainError as error:
        return Preview(refusal=say(error))
    data = live_payload(db.session, agreement, agreement.terms[0])
    data["values"].update(_typed_facts(desk))
    return Preview(
        paper=render_agreement_html(data, template.text, number=desk.number or NUMBER_TO_COME),
        problems=problems_of(agreement, data),
        obstacles=obstacles(db.session, agreement),
    )


def _typed_facts(desk: Desk) -> dict[str, str]:
    typed: dict[str, str] = {}
    for name in desk.asked:
        value = desk.form[name].data
        if name == "distributor_phone":
            value = defaults.one_number(
                [(row.display, row.extension) for row in value or [] if row.is_understood]
            )
        if value:
            typed[name] = str(value)
    return typed


def _show(desk: Desk, *, fragment: str | None = None) -> Response:
    """The form with the paper beside it; the paper alone when htmx asks for it."""
    values = {**defaults.default_values(db.session, desk.distributor.region), **desk.base.values}
    names = [entry.name for entry in defaults.inputs_of(desk.edition.paper)]
    return render(
        "agreements/form.html",
        fragment=fragment,
        form=desk.form,
        desk=desk,
        preview=_preview(desk),
        back=words.last_turn(desk.agreement) if desk.agreement else None,
        groups=_groups(desk),
        limits=_limits(desk),
        company=_stated(values, [name for name in names if name.startswith("manufacturer_")]),
        counsels=_stated(
            values, [name for name in names if name in defaults.COUNSEL_ONLY and name not in desk.form]
        ),
        party_b=_stated(
            defaults.distributor_values(desk.distributor),
            [name for name in names if name.startswith("distributor_") and name not in desk.asked],
        ),
        library=desk.edition.paper.library,
        has_approved=drafting.has_approved_price(db.session, entry_from(desk, 0)),
        may_set=actor().can(P.SETTINGS_READ),
    )


def _stated(values: dict[str, Any], names: list[str]) -> list[tuple[str, str]]:
    """Label and value of what is shown and not asked; an empty value is a hole, or what the paper prints then."""
    stated = []
    for name in names:
        entry = PLACEHOLDERS[name]
        value = values.get(name)
        if value in (None, "") and entry.empty_from:
            continue
        stated.append((_(entry.label), shown(name, value) if value not in (None, "") else entry.empty or ""))
    return stated


def _limits(desk: Desk) -> dict[str, str]:
    """What each further term may be, in a few words, by name."""
    working = defaults.counted_in_working_days(desk.edition.paper)
    units = {"days": _("days"), "months": _("months"), "years": _("years"), "": ""}
    said = {}
    for term in desk.form.terms:
        kind = term.placeholder.kind
        if isinstance(kind, Whole):
            unit = _("working days") if term.name in working else units[kind.unit]
            said[term.name] = _("%(low)s to %(high)s %(unit)s", low=kind.low, high=kind.high, unit=unit)
    return said


def _groups(desk: Desk) -> list[tuple[str, str, list[Any]]]:
    """The further terms as the settings group them: title, help, fields; what no group knows comes last."""
    left = {field.name: field for field in desk.form.terms}
    groups = []
    for group in GROUPS:
        fields = [left.pop(name) for name in group.names if name in left]
        if fields:
            groups.append((_(group.title), _(group.help), fields))
    if left:
        groups.append((_("Other terms"), "", list(left.values())))
    return groups
