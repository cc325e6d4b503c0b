"""What every template can say: money, dates, words for codes, the navigation."""

from datetime import date, datetime
from typing import Any
from urllib.parse import quote

from flask import Flask, request
from flask_babel import gettext

from portal.db import CHINA, today
from portal.web.assets import HTMX_FILE, asset, htmx_cdn
from portal.web.navigation import navigation
from portal.web.words import word


def money(fen: int | None) -> str:
    """Yuan with two decimals and thousands commas, from fen: 1,234.56; a dash when unknown."""
    if fen is None:
        return "—"
    sign = "−" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100:,}.{abs(fen) % 100:02d}"


def percent(ppm: int | None) -> str:
    """A rate as percent without needless zeros: 3%, 1.25%."""
    if ppm is None:
        return "—"
    whole, part = divmod(ppm, 10_000)
    return f"{whole}.{part:04d}".rstrip("0").rstrip(".") + "%"


def day(value: date | None) -> str:
    """2026-11-22, of a date or of an instant in China."""
    if value is None:
        return "—"
    return (value.astimezone(CHINA) if isinstance(value, datetime) else value).strftime("%Y-%m-%d")


def moment(value: datetime | None) -> str:
    """2026-11-22 09:02, in China."""
    return value.astimezone(CHINA).strftime("%Y-%m-%d %H:%M") if value else "—"


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


def _quote(text: str) -> str:
    return quote(text, safe="")


def init_app(app: Flask) -> None:
    """Register filters and globals."""
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.jinja_env.filters.update(money=money, percent=percent, day=day, moment=moment, word=word)
    app.jinja_env.globals.update(
        asset=asset,
        htmx_cdn=htmx_cdn,
        htmx_file=HTMX_FILE,
        navigation=navigation,
        same_page=same_page,
        days_until=days_until,
        today=today,
        tr=gettext,
    )
