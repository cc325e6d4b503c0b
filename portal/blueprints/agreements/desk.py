"""The desk an agreement is written at: with whom, on which text, from what it starts, and its form."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from flask import request
from flask_babel import gettext as _

from portal.blueprints.agreements.differences import Difference
from portal.blueprints.agreements.forms import FACTS, AgreementForm, build
from portal.blueprints.agreements.rows import add_rows
from portal.domain.access.roles import Permission as P
from portal.domain.distributors import holes as register
from portal.domain.distributors.models import Distributor
from portal.domain.errors import DomainError
from portal.domain.papers.model import LibraryRow
from portal.domain.price_protection import defaults, drafting, queries, texts
from portal.domain.price_protection.drafting import Entry
from portal.domain.price_protection.models import Agreement
from portal.domain.price_protection.problems import Problem
from portal.domain.templates import services as templates
from portal.domain.templates.models import Template
from portal.extensions import db
from portal.web.access import actor
from portal.web.template_words import name_of

# What the register calls a fact, and what the form and the paper call it.
HOLES = {
    "uscc": "distributor_uscc",
    "legal_rep": "distributor_legal_rep",
    "address": "distributor_address",
    "contact": "distributor_contact",
    "phones": "distributor_phone",
}


@dataclass
class Desk:
    """All that one form is about: with whom, on which text, from what it starts, and the form itself."""

    distributor: Distributor
    agreement: Agreement | None
    follows: Agreement | None
    edition: templates.Edition
    # The kinds of violation to choose from.
    kinds: Sequence[LibraryRow]
    base: Entry
    form: AgreementForm
    # Names of the fields for what the register lacks.
    asked: list[str]
    # Where somebody saved meanwhile: what that one says, and what this form says.
    stale: list[Difference] = field(default_factory=list)
    # Of those, the keys of the lines that are to stay as that one says.
    taken: list[str] = field(default_factory=list)
    # What keeps the agreement from being submitted.
    listed: list[Problem] = field(default_factory=list)

    @property
    def number(self) -> str | None:
        """The agreement's number, once it has one."""
        return self.agreement.number if self.agreement else None


def set_up(distributor: Distributor, agreement: Agreement | None, follows: Agreement | None) -> Desk:
    """The form as sent, or as the draft, the forerunner or the defaults fill it."""
    offered = texts.offered_editions(db.session)
    kept = agreement.template if agreement else None
    if kept is not None and all((kept.key, kept.version) != (row.key, row.version) for row in offered):
        same = templates.edition(db.session, kept.key, kept.version)
        offered = [*offered, same] if same is not None else offered
    by_code = {f"{row.key}@{row.version}": row for row in offered}
    if not by_code:
        raise DomainError("There is no template to draft an agreement on.")
    code = request.form.get("template", "")
    if code not in by_code:
        code = f"{kept.key}@{kept.version}" if kept else next(iter(by_code))
    edition = by_code[code]
    template = row_of(edition)
    base = _base(distributor, agreement, follows, template)
    paper, kinds = edition.paper, texts.kinds(db.session, template)
    may_say = actor().can(P.TEMPLATES_RELEASE)
    terms = [
        entry
        for entry in defaults.terms_of(paper)
        if entry.name not in defaults.ASKED and (may_say or entry.name not in defaults.COUNSEL_ONLY)
    ]
    lacking = {HOLES[hole.name] for hole in register.holes(distributor) if hole.name in HOLES}
    may_mend = actor().can(P.DISTRIBUTORS_WRITE, distributor.region)
    asked = [name for name in FACTS if name in lacking] if may_mend else []
    form = build(
        terms,
        [row.code for row in kinds],
        products=queries.product_choices(db.session, besides=[row.product_id for row in base.prices]),
        templates=[(key, _template_label(row)) for key, row in by_code.items()],
        formdata=request.form if request.method == "POST" else None,
        data=_data(base, code, agreement, kinds),
    )
    for name in FACTS:
        if name not in asked:
            del form[name]
    if request.method == "GET" and not form.prices.entries:
        add_rows(form, base, 3)
    taken = request.form.getlist("theirs")
    return Desk(distributor, agreement, follows, edition, kinds, base, form, asked, taken=taken)


def row_of(edition: templates.Edition) -> Template:
    """The kept row of a text, or one like it that is not kept yet: looking at a form writes nothing."""
    if edition.template is not None:
        return edition.template
    return Template(key=edition.key, version=edition.version, text=edition.text, sha256=edition.sha256)


def _template_label(edition: templates.Edition) -> str:
    if edition.release is not None:
        return name_of(edition)
    return _("%(text)s (not released by counsel yet)", text=name_of(edition))


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


def _data(base: Entry, code: str, agreement: Agreement | None, kinds: Sequence[LibraryRow]) -> dict[str, Any]:
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
        **{f"violation-{row.code}": row.code in chosen for row in kinds},
        **{f"share-{row.code}": chosen.get(row.code, row.share_ppm) for row in kinds},
    }
