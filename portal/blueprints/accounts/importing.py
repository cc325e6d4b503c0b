"""Importing the accounts of a quarter: the pages of their lists."""

from collections.abc import Callable
from typing import Any

from flask import request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from wtforms import SelectField
from wtforms.fields.choices import SelectChoice

from portal.blueprints.accounts import bp
from portal.db import today
from portal.domain.access.roles import Permission as P
from portal.domain.price_protection.funds.quarters import Calendar
from portal.domain.price_protection.receivables.importing.files import ACCOUNTS, for_quarter
from portal.domain.price_protection.receivables.models import AccountImport
from portal.jobs import start
from portal.web.access import requires
from portal.web.htmx import leave
from portal.web.import_pages import HandInForm, ImportPages

_OFFERED = 8


def ended_quarters() -> list[str]:
    """The quarters that ended last by the calendar year, the latest first."""
    calendar = Calendar()
    here, found = calendar.of(today()), []
    for _ in range(_OFFERED):
        here = calendar.preceding(here)
        found.append(str(here))
    return found


@bp.get("/")
@requires(P.FUNDS_READ)
def index() -> ResponseReturnValue:
    """The accounts of the quarter that ended last."""
    return leave(url_for("quarters.accounts", name=ended_quarters()[0]))


class QuarterForm(FlaskForm):
    """The quarter of the whole list."""

    quarter = SelectField(_l("Quarter"))

    def offer(self, besides: str = "") -> None:
        """Fill in the quarters, the latest chosen; `besides` is one that is asked for and may be older."""
        names = ended_quarters()
        if besides and besides not in names:
            names.append(besides)
        self.quarter.choices = [SelectChoice(name, name) for name in names]
        self.quarter.data = self.quarter.data or besides or names[0]


class AccountHandInForm(QuarterForm, HandInForm):
    """The list itself, and its quarter."""


class AccountPages(ImportPages[AccountImport]):
    """The quarter is chosen for the whole list."""

    lists = ACCOUNTS
    sheet = _l("Account reconciliation")
    template = _l("Account reconciliation template")

    def hand_in_form(self) -> AccountHandInForm:
        """The list itself, and its quarter; the address may say which."""
        form, wanted = AccountHandInForm(), request.args.get("quarter", "")
        form.offer(wanted if wanted in ended_quarters() else "")
        return form

    def choices_form(self) -> QuarterForm:
        """The quarter."""
        form = QuarterForm()
        form.offer()
        return form

    def chosen_form(self, file: AccountImport) -> QuarterForm:
        """The same form as the list was last planned."""
        form = QuarterForm(formdata=None, data={"quarter": file.quarter})
        form.offer(file.quarter)
        return form

    def choose(self, form: QuarterForm) -> Callable[[AccountImport], None]:
        """What writes the quarter down with the list."""
        return for_quarter(form.quarter.data or "")

    def context(self, file: AccountImport, _report: Any) -> dict[str, Any]:
        """The way to the quarter's accounts."""
        return {"accounts_url": url_for("quarters.accounts", name=file.quarter) if file.quarter else ""}


AccountPages(start).register(bp)
