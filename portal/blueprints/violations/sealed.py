"""What is sealed, shown to named investigators: every look is an act of its own, and on record."""

from datetime import datetime

from flask import request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from portal.blueprints.violations import bp
from portal.blueprints.violations.forms import ExclusionForm, SourceForm
from portal.blueprints.violations.loading import case_of, done, unkept
from portal.db import CHINA
from portal.domain.access.roles import Permission as P
from portal.domain.price_protection.violations import reporters
from portal.domain.price_protection.violations.reporters import Exclusion
from portal.extensions import db
from portal.web.access import actor, requires
from portal.web.htmx import render, submit
from portal.web.requests import CASE_CODE
from portal.web.vault import vault


@bp.post(f"/<{CASE_CODE}:code>/source")
@requires(P.CASES_INVESTIGATE)
def source(code: str) -> ResponseReturnValue:
    """Show who reported and what they said; a post, since the look itself is written down."""
    case = case_of(code, P.CASES_INVESTIGATE)
    found = submit(None, lambda: reporters.look(db.session(), vault(), actor(), case))
    assert found is not None
    return unkept(
        render(
            "violations/source.html",
            case=case,
            reporter=found,
            names=reporters.names(db.session(), found),
            taken_on=datetime.fromisoformat(found.taken_at).astimezone(CHINA).date()
            if found.taken_at
            else "",
            excluded=reporters.excluded(db.session(), case, found),
            form=SourceForm(
                formdata=None, data={"name": found.name, "phone": found.phone, "account": found.account}
            ),
            exclusion=ExclusionForm(
                formdata=None,
                data={"ground": found.exclusion or "", "reason": found.exclusion_reason},
            ),
        )
    )


@bp.post(f"/<{CASE_CODE}:code>/source/facts")
@requires(P.CASES_INVESTIGATE)
def source_facts(code: str) -> ResponseReturnValue:
    """Enter what was learnt of the reporter."""
    case, form = case_of(code, P.CASES_INVESTIGATE), SourceForm()
    return done(
        case,
        lambda: reporters.complete(
            db.session(),
            vault(),
            actor(),
            case,
            name=form.name.data or "",
            phone=form.phone.data or "",
            account=form.account.data or "",
        ),
        _("Saved and sealed."),
    )


@bp.post(f"/<{CASE_CODE}:code>/source/exclusion")
@requires(P.CASES_INVESTIGATE)
def exclusion(code: str) -> ResponseReturnValue:
    """Declare that the reporter may receive no award, or take that back."""
    case = case_of(code, P.CASES_INVESTIGATE)
    ground, reason = request.form.get("ground", ""), request.form.get("reason", "")
    chosen = Exclusion(ground) if ground in list(Exclusion) else None
    return done(
        case,
        lambda: reporters.exclude(db.session(), vault(), actor(), case, chosen, reason),
        _("Saved and sealed."),
    )
