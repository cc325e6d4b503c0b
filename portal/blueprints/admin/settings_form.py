"""The settings of a node as a form: one entry a placeholder, each with its default and its limits."""

import json
from dataclasses import dataclass
from typing import Any

from flask_babel import get_locale
from flask_babel import gettext as _
from flask_wtf import FlaskForm
from wtforms import HiddenField, SelectField
from wtforms.fields import Field
from wtforms.fields.choices import SelectChoice

from portal.domain.money import figures
from portal.domain.papers.fill import is_empty
from portal.domain.papers.values import Choice, Figures, Percent, Raw, Text, Whole, percent
from portal.domain.settings.catalogue import COMPANY, ENTRIES, GROUPS, Entry, Group
from portal.web.fields import LineField


@dataclass(frozen=True)
class Line:
    """One setting on the page; `field` is None where this user only reads it."""

    entry: Entry
    field: Field | None
    value: str
    default: str
    limits: str
    is_own: bool
    is_hole: bool


def typed(entry: Entry, value: Raw | None) -> str:
    """A stored value as a person types it."""
    if value is None or is_empty(value):
        return ""
    if isinstance(entry.placeholder.kind, Percent):
        return percent(int(value))
    if isinstance(entry.placeholder.kind, Figures):
        return figures(int(value))
    return str(value)


def limits(entry: Entry, *, in_working_days: bool) -> str:
    """What the entry takes, in words; empty where there is nothing to say."""
    kind = entry.placeholder.kind
    if isinstance(kind, Whole):
        units = {
            "days": _("working days") if in_working_days else _("days"),
            "months": _("months"),
            "years": _("years"),
        }
        return _("%(low)s to %(high)s %(unit)s", low=kind.low, high=kind.high, unit=units.get(kind.unit, ""))
    if isinstance(kind, Percent):
        return _("%(low)s to %(high)s", low=percent(kind.low_ppm), high=percent(kind.high_ppm))
    if isinstance(kind, Text):
        return _("at most %(limit)s characters", limit=kind.limit)
    return ""


def groups(is_root: bool) -> list[Group]:
    """The groups of a page: all at the head office, the company elsewhere."""
    return [group for group in GROUPS if is_root or group.key == COMPANY]


def form_class(names: list[str]) -> type[FlaskForm]:
    """A form of these settings; `seen` carries what the node said when the form was opened."""
    fields: dict[str, Any] = {"seen": HiddenField()}
    for name in names:
        placeholder = ENTRIES[name].placeholder
        label = _(placeholder.label)
        if isinstance(placeholder.kind, Choice):
            choices = [
                SelectChoice(chinese, _both(chinese, english))
                for chinese, english in placeholder.kind.choices
            ]
            fields[name] = SelectField(label, choices=choices, validate_choice=False)
        else:
            fields[name] = LineField(label, render_kw={"lang": "en"} if name.endswith("_en") else None)
    return type("SettingsForm", (FlaskForm,), fields)


def shown(name: str, own: dict[str, Any], defaults: dict[str, Any]) -> str:
    """What stands in the box: what the node says, else the default that holds."""
    return typed(ENTRIES[name], own.get(name)) or typed(ENTRIES[name], defaults.get(name))


def said(form: FlaskForm, seen: dict[str, Any], defaults: dict[str, Any]) -> dict[str, str | None]:
    """What the form says otherwise than it showed; a default typed again takes the node's own word back."""
    found: dict[str, str | None] = {}
    for field in form:
        if field.name not in ENTRIES or not field.raw_data or field.data == shown(field.name, seen, defaults):
            continue
        is_default = field.data == typed(ENTRIES[field.name], defaults.get(field.name))
        found[field.name] = None if is_default else field.data
    return found


def _both(chinese: str, english: str) -> str:
    return chinese if str(get_locale()).startswith("zh") else f"{chinese} ({english})"


def packed(own: dict[str, Any]) -> str:
    """What the node says, to travel with the form."""
    return json.dumps(own, ensure_ascii=False, sort_keys=True)


def unpacked(text: str) -> dict[str, Any]:
    """What the form says it saw; nothing when it was tampered with."""
    try:
        seen = json.loads(text)
    except ValueError:
        return {}
    return seen if isinstance(seen, dict) else {}
