"""The trail of an agreement, an amendment, a notice or a statement, 用印 → 寄出 → 寄回 → 归档, on its page."""

from dataclasses import dataclass
from typing import Any

from flask import g
from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup

from portal.blueprints.papers import bp
from portal.db import today
from portal.domain.access.roles import Permission as P
from portal.domain.price_protection.closing.models import Statement
from portal.domain.price_protection.deeds import base
from portal.domain.price_protection.deeds.base import AnyDeed
from portal.domain.price_protection.models import Agreement
from portal.domain.price_protection.payload import current_paper
from portal.domain.price_protection.trail.models import AnyPaper, PaperKind, Seal, Stage
from portal.domain.price_protection.trail.originals import Original, known
from portal.domain.price_protection.trail.out import with_days_out
from portal.extensions import db
from portal.web.access import actor
from portal.web.originals import original_page
from portal.web.templating import day
from portal.web.trail_words import stage_tone, stage_word
from portal.web.words import badge_of

bp.add_app_template_global(original_page)


bp.add_app_template_global(stage_word)


@bp.app_template_global("stage_badge")
def stage_badge(stage: Stage, kind: PaperKind) -> Markup:
    """Where an original stands, as a badge; a notice is served where others come back."""
    return badge_of(stage_word(stage, kind), stage_tone(stage))


@dataclass(frozen=True)
class Trail:
    """What the page shows: the original, four stops, and what this user may do next."""

    original: Original
    stops: list[tuple[str, str, str]]
    may_ask: bool
    may_handle: bool
    can_ask: bool
    can_pack: bool
    can_take_back: bool
    can_file: bool
    # For how many days the original has been out; None when it is not (trail.out).
    days_out: int | None

    @property
    def is_not_back(self) -> bool:
        """Whether the original is not back yet."""
        return self.days_out is not None


@bp.app_template_global("trail_of")
def trail_of(subject: Agreement | AnyDeed | Statement) -> Trail | None:
    """The trail of the original in force; None while there is none. A page may ask again: it is found out once."""
    known_here: dict[Any, Trail | None] = g.setdefault("trails", {})
    if subject not in known_here:
        known_here[subject] = _found(subject)
    return known_here[subject]


def _found(subject: Agreement | AnyDeed | Statement) -> Trail | None:
    paper: AnyPaper | None
    if isinstance(subject, Agreement):
        paper, agreement = current_paper(subject), subject
    elif isinstance(subject, Statement):
        paper, agreement = (subject if subject.document_id else None), subject.agreement
    else:
        paper, agreement = base.current_paper(subject), subject.agreement
    if paper is None:
        return None
    trail, days = with_days_out(db.session, paper)
    (original,) = known(db.session, [trail])
    if not original.is_binding:
        return None
    me = actor()
    return Trail(
        original,
        _stops(original),
        may_ask=me.can(P.AGREEMENTS_WRITE, agreement.region),
        may_handle=me.can(P.PAPERS_HANDLE, agreement.region),
        can_ask=original.why_not_seal(Seal.CONTRACT) is None,
        can_pack=original.why_not_pack() is None,
        can_take_back=original.why_not_back() is None,
        can_file=original.why_not_file() is None,
        days_out=days,
    )


def _stops(original: Original) -> list[tuple[str, str, str]]:
    trail = original.trail
    sealed = sent = back = ""
    if trail.sealed_on:
        sealed = _("%(day)s, %(copies)s copies", day=day(trail.sealed_on), copies=trail.sealed_copies)
    if trail.sent_on:
        sent = _("%(day)s, %(copies)s copies", day=day(trail.sent_on), copies=trail.sent_copies)
    if trail.back_on and not (original.comes_back and trail.back_copies):
        back = day(trail.back_on)
    elif trail.back_on:
        back = _("%(day)s, %(copies)s copies", day=day(trail.back_on), copies=trail.back_copies)
    elif trail.stage is Stage.SENT and trail.sent_on:
        gone = (today() - trail.sent_on).days
        back = ngettext("%(num)s day out", "%(num)s days out", gone)
    here = {
        Stage.NONE: 0,
        Stage.ASKED: 0,
        Stage.TO_SEAL: 0,
        Stage.SEALED: 1,
        Stage.PACKED: 1,
        Stage.SENT: 2,
        Stage.BACK: 3,
        Stage.FILED: 4,
    }[original.stage]
    if original.is_statement and original.stage is Stage.NONE:
        here = 1  # its seal is put on with its sending
    if original.is_concluded and original.stage is Stage.NONE:
        here = 3  # signed at the table, or served by hand: only its cabinet is left
    third = _("Return") if original.comes_back else _("Service")
    names = (_("Sealing"), _("Sending"), third, _("Filing"))
    done = (sealed, sent, back, trail.cabinet)
    # What was signed at the table was never sent: a stop counts as done where something happened.
    return [
        (name, note, "now" if place == here else "done" if place < here and note else "")
        for place, (name, note) in enumerate(zip(names, done, strict=True))
    ]
