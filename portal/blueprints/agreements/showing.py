"""Showing an agreement's form, with the paper as it stands beside it."""

from dataclasses import dataclass, field
from typing import Any

from flask import Response
from flask_babel import gettext as _
from markupsafe import Markup

from portal.blueprints.agreements import words
from portal.blueprints.agreements.desk import Desk, row_of
from portal.blueprints.agreements.differences import shown
from portal.blueprints.agreements.rows import hints
from portal.blueprints.agreements.saving import entry_from
from portal.domain.access.roles import Permission as P
from portal.domain.errors import DomainError
from portal.domain.papers.registry import PLACEHOLDERS
from portal.domain.papers.values import Whole
from portal.domain.price_protection import defaults, drafting, texts
from portal.domain.price_protection.payload import live_payload
from portal.domain.price_protection.problems import Problem, obstacles, problems_of
from portal.domain.price_protection.under_way import amendments_under_way, notice
from portal.domain.settings.catalogue import GROUPS
from portal.extensions import db
from portal.printing.agreement import render_agreement_html
from portal.web.access import actor
from portal.web.htmx import render, say, wants_fragment
from portal.web.template_words import title_of

# On paper, which is Chinese, until saving gives the number.
NUMBER_TO_COME = "（保存时编号）"


@dataclass(frozen=True)
class Preview:
    """The paper as the form stands, with what is missing; or why it cannot even be shown."""

    paper: Markup | None = None
    problems: list[Problem] = field(default_factory=list)
    obstacles: list[Problem] = field(default_factory=list)
    refusal: str = ""


def _preview(desk: Desk) -> Preview:
    """The paper as the form stands, and what still keeps it from being printed; nothing is written."""
    template = row_of(desk.edition)
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


def under_way(earlier_id: int | None) -> str:
    """What to know of an amendment of the old agreement that is not signed yet; empty when there is none."""
    found = amendments_under_way(db.session, [earlier_id]) if earlier_id is not None else {}
    return say(notice(found[earlier_id])) if earlier_id is not None and earlier_id in found else ""


def show(desk: Desk, *, fragment: str | None = None) -> Response:
    """The form with the paper beside it; the paper alone when htmx asks for it."""
    values = {**defaults.default_values(db.session, desk.distributor.region), **desk.base.values}
    names = [entry.name for entry in defaults.inputs_of(desk.edition.paper)]
    return render(
        "agreements/form.html",
        fragment=fragment,
        # What the paper alone brings along for the form; within the whole page htmx would look for it too early.
        is_alone=fragment is not None and wants_fragment(),
        form=desk.form,
        desk=desk,
        preview=_preview(desk),
        back=words.last_turn(desk.agreement) if desk.agreement else None,
        held_back=[(title_of(row), row.version, _(reason)) for row, reason in texts.held_back(db.session)],
        groups=_groups(desk),
        limits=_limits(desk),
        under_way=under_way(_earlier_id(desk)),
        company=_stated(values, [name for name in names if name.startswith("manufacturer_")]),
        counsels=_stated(
            values, [name for name in names if name in defaults.COUNSEL_ONLY and name not in desk.form]
        ),
        party_b=_stated(
            defaults.distributor_values(desk.distributor),
            [name for name in names if name.startswith("distributor_") and name not in desk.asked],
        ),
        hints=hints(desk.form),
        library=desk.kinds,
        has_approved=drafting.has_approved_price(db.session, entry_from(desk, 0)),
        may_set=actor().can(P.SETTINGS_READ),
    )


def _earlier_id(desk: Desk) -> int | None:
    """The agreement that this one renews."""
    if desk.follows is not None:
        return desk.follows.id
    return desk.agreement.follows_id if desk.agreement is not None else None


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
