"""What every template can say: money, dates, words for codes, the navigation."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from urllib.parse import quote

from babel import dates
from flask import Flask, current_app, g, request
from flask_babel import get_locale, gettext, ngettext
from flask_wtf.csrf import generate_csrf
from markupsafe import Markup
from sqlalchemy.exc import SQLAlchemyError
from wtforms import Form
from wtforms.fields import Field, FieldList, FormField

from portal.db import CHINA, today
from portal.domain.access.roles import Role
from portal.domain.users import services as users
from portal.domain.users.models import User
from portal.extensions import db
from portal.web.access import safe_next, viewer
from portal.web.assets import HTMX_CONFIG, HTMX_FILE, asset, htmx_cdn, htmx_integrity
from portal.web.fund_told import part_word
from portal.web.htmx import wants_fragment
from portal.web.i18n import LANGUAGES, babel
from portal.web.navigation import navigation
from portal.web.tables import remembered
from portal.web.words import badge, badge_of, tone, word


def money(fen: int | None) -> str:
    """Yuan with two decimals and thousands commas, from fen: 1,234.56; a dash when unknown."""
    if fen is None:
        return "—"
    sign = "−" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100:,}.{abs(fen) % 100:02d}"


def percent(ppm: int | None, places: int = 0) -> str:
    """A rate as percent without needless zeros: 3%, 1.25%; with `places` at least so many decimals: 3.00%."""
    if ppm is None:
        return "—"
    whole, part = divmod(ppm, 10_000)
    decimals = f"{part:04d}".rstrip("0").ljust(places, "0")
    return f"{whole}.{decimals}".rstrip(".") + "%"


def day(value: date | None) -> str:
    """2026-11-22, of a date or of an instant in China."""
    if value is None:
        return "—"
    return (value.astimezone(CHINA) if isinstance(value, datetime) else value).isoformat()[:10]


def moment(value: datetime | None) -> str:
    """2026-11-22 09:02, in China."""
    return value.astimezone(CHINA).strftime("%Y-%m-%d %H:%M") if value else "—"


def short_day(value: date) -> str:
    """11-22 within this year, else 2027-01-04."""
    return value.strftime("%m-%d" if value.year == today().year else "%Y-%m-%d")


def short_moment(value: datetime) -> str:
    """11-22 09:02 within this year, else only the day: 2025-12-20; in China."""
    here = value.astimezone(CHINA)
    return here.strftime("%m-%d %H:%M" if here.year == today().year else "%Y-%m-%d")


def clock(value: datetime) -> str:
    """09:02, in China."""
    return value.astimezone(CHINA).strftime("%H:%M")


def weekday(value: date) -> str:
    """星期一, Monday."""
    return str(dates.get_day_names("wide", locale=get_locale())[value.weekday()])


def until(value: date) -> str:
    """How far away a day is, in words: overdue by 3 days, today, 19 days left."""
    days = days_until(value)
    if days < 0:
        return ngettext("%(num)s day overdue", "%(num)s days overdue", -days)
    if days == 0:
        return gettext("today")
    return ngettext("%(num)s day left", "%(num)s days left", days)


def days_until(value: date) -> int:
    """Days from today in China; negative when past."""
    return (value - today()).days


def same_page(**changes: Any) -> str:
    """The address of this page with other query values; None or "" takes one away."""
    values = request.args.to_dict(flat=False)
    for key, value in changes.items():
        values[key] = [] if value in (None, "") else [str(value)]
    pairs = [(key, item) for key, items in values.items() for item in items]
    from_pairs = "&".join(f"{_quote(key)}={_quote(item)}" for key, item in pairs)
    return request.path + ("?" + from_pairs if from_pairs else "")


def query_without(*names: str) -> str:
    """The query of this address without these values, with its question mark; empty when nothing is left."""
    pairs = [(key, item) for key, item in request.args.items(multi=True) if key not in names and item]
    return ("?" + "&".join(f"{_quote(key)}={_quote(item)}" for key, item in pairs)) if pairs else ""


def words_of(codes: Sequence[StrEnum]) -> list[tuple[str, str]]:
    """(code, word) of each, for a choice."""
    return [(code.value, word(code)) for code in codes]


def has_page(endpoint: str) -> bool:
    """Whether this portal has the page."""
    return endpoint in current_app.view_functions


def thousands(number: int) -> str:
    """1,284."""
    return f"{number:,}"


@dataclass(frozen=True)
class Shell:
    """What the frame around a page shows."""

    user: User | None
    office: str
    is_demo: bool
    # Where a change of language leads back to.
    here: str

    @property
    def rights(self) -> tuple[tuple[Role, bool], ...]:
        """All that decides what this user may do somewhere: the roles, and whether for the whole company."""
        grants = self.user.grants if self.user else []
        return tuple((grant.role, grant.region.parent_id is None) for grant in grants)

    @property
    def searches(self) -> bool:
        """Whether there is something this user may search."""
        return self.user is not None and has_page("search.index")


def shell() -> Shell:
    """The frame of this request; a bare one when the database does not answer, so that the error shows."""
    if request.method == "GET":
        here = safe_next(request.full_path.rstrip("?"))
    else:
        here = safe_next((request.referrer or "/").removeprefix(request.host_url.rstrip("/")))
    if g.get("without_database"):
        return Shell(None, "", False, here)
    try:
        user = viewer()
        home = user.home if user else None
        office = ""
        if home is not None:
            office = f"{home.parent.name} · {home.name}" if home.depth > 1 and home.parent else home.name
        return Shell(user, office, _is_demo(), here)
    except SQLAlchemyError:
        db.session.rollback()
        return Shell(None, "", False, here)


def csrf_field() -> Markup:
    """The hidden field that a form of ours is told by; the same in all forms of one page."""
    if "csrf_field" not in g:
        g.csrf_field = Markup('<input type="hidden" name="csrf_token" value="{}">').format(generate_csrf())
    field: Markup = g.csrf_field
    return field


def _is_demo() -> bool:
    return remembered(db.session, lambda: users.has_demo(db.session), key="demo")


def error_list(form: Form) -> list[tuple[str, str, str]]:
    """(id, label, text) of everything refused in a form, its rows and parts included, in the form's order."""
    found = [("", "", str(text)) for text in form.form_errors]
    for field in form:
        found += _errors_of(field)
    return found


def _errors_of(field: Field) -> Iterator[tuple[str, str, str]]:
    if isinstance(field, FormField):
        yield from error_list(field.form)
    elif isinstance(field, FieldList):
        for entry in field.entries:
            yield from _errors_of(entry)
        yield from ((field.id, str(field.label.text), str(e)) for e in field.errors if isinstance(e, str))
    else:
        yield from ((field.id, str(field.label.text), str(error)) for error in field.errors)


def error_text(errors: Sequence[object]) -> str:
    """The refusals of one field as a line."""
    between = "" if str(get_locale()).startswith("zh") else " "
    return between.join(str(error) for error in errors)


def _quote(text: str) -> str:
    return quote(text, safe="")


# The folders of what everybody opens every day; the others are compiled by the worker that first shows them.
_DAILY = ("auth/", "components/", "distributors/", "search/", "workbench/")


def load_daily(app: Flask) -> None:
    """Read the catalogues and compile the daily pages' templates now: what is loaded before the workers are forked
    lies in memory once, and the first page of the day comes as quickly as the second.
    """
    for language in LANGUAGES:
        babel.catalogues.of(language)
    for name in app.jinja_env.list_templates():
        if name.startswith(_DAILY) or "/" not in name:
            app.jinja_env.get_template(name)


def init_app(app: Flask) -> None:
    """Register filters and globals."""
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(
        money=money,
        percent=percent,
        day=day,
        moment=moment,
        word=word,
        part_word=part_word,
        thousands=thousands,
        short_day=short_day,
        short_moment=short_moment,
        clock=clock,
        error_text=error_text,
    )
    app.jinja_env.globals.update(
        asset=asset,
        htmx_cdn=htmx_cdn,
        htmx_file=HTMX_FILE,
        htmx_integrity=htmx_integrity,
        htmx_config=HTMX_CONFIG,
        error_list=error_list,
        query_without=query_without,
        words_of=words_of,
        is_fragment=wants_fragment,
        has_page=has_page,
        weekday=weekday,
        until=until,
        shell=shell,
        csrf_field=csrf_field,
        tone=tone,
        badge_of=badge_of,
        status_badge=badge,
        navigation=navigation,
        same_page=same_page,
        days_until=days_until,
        today=today,
        tr=gettext,
    )
